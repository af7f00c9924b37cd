import { lstat } from 'node:fs/promises'
import { sweepTemporaries, unlinkIfThere } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import { jobFiles } from './find.js'
import { rawPath, recordPath, type SpoolFolders } from './folders.js'
import { madeMsOf, type JobId } from './id.js'

/** How much of done/ or failed/ is kept. 0: no limit. */
export interface Retention {
  readonly days: number
  /** The newest so many stay. */
  readonly records: number
}

/** A settled job, by the names of its files. */
export interface SettledJob {
  readonly id: JobId
  /** When it was received, in milliseconds since 1970. */
  readonly receivedMs: number
}

/** What goes. */
export interface Pruning {
  /** More than may be kept. */
  readonly surplus: readonly SettledJob[]
  /** Received too long ago; one that was settled much later, after a long wait, is kept until that is as long ago. */
  readonly old: readonly SettledJob[]
}

const dayMs = 24 * 60 * 60 * 1000

/** Decides by age and number; those of the same millisecond by their ids. Pure. */
export function planPruning(jobs: readonly SettledJob[], keep: Retention, nowMs: number): Pruning {
  const excess = keep.records === 0 ? 0 : jobs.length - keep.records
  // By number, since sorting the ids of 100,000 jobs as text would hold up the event loop.
  const times = excess > 0 ? Float64Array.from(jobs, (job) => job.receivedMs).sort() : undefined
  const lastGoingMs = times?.[excess - 1] ?? -Infinity
  const surplus = jobs.filter((job) => job.receivedMs < lastGoingMs)
  const tied = jobs.filter((job) => job.receivedMs === lastGoingMs).sort((a, b) => (a.id < b.id ? -1 : 1))
  surplus.push(...tied.slice(0, Math.max(0, excess - surplus.length)))
  const going = new Set(surplus)
  const sinceMs = oldestKeptMs(keep, nowMs)
  return { surplus, old: jobs.filter((job) => job.receivedMs < sinceMs && !going.has(job)) }
}

/**
 * Removes the settled jobs that are not kept any longer, a record and the refused file beside it together. Everything
 * else in the folder is left and not counted: what is not named for a job, and a folder that somebody dropped, with the
 * reason beside it. Cut off anywhere, the next call goes on.
 * @returns how many jobs were removed
 * @throws a system error (EROFS, EACCES, …)
 */
export async function pruneJobs(
  folders: SpoolFolders,
  state: 'done' | 'failed',
  keep: Retention,
  options: { readonly now: Date; readonly signal: AbortSignal },
): Promise<number> {
  await sweepTemporaries(folders[state])
  const { surplus, old } = planPruning(await settledJobs(folders[state]), keep, options.now.getTime())
  const sinceMs = oldestKeptMs(keep, options.now.getTime())
  let removed = 0
  for (const { id } of surplus) {
    if (options.signal.aborted) break
    if (await removeJob(folders, state, id)) removed += 1
  }
  for (const { id } of old) {
    if (options.signal.aborted) break
    if ((await settledMs(folders, state, id)) >= sinceMs) continue
    if (await removeJob(folders, state, id)) removed += 1
  }
  return removed
}

function oldestKeptMs(keep: Retention, nowMs: number): number {
  return keep.days === 0 ? -Infinity : nowMs - keep.days * dayMs
}

async function settledJobs(folder: string): Promise<SettledJob[]> {
  const jobs = new Map<JobId, SettledJob>()
  const untouchable = new Set<JobId>()
  for await (const { id, entry } of jobFiles(folder)) {
    if (entry.isDirectory()) untouchable.add(id)
    else if (!jobs.has(id)) jobs.set(id, { id, receivedMs: madeMsOf(id) })
  }
  for (const id of untouchable) jobs.delete(id)
  return [...jobs.values()]
}

/** A record's file is written for the last time when the job is settled. */
async function settledMs(folders: SpoolFolders, state: 'done' | 'failed', id: JobId): Promise<number> {
  try {
    return (await lstat(recordPath(folders, state, id))).mtimeMs
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return -Infinity
  }
}

/** The record goes last, so that no refused file is left without its reason. */
async function removeJob(folders: SpoolFolders, state: 'done' | 'failed', id: JobId): Promise<boolean> {
  try {
    if (state === 'failed') await unlinkIfThere(rawPath(folders, id))
    await unlinkIfThere(recordPath(folders, state, id))
    return true
  } catch (error) {
    // A folder, on a filesystem that does not tell so in its listing (unlink(2): EISDIR).
    if (codeOf(error) === 'EISDIR') return false
    throw error
  }
}
