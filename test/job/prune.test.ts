import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { madeMsOf, newJobId, type JobId } from '../../src/job/id.js'
import { planPruning, pruneJobs, type Retention, type SettledJob } from '../../src/job/prune.js'
import { createSpool } from '../../src/job/spool.js'
import { temporaryName } from '../../src/support/files.js'
import { allFiles, created, failure, httpOrigin, makeFolders, makeJob } from './place.js'

const dayMs = 24 * 60 * 60 * 1000
const now = new Date('2026-11-22T12:00:00.000Z')
const daysAgo = (days: number) => new Date(now.getTime() - days * dayMs)
const options = () => ({ now, signal: new AbortController().signal })

function jobOf(days: number): SettledJob {
  const id = newJobId('shop', daysAgo(days))
  return { id, receivedMs: madeMsOf(id) }
}

/** Writes files whose names say the day, and which were last written then, or as many days ago as given. */
async function settled(folder: string, days: number, suffixes = ['.yaml'], writtenDays = days): Promise<JobId> {
  const { id } = jobOf(days)
  for (const suffix of suffixes) {
    await writeFile(join(folder, id + suffix), '')
    await utimes(join(folder, id + suffix), daysAgo(writtenDays), daysAgo(writtenDays))
  }
  return id
}

describe('planPruning', () => {
  const ids = (jobs: readonly SettledJob[]) => jobs.map(({ id }) => id).sort()

  it('lets the oldest go that are too many, and those that are too old', () => {
    const jobs = [1, 30, 2, 91, 3].map(jobOf)
    const oldest = (days: number) => ids(jobs.filter((job) => job.receivedMs <= daysAgo(days).getTime()))
    expect(ids(planPruning(jobs, { days: 90, records: 5 }, now.getTime()).surplus)).toEqual([])
    expect(ids(planPruning(jobs, { days: 90, records: 5 }, now.getTime()).old)).toEqual(oldest(91))
    expect(ids(planPruning(jobs, { days: 90, records: 2 }, now.getTime()).surplus)).toEqual(oldest(3))
    expect(planPruning(jobs, { days: 90, records: 2 }, now.getTime()).old).toEqual([])
    expect(planPruning(jobs, { days: 0, records: 0 }, now.getTime())).toEqual({ surplus: [], old: [] })
  })

  it('leaves the newest so many, whatever their times, also where some are the same', () => {
    const days = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 30 })
    fc.assert(
      fc.property(days, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 9 }), (list, records, keptDays) => {
        const jobs = list.map(jobOf)
        const { surplus, old } = planPruning(jobs, { days: keptDays, records }, now.getTime())
        const byId = ids(jobs)
        expect(ids(surplus)).toEqual(byId.slice(0, Math.max(0, byId.length - records)))
        const tooOld = (job: SettledJob) => keptDays > 0 && job.receivedMs < daysAgo(keptDays).getTime()
        expect(ids(old)).toEqual(ids(jobs.filter((job) => tooOld(job) && !surplus.includes(job))))
      }),
    )
  })
})

describe('pruneJobs', () => {
  it('removes a refused file together with its reason, and only what is too old', async () => {
    const folders = await makeFolders()
    await settled(folders.failed, 91, ['.yaml', '.raw'])
    await settled(folders.failed, 92, ['.raw'])
    await settled(folders.done, 91)
    const kept = await settled(folders.failed, 89, ['.yaml', '.raw'])
    const keep: Retention = { days: 90, records: 0 }
    expect(await pruneJobs(folders, 'failed', keep, options())).toBe(2)
    expect((await readdir(folders.failed)).sort()).toEqual([`${kept}.raw`, `${kept}.yaml`])
    expect(await readdir(folders.done)).toHaveLength(1)
    expect(await pruneJobs(folders, 'done', keep, options())).toBe(1)
    expect(await readdir(folders.done)).toEqual([])
  })

  it('counts a job and its refused file as one', async () => {
    const folders = await makeFolders()
    const kept = [await settled(folders.failed, 1, ['.yaml', '.raw']), await settled(folders.failed, 2, ['.yaml'])]
    await settled(folders.failed, 3, ['.yaml', '.raw'])
    expect(await pruneJobs(folders, 'failed', { days: 0, records: 2 }, options())).toBe(1)
    expect(await readdir(folders.failed)).toHaveLength(3)
    for (const id of kept) expect(await readdir(folders.failed)).toContain(`${id}.yaml`)
  })

  it('keeps a job that waited for long and was settled lately', async () => {
    const folders = await makeFolders()
    const id = await settled(folders.done, 200, ['.yaml'], 1)
    expect(await pruneJobs(folders, 'done', { days: 90, records: 0 }, options())).toBe(0)
    expect(await readdir(folders.done)).toEqual([`${id}.yaml`])
  })

  it('leaves what is not the daemon’s, and does not count it', async () => {
    const folders = await makeFolders()
    const { id } = jobOf(400)
    const strange = ['notes.txt', 'notes.yaml', `${id}.yaml.bak`, `x${id}.yaml`, '.hidden.yaml', `${id}.yml`]
    for (const name of strange) await writeFile(join(folders.done, name), '')
    const kept = await settled(folders.done, 1)
    expect(await pruneJobs(folders, 'done', { days: 90, records: 1 }, options())).toBe(0)
    expect((await readdir(folders.done)).sort()).toEqual([...strange, `${kept}.yaml`].sort())
  })

  it('leaves a folder that somebody dropped, with the reason beside it', async () => {
    const folders = await makeFolders()
    const id = await settled(folders.failed, 400)
    await mkdir(join(folders.failed, `${id}.raw`))
    await writeFile(join(folders.failed, `${id}.raw`, 'precious'), '')
    expect(await pruneJobs(folders, 'failed', { days: 90, records: 1 }, options())).toBe(0)
    expect((await readdir(folders.failed)).sort()).toEqual([`${id}.raw`, `${id}.yaml`])
  })

  it('sweeps what a killed daemon left half-written, and not what lives', async () => {
    const folders = await makeFolders()
    const mine = temporaryName('x')
    await writeFile(join(folders.done, mine), '')
    await writeFile(join(folders.done, '.x.yaml.4194305.0123456789ab.tmp'), '')
    await pruneJobs(folders, 'done', { days: 90, records: 1 }, options())
    expect(await readdir(folders.done)).toEqual([mine])
  })

  it('stops where it is told to, and goes on the next time', async () => {
    const folders = await makeFolders()
    for (const days of [91, 92, 93]) await settled(folders.done, days)
    const keep = { days: 90, records: 2 }
    expect(await pruneJobs(folders, 'done', keep, { now, signal: AbortSignal.abort() })).toBe(0)
    expect(await readdir(folders.done)).toHaveLength(3)
    expect(await pruneJobs(folders, 'done', keep, options())).toBe(3)
  })

  it('forgets a key with the record of its job: the same key leads to a new one', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const first = await spool.dropOnce('a-delivery', makeJob(), httpOrigin)
    for (const [result, state] of [[created, 'done'] as const, [failure, 'failed'] as const]) {
      const [name = ''] = await readdir(folders.inbox)
      const claim = await spool.claim(name)
      if (claim.kind !== 'claimed') throw new Error(claim.kind)
      await spool.settle(claim.record, result)
      if (state === 'done') {
        expect(await spool.dropOnce('a-delivery', makeJob(), httpOrigin)).toEqual({ id: first.id, duplicate: true })
      }
      const later = { now: new Date(Date.now() + 91 * dayMs), signal: new AbortController().signal }
      expect(await pruneJobs(folders, state, { days: 90, records: 0 }, later)).toBe(1)
      expect(await spool.find(claim.record.id)).toBeUndefined()
      const again = await spool.dropOnce('a-delivery', makeJob(), httpOrigin)
      expect(again.duplicate).toBe(false)
      expect(again.id).not.toBe(claim.record.id)
      expect(await allFiles(folders)).toEqual([`inbox/${again.id}.yaml`])
    }
  })
})
