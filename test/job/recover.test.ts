import { link, mkdir, readFile, rename, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { claimedPath, rawPath, recordPath, type SpoolFolders } from '../../src/job/folders.js'
import { newJobId, type JobId } from '../../src/job/id.js'
import { formatRecord, type JobRecord } from '../../src/job/record.js'
import { createSpool } from '../../src/job/spool.js'
import { allFiles, created, failure, httpOrigin, jobText, makeFolders, makeJob } from './place.js'

const moment = new Date('2026-11-22T21:04:31.123Z')

/** What a daemon that was killed between two system calls left, by the name of the last call it made. */
interface Place {
  readonly folders: SpoolFolders
  readonly id: JobId
  readonly record: JobRecord
  readonly queued: string
  readonly claimed: string
  readonly active: string
  readonly done: string
  readonly failed: string
  readonly raw: string
}

async function makePlace(): Promise<Place> {
  const folders = await makeFolders()
  const id = newJobId('a', moment)
  const at = (state: 'queued' | 'active' | 'done' | 'failed') => recordPath(folders, state, id)
  const nothing = { retryOf: undefined, file: undefined, result: undefined }
  const record = { id, job: makeJob(), origin: httpOrigin, receivedAt: moment.toISOString(), attempts: 0, ...nothing }
  return {
    ...{ folders, id, record, raw: rawPath(folders, id), claimed: claimedPath(folders, id, `${id}.yaml`) },
    ...{ queued: at('queued'), active: at('active'), done: at('done'), failed: at('failed') },
  }
}

const put = (path: string, record: JobRecord) => writeFile(path, formatRecord(record))
const half = 'project_name: a\nrepo_ur'

describe('cut off while a job was dropped', () => {
  it('after the temporary file: it was not acknowledged, and is swept', async () => {
    const { folders, id } = await makePlace()
    // The largest process id of Linux is 2^22.
    await writeFile(join(folders.inbox, `.${id}.yaml.4194305.0123456789ab.tmp`), half)
    const { interrupted, troubles } = await createSpool(folders).recover()
    expect([interrupted, troubles, await allFiles(folders)]).toEqual([[], [], []])
  })

  it('after the link, before the temporary name went: the job stands', async () => {
    const { folders, id, record, queued } = await makePlace()
    await put(queued, record)
    await link(queued, join(folders.inbox, `.${id}.yaml.4194305.0123456789ab.tmp`))
    await createSpool(folders).recover()
    expect(await allFiles(folders)).toEqual([`inbox/${id}.yaml`])
  })

  it('while another process drops one: that one is left alone', async () => {
    const { folders } = await makePlace()
    const name = `.x.yaml.${process.ppid.toString()}.0123456789ab.tmp`
    await writeFile(join(folders.inbox, name), half)
    await createSpool(folders).recover()
    expect(await allFiles(folders)).toEqual([`inbox/${name}`])
  })

  it('by a process with the same id, as in a container: what is older than this one is swept', async () => {
    const { folders } = await makePlace()
    const name = (random: string) => `.x.yaml.${process.pid.toString()}.${random}.tmp`
    await writeFile(join(folders.active, name('0123456789ab')), half)
    await utimes(join(folders.active, name('0123456789ab')), moment, new Date(0))
    await writeFile(join(folders.active, name('ba9876543210')), half)
    await createSpool(folders).recover()
    expect(await allFiles(folders)).toEqual([`active/${name('ba9876543210')}`])
  })
})

describe('cut off while a job was claimed', () => {
  it('after the rename: the claim is completed, with no attempt counted yet', async () => {
    const { folders, id, record, claimed } = await makePlace()
    await put(claimed, record)
    const { interrupted } = await createSpool(folders).recover()
    expect(interrupted).toMatchObject([{ id, attempts: 0, origin: httpOrigin }])
    expect(await allFiles(folders)).toEqual([`active/${id}.yaml`])
  })

  it('after the rename of a file dropped by hand: the same', async () => {
    const { folders, id } = await makePlace()
    await writeFile(claimedPath(folders, id, 'my job.yaml'), `# mine\n${jobText}`)
    const { interrupted } = await createSpool(folders).recover()
    expect(interrupted).toMatchObject([{ id, attempts: 0, job: makeJob(), origin: { kind: 'file' } }])
    expect(await readFile(recordPath(folders, 'active', id), 'utf8')).toMatch(/^# mine\n/)
  })

  it('after the rename of an earlier record: a new job, once', async () => {
    const { folders, id, record, claimed } = await makePlace()
    await put(claimed, { ...record, attempts: 3, result: failure })
    const { interrupted } = await createSpool(folders).recover()
    expect(interrupted).toMatchObject([{ retryOf: id, attempts: 0, result: undefined }])
    expect(await allFiles(folders)).toEqual([`active/${String(interrupted[0]?.id)}.yaml`])
  })

  it('after the record was published, before the claimed file went: one job', async () => {
    const { folders, id, record, claimed, active } = await makePlace()
    await put(claimed, record)
    await put(active, { ...record, attempts: 1 })
    const { interrupted } = await createSpool(folders).recover()
    expect(interrupted).toMatchObject([{ id, attempts: 1 }])
    expect(await allFiles(folders)).toEqual([`active/${id}.yaml`])
  })

  it.each(['done', 'failed'] as const)(
    'and the claimed file came back with the power, after it rested in %s',
    async (state) => {
      const { folders, id, record, claimed, ...place } = await makePlace()
      await put(claimed, record)
      await put(place[state], { ...record, attempts: 1, result: state === 'done' ? created : failure })
      expect((await createSpool(folders).recover()).interrupted).toEqual([])
      expect((await allFiles(folders)).filter((file) => !file.endsWith('.raw'))).toEqual([`${state}/${id}.yaml`])
    },
  )

  it('after the rename of a file that is no job: it is refused', async () => {
    const { folders, id } = await makePlace()
    await writeFile(claimedPath(folders, id, 'a.yaml'), half)
    expect((await createSpool(folders).recover()).interrupted).toEqual([])
    expect(await allFiles(folders)).toEqual([`failed/${id}.raw`, `failed/${id}.yaml`])
    expect(await readFile(rawPath(folders, id), 'utf8')).toBe(half)
  })

  it('after the reason was published, before the refused file followed', async () => {
    const { folders, raw } = await makePlace()
    const spool = createSpool(folders)
    await writeFile(join(folders.inbox, 'a.yaml'), half)
    const claim = await spool.claim('a.yaml')
    if (claim.kind !== 'rejected') throw new Error(claim.kind)
    await rename(rawPath(folders, claim.id), claimedPath(folders, claim.id, 'a.yaml'))
    expect((await spool.recover()).interrupted).toEqual([])
    expect(await allFiles(folders)).toEqual([`failed/${claim.id}.raw`, `failed/${claim.id}.yaml`])
    expect(raw).not.toBe(rawPath(folders, claim.id))
  })
})

describe('cut off while a job was worked on', () => {
  it('during an attempt: it is begun again', async () => {
    const { folders, id, record, active } = await makePlace()
    await put(active, { ...record, attempts: 2 })
    const spool = createSpool(folders)
    const { interrupted } = await spool.recover()
    expect(interrupted).toMatchObject([{ id, attempts: 2 }])
    expect((await spool.recover()).interrupted).toEqual(interrupted)
  })

  it('and its record was damaged: it is refused and kept', async () => {
    const { folders, id, active, raw } = await makePlace()
    await writeFile(active, half)
    expect((await createSpool(folders).recover()).interrupted).toEqual([])
    expect(await allFiles(folders)).toEqual([`failed/${id}.raw`, `failed/${id}.yaml`])
    expect(await readFile(raw, 'utf8')).toBe(half)
  })
})

describe.each([
  ['done', created],
  ['failed', failure],
] as const)('cut off while a job was settled into %s', (state, result) => {
  it('after the result was written: it is moved, not begun again', async () => {
    const { folders, id, record, active } = await makePlace()
    await put(active, { ...record, attempts: 1, result })
    const spool = createSpool(folders)
    expect((await spool.recover()).interrupted).toEqual([])
    expect(await allFiles(folders)).toEqual([`${state}/${id}.yaml`])
    expect(await spool.find(id)).toMatchObject({ state, result })
  })

  it('after the link, before the old name went', async () => {
    const { folders, id, record, active, ...place } = await makePlace()
    await put(active, { ...record, attempts: 1, result })
    await link(active, place[state])
    expect((await createSpool(folders).recover()).interrupted).toEqual([])
    expect(await allFiles(folders)).toEqual([`${state}/${id}.yaml`])
  })

  it('and another record stands there: both are kept', async () => {
    const { folders, id, record, active, ...place } = await makePlace()
    await put(active, { ...record, attempts: 1, result })
    await writeFile(place[state], 'precious')
    expect(await createSpool(folders).recover()).toEqual({ interrupted: [], troubles: [] })
    expect(await readFile(place[state], 'utf8')).toBe('precious')
    const files = await allFiles(folders)
    expect(files).toHaveLength(3)
    expect(files.filter((file) => file.endsWith('.raw') && !file.includes(id))).toHaveLength(1)
  })
})

it('leaves what is not its own, and what it can do nothing about does not stop the rest', async () => {
  const { folders, id, record, active } = await makePlace()
  await put(active, record)
  await writeFile(join(folders.active, 'notes.txt'), 'mine')
  const other = newJobId('b', moment)
  // A folder can't be put in the place of a record with a result: nor can the rest be stopped by it.
  await mkdir(join(folders.active, `${other}.yaml`))
  await mkdir(recordPath(folders, 'failed', other))
  await mkdir(join(rawPath(folders, other), 'x'), { recursive: true })
  const { interrupted } = await createSpool(folders).recover()
  expect(interrupted.map((one) => one.id)).toEqual([id])
  expect(await readFile(join(folders.active, 'notes.txt'), 'utf8')).toBe('mine')
})

it('finds every job of a queue that was cut off everywhere at once, in exactly one place', async () => {
  const { folders } = await makePlace()
  const spool = createSpool(folders)
  const ids = await Promise.all(
    Array.from({ length: 12 }, (_, i) => spool.drop(makeJob(`p${i.toString()}`), httpOrigin)),
  )
  for (const [index, id] of ids.entries()) {
    const queued = recordPath(folders, 'queued', id)
    const active = recordPath(folders, 'active', id)
    if (index % 4 === 1) await rename(queued, claimedPath(folders, id, `${id}.yaml`))
    if (index % 4 < 2) continue
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    if (index % 4 === 2) continue
    await spool.settle(claim.record, created)
    await link(recordPath(folders, 'done', id), active)
    if (index === 3) await unlink(recordPath(folders, 'done', id))
  }
  const { interrupted } = await createSpool(folders).recover()
  expect(interrupted).toHaveLength(6)
  const files = await allFiles(folders)
  for (const id of ids) expect(files.filter((file) => file.includes(id))).toHaveLength(1)
  expect(files).toHaveLength(ids.length)
})
