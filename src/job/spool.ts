import { EventEmitter, once } from 'node:events'
import { publish } from '../support/files.js'
import { claimFile, type Claim, type Now } from './claim.js'
import { findJob, listJobs } from './find.js'
import { recordPath, type SpoolFolders } from './folders.js'
import { keyMarkOf, newJobId, slugOf, type JobId } from './id.js'
import type { Job, Origin } from './job.js'
import { createKeys, markOf } from './keys.js'
import { createPending } from './pending.js'
import { formatRecord, type JobRecord, type JobState, type JobView } from './record.js'
import { recoverJobs, type Recovery } from './recover.js'
import type { JobResult } from './result.js'
import { rewrite, settleJob } from './settle.js'

/**
 * The life of a job on disk. Nothing but this and the files behind it (claim, settle, recover) moves a job's file:
 *
 *     drop → inbox/ID.yaml ─claim→ active/ID.yaml ─settle→ done/ID.yaml | failed/ID.yaml
 *
 * Every step leaves, at whatever point it is cut off, files from which `recover` goes on: docs/job-lifecycle.md.
 */
export interface Spool {
  /** Writes a job into the inbox; durable when it resolves. @throws a system error (ENOSPC, EROFS, …) */
  drop(job: Job, origin: Origin, retryOf?: JobId): Promise<JobId>
  /** The same, but only where no job of that key is queued, active or done. */
  dropOnce(key: string, job: Job, origin: Origin): Promise<Dropped>
  /** Takes a file of the inbox by its name. @throws a system error; the file is in the inbox then, if possible */
  claim(name: string): Promise<Claim>
  /** Notes, durably, that an attempt begins. */
  beginAttempt(record: JobRecord): Promise<JobRecord>
  /** Puts an active job to rest with its result. */
  settle(record: JobRecord, result: JobResult): Promise<void>
  find(id: JobId): Promise<JobView | undefined>
  /** The jobs of a project that wait or run. Those that other processes drop are seen within a second. */
  pending(projectName: string): Promise<JobView[]>
  /** How many jobs are queued; what other processes did is counted within a second. */
  queued(): Promise<number>
  /** The ids of a state, newest first. */
  list(state: JobState): Promise<JobId[]>
  /** What an earlier daemon left unfinished: half claims and half settlements are completed, the rest is returned. */
  recover(): Promise<Recovery>
  /** The job once this process has settled it, or undefined where the signal came first. */
  whenSettled(id: JobId, signal: AbortSignal): Promise<JobView | undefined>
}

/** What became of a drop: a new job, or the one that its key led to before. */
export interface Dropped {
  readonly id: JobId
  readonly duplicate: boolean
}

export function createSpool(folders: SpoolFolders, now: Now = () => new Date()): Spool {
  /** Emits a job's id when it is settled. */
  const settled = new EventEmitter().setMaxListeners(0)

  const keys = createKeys(folders)
  const pending = createPending(folders)
  /** Of each mark the drop under way, so that copies of one delivery that come at once make one job. */
  const turns = new Map<string, Promise<Dropped>>()

  const write = async (job: Job, origin: Origin, mark: string | undefined, retryOf?: JobId): Promise<JobId> => {
    const id = newJobId(job.project_name, now(), mark)
    const receivedAt = now().toISOString()
    const record = { id, job, origin, receivedAt, attempts: 0, retryOf, file: undefined, result: undefined }
    // What may stand there is of another process: the same key in the same millisecond, so the same job.
    await publish(recordPath(folders, 'queued', id), formatRecord(record))
    keys.note(id, 'queued')
    pending.note(id)
    return id
  }

  const writeOnce = async (job: Job, origin: Origin, mark: string): Promise<Dropped> => {
    const before = await keys.find(mark)
    if (before !== undefined) return { id: before, duplicate: true }
    return { id: await write(job, origin, mark), duplicate: false }
  }

  return {
    async claim(name) {
      const claim = await claimFile(folders, keys, name, now)
      if (claim.kind === 'claimed') keys.note(claim.record.id, 'begun')
      if (claim.kind === 'duplicate') settled.emit(claim.id)
      return claim
    },
    find: (id) => findJob(folders, id),
    list: (state) => listJobs(folders, state),

    async pending(projectName) {
      const found = await Promise.all((await pending.about(slugOf(projectName))).map((id) => findJob(folders, id)))
      return found
        .filter((job) => job !== undefined)
        .filter((job) => job.job?.project_name === projectName && (job.state === 'queued' || job.state === 'active'))
    },
    queued: () => pending.queued(),
    recover: () => recoverJobs(folders, keys, now),

    // A retried job keeps its key: that it runs again is the one attempt which the key allows.
    drop: (job, origin, retryOf) => write(job, origin, retryOf === undefined ? undefined : keyMarkOf(retryOf), retryOf),

    async dropOnce(key, job, origin) {
      const mark = markOf(key)
      const under = turns.get(mark)
      if (under !== undefined) return { ...(await under), duplicate: true }
      const mine = writeOnce(job, origin, mark)
      turns.set(mark, mine)
      try {
        return await mine
      } finally {
        turns.delete(mark)
      }
    },

    async beginAttempt(record) {
      const next = { ...record, attempts: record.attempts + 1 }
      await rewrite(folders, next)
      return next
    },

    async settle(record, result) {
      await settleJob(folders, record, result)
      settled.emit(record.id)
    },

    async whenSettled(id, signal) {
      const stop = new AbortController()
      const either = AbortSignal.any([signal, stop.signal])
      if (either.aborted) return undefined
      const news = once(settled, id, { signal: either }).catch(() => undefined)
      try {
        // It may have been settled before anybody listened.
        const before = await findJob(folders, id)
        if (before?.result !== undefined) return before
        await news
        return signal.aborted ? undefined : await findJob(folders, id)
      } finally {
        stop.abort()
      }
    },
  }
}
