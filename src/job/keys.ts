import { createHash } from 'node:crypto'
import { findJob, jobFiles, listJobs } from './find.js'
import type { SpoolFolders } from './folders.js'
import { keyMarkOf, parseJobId, type JobId } from './id.js'

/**
 * Knows which job a key (a delivery id, an Idempotency-Key) led to. The last part of a keyed job's id is a digest of
 * its key, so the files' names are the memory: it survives a restart and is pruned with them (prune.ts), after which
 * the same key leads to a new job.
 */
export interface Keys {
  /** The job of the key that has not failed, one that was begun before one that waits; undefined: another may begin. */
  find(mark: string): Promise<JobId | undefined>
  /** Notes a job that this process has queued or begun. */
  note(id: JobId, state: 'queued' | 'begun'): void
}

/** The key of whoever chose one, in a call or a file; apart from the delivery ids, which GitHub chooses. */
export function chosenKey(idempotencyKey: string): string {
  return `idempotency:${idempotencyKey}`
}

/** The part of a job id that stands for a key: 16 hexadecimal digits, as long as the random part of other ids. */
export function markOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

/** Ids by mark. */
interface Known {
  /** Those that were claimed: they come before any that waits, also before a newer one. */
  readonly begun: Map<string, JobId>
  readonly queued: Map<string, JobId>
}

export function createKeys(folders: SpoolFolders): Keys {
  /** Made at the first question, since a large done/ takes a moment to list. */
  let known: Promise<Known> | undefined

  const load = async (): Promise<Known> => {
    // In the order in which a job moves: one that moves meanwhile is met twice, not missed.
    const queued = await newestByMark(jobFiles(folders.inbox))
    const active = await newestByMark((await listJobs(folders, 'active')).map((id) => ({ id })))
    const done = await newestByMark(jobFiles(folders.done))
    const failed = await newestByMark(jobFiles(folders.failed))
    // Also an older id goes before one that failed: the clock may have been set back in between.
    return { begun: new Map([...failed, ...active, ...done]), queued }
  }

  const reload = (): Promise<Known> => {
    known = load()
    known.catch(() => (known = undefined))
    return known
  }

  /** The job, or the one that it repeats, unless that has failed. */
  const standing = async (id: JobId | undefined): Promise<JobId | undefined> => {
    const job = id === undefined ? undefined : await findJob(folders, id)
    if (job === undefined || job.state === 'failed') return undefined
    if (job.result?.status !== 'duplicate') return job.id
    const first = parseJobId(job.result.duplicate_of)
    // What is repeated is never a repetition itself.
    const repeated = first === undefined ? undefined : await findJob(folders, first)
    return repeated === undefined || repeated.state === 'failed' ? undefined : repeated.id
  }

  const among = async ({ begun, queued }: Known, mark: string): Promise<JobId | undefined> =>
    (await standing(begun.get(mark))) ?? (await standing(queued.get(mark)))

  return {
    async find(mark) {
      const before = await (known ?? reload())
      if (!before.begun.has(mark) && !before.queued.has(mark)) return undefined
      // Where none stands, `devorch retry`, in a process of its own, may have begun it again.
      return (await among(before, mark)) ?? (await among(await reload(), mark))
    },

    note(id, state) {
      known = known?.then((ids) => {
        ids[state].set(keyMarkOf(id), id)
        return ids
      })
    },
  }
}

/** Of each mark the newest id. */
async function newestByMark(
  files: AsyncIterable<{ readonly id: JobId }> | Iterable<{ readonly id: JobId }>,
): Promise<Map<string, JobId>> {
  const newest = new Map<string, JobId>()
  for await (const { id } of files) {
    const before = newest.get(keyMarkOf(id))
    if (before === undefined || before < id) newest.set(keyMarkOf(id), id)
  }
  return newest
}
