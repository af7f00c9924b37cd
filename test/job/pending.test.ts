import { rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { recordPath } from '../../src/job/folders.js'
import { newJobId, type JobId } from '../../src/job/id.js'
import { createPending } from '../../src/job/pending.js'
import { makeFolders } from './place.js'

async function place() {
  const folders = await makeFolders()
  let nowMs = 0
  const pending = createPending(folders, () => nowMs)
  let seconds = 0
  const id = (about: string): JobId => newJobId(about, new Date(Date.UTC(2026, 10, 22) + 1000 * (seconds += 1)))
  return { folders, pending, id, wait: (ms: number) => (nowMs += ms) }
}

it('knows what waits and runs, newest first, from the files that an earlier process left', async () => {
  const { folders, pending, id } = await place()
  const [waits, runs, other] = [id('shop-7'), id('shop-7'), id('shop-70')]
  for (const one of [waits, other]) await writeFile(recordPath(folders, 'queued', one), '')
  await writeFile(recordPath(folders, 'active', runs), '')
  await writeFile(recordPath(folders, 'done', id('shop-7')), '')
  await writeFile(join(folders.inbox, 'shop-7.yaml'), '')
  expect(await pending.about('shop-7')).toEqual([runs, waits])
  expect(await pending.about('shop')).toEqual([])
  expect(await pending.queued()).toBe(2)
})

it('sees a job of this process at once, also one that is noted while the folders are read', async () => {
  const { folders, pending, id } = await place()
  expect(await pending.about('a')).toEqual([])
  const first = id('a')
  await writeFile(recordPath(folders, 'queued', first), '')
  pending.note(first)
  expect(await pending.about('a')).toEqual([first])
  const another = createPending(folders)
  const asked = another.about('a')
  const meanwhile = id('a')
  another.note(meanwhile)
  expect(await asked).toEqual([meanwhile, first])
  expect(await another.queued()).toBe(2)
})

it('sees what others do within a second', async () => {
  const { folders, pending, id, wait } = await place()
  const [gone, moved, late] = [id('a'), id('a'), id('a')]
  for (const one of [gone, moved]) await writeFile(recordPath(folders, 'queued', one), '')
  expect(await pending.about('a')).toEqual([moved, gone])
  await unlink(recordPath(folders, 'queued', gone))
  await rename(recordPath(folders, 'queued', moved), recordPath(folders, 'active', moved))
  await writeFile(recordPath(folders, 'queued', late), '')
  wait(999)
  expect(await pending.about('a')).toEqual([moved, gone])
  wait(1)
  expect(await pending.about('a')).toEqual([late, moved])
})

it('tells of a folder that can not be read, and reads it once it can', async () => {
  const { folders, pending, id } = await place()
  await rename(folders.inbox, `${folders.inbox}-away`)
  await expect(pending.about('a')).rejects.toMatchObject({ code: 'ENOENT' })
  pending.note(id('a'))
  await rename(`${folders.inbox}-away`, folders.inbox)
  expect(await pending.about('a')).toEqual([])
})
