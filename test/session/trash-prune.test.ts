import { access, chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { parseJobId } from '../../src/job/id.js'
import { endSession } from '../../src/session/end.js'
import { parseSessionName } from '../../src/session/name.js'
import { listTrash, type TrashEntry } from '../../src/session/trash-list.js'
import { expired, isShort, removeForGood } from '../../src/session/trash-prune.js'
import { bindMount } from '../support/mount.js'
import { startLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })
const dayMs = 24 * 60 * 60 * 1000

async function trashed(lab: Lab): Promise<TrashEntry & { readonly copy: string }> {
  await lab.build()
  const name = parseSessionName('shop-dev')
  if (name === undefined) throw new Error('no name')
  await endSession({ name, why: 'the test', keep: false, again: false }, lab.workshop.tools)
  const [entry] = await listTrash(lab.workshop.tools)
  if (entry?.copy === undefined || entry.copy === null) throw new Error('it is not in the trash')
  return { ...entry, copy: entry.copy }
}

describe('what goes', () => {
  const now = new Date('2026-11-23T12:00:00.000Z')
  const entry = (days: number) => {
    const id = parseJobId(`20261101T000000000Z-shop-00000000000000${days.toString().padStart(2, '0')}`)
    return { id, removedAt: new Date(now.getTime() - days * dayMs) } as unknown as TrashEntry
  }

  test('is what has been there for too long; with 0 days, nothing', () => {
    const entries = [entry(1), entry(13), entry(15)]
    expect(expired(entries, 14, now)).toEqual([entries[2]])
    expect(expired(entries, 0, now)).toEqual([])
    // A clock that was set back removes nothing.
    expect(expired(entries, 14, new Date(0))).toEqual([])
  })

  test.each([
    [100, 1, true],
    [100, 3, false],
    // On a small disk a tenth of it is enough.
    [10, 0.9, true],
    [10, 1.1, false],
  ])('a disk of %s GiB with %s free is short: %s', (size, free, short) => {
    const gib = 1024 ** 3
    expect(isShort({ size: size * gib, free: free * gib }, 2)).toBe(short)
    expect(isShort({ size: size * gib, free: 0 }, 0)).toBe(false)
  })
})

test('a session is removed for good: working copy, its own files, its record', async () => {
  const lab = await startLab()
  const entry = await trashed(lab)
  const folder = join(entry.copy, 'module', 'cache')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'file'), '')
  await chmod(folder, 0o500)
  await removeForGood(entry, lab.workshop.tools)
  expect(await readdir(join(lab.folder, 'projects'))).toEqual([])
  expect(await readdir(lab.workshop.home.trash)).toEqual([])
})

test('what is mounted in it is never removed', async (context) => {
  const lab = await startLab()
  const entry = await trashed(lab)
  const data = join(lab.folder, 'data')
  const at = join(entry.copy, 'data here')
  for (const one of [data, at]) await mkdir(one)
  await writeFile(join(data, 'thesis.txt'), 'years of work')
  const refusal = await bindMount(data, at)
  if (refusal !== undefined) context.skip(refusal)
  await expect(removeForGood(entry, lab.workshop.tools)).rejects.toThrow(/data here is mounted in it; unmount it/)
  await access(join(data, 'thesis.txt'))
  await access(join(entry.copy, 'README.md'))
})

test('one whose removal was cut off is not brought back, and goes the next time', async () => {
  const lab = await startLab()
  const entry = await trashed(lab)
  const broken = { ...lab.workshop.tools, home: { ...lab.workshop.home, trash: join(lab.folder, 'nowhere') } }
  await expect(removeForGood(entry, broken)).rejects.toThrow(/ENOENT/)
  const [again] = await listTrash(lab.workshop.tools)
  expect(again).toMatchObject({ id: entry.id, copy: null })
  if (again !== undefined) await removeForGood(again, lab.workshop.tools)
  expect(await listTrash(lab.workshop.tools)).toEqual([])
})

test('a record that is damaged, or another session’s, is passed over', async () => {
  const lab = await startLab()
  const entry = await trashed(lab)
  const { trash } = lab.workshop.home
  await writeFile(join(trash, '20261123T000000000Z-shop-0123456789abcdef.yaml'), 'name: shop-dev\n')
  await writeFile(join(trash, 'not-a-job.yaml'), '')
  expect((await listTrash(lab.workshop.tools)).map(({ id }) => id)).toEqual([entry.id])
})
