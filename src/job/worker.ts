import { setTimeout as delay } from 'node:timers/promises'
import { messageOf, Problem } from '../support/problem.js'
import type { Logger } from '../support/log.js'
import type { JobId } from './id.js'
import type { Inbox } from './inbox.js'
import type { Job } from './job.js'
import type { JobRecord } from './record.js'
import type { JobResult } from './result.js'
import type { Spool } from './spool.js'

/** Does what one job asks for. A thrown Problem is its failure; anything else is a bug, and fails that job too. */
export type PerformJob = (record: JobRecord, signal: AbortSignal) => Promise<JobResult>

export interface WorkerOptions {
  readonly spool: Spool
  readonly inbox: Inbox
  readonly perform: PerformJob
  /** Why a job of this action may not start now (paused, full, memory short), given how many `create` jobs run. */
  readonly holdBack: (action: Job['action'], creating: number) => Promise<string | undefined>
  /** The jobs that people asked to cancel, and a way to say that it was done. */
  readonly cancelled: { list(): Promise<JobId[]>; clear(id: JobId): Promise<void> }
  readonly concurrency: number
  /** How often a job is tried where the failure can pass. */
  readonly attempts: number
  readonly rescanMs: number
  readonly log: Logger
  /** Milliseconds before attempt `next`; a test shortens it. Default 1 s, 4 s, 16 s, … */
  readonly retryDelayMs?: (next: number) => number
  readonly now?: () => Date
}

export interface Worker {
  /** Goes on with what an earlier daemon left, then takes jobs until stopped. */
  readonly start: () => Promise<void>
  /** Something may have changed in the inbox: look soon. */
  readonly hint: () => void
  /** Takes no further job and waits for the running ones; those not done in time are cut off and resume later. */
  readonly stop: (graceMs: number) => Promise<void>
  /** Jobs that run now, or wait for their next attempt. */
  readonly running: () => readonly JobId[]
}

interface Active {
  readonly record: JobRecord
  readonly abort: AbortController
  /** False while it waits for its next attempt: then it holds no slot. */
  holdsSlot: boolean
  done: Promise<void>
}

/** Picks files up from the inbox, several at once, those of one project one after another. */
export function createWorker(options: WorkerOptions): Worker {
  const { spool, inbox, log } = options
  const now = options.now ?? (() => new Date())
  const retryDelayMs = options.retryDelayMs ?? ((next) => 1000 * 4 ** (next - 2))
  const active = new Map<JobId, Active>()
  const resumed: JobRecord[] = []
  let stopping = false
  let looking: Promise<void> | undefined
  let lookAgain = false
  let timer: NodeJS.Timeout | undefined
  let lastHold: string | undefined

  const busySlots = () => [...active.values()].filter((entry) => entry.holdsSlot).length
  const busyProjects = () => new Set([...active.values()].map((entry) => entry.record.job.project_name))

  const failed = (error: Problem | FailedParts): JobResult => ({
    status: 'failed',
    finished_at: now().toISOString(),
    error: {
      message: error.message,
      remedy: error.remedy,
      ...(error.field === undefined ? {} : { field: error.field }),
    },
  })

  /** One attempt: a result, or a Problem that another attempt may overcome. */
  const attempt = async (record: JobRecord, signal: AbortSignal): Promise<JobResult | Problem> => {
    try {
      return await options.perform(record, signal)
    } catch (error) {
      if (!(error instanceof Problem)) {
        log.error('job failed unexpectedly', { jobId: record.id, error })
        const remedy = 'this is a defect of dev-orchestrator; the log has its place in the code'
        return failed({ message: `the job failed unexpectedly: ${messageOf(error)}; ${remedy}`, remedy })
      }
      return error.transient && record.attempts < options.attempts ? error : failed(error)
    }
  }

  const work = async (entry: Active): Promise<void> => {
    let record = entry.record
    for (;;) {
      const outcome = await attempt(record, entry.abort.signal)
      const good = !(outcome instanceof Problem) && outcome.status !== 'failed'
      // Cut off by stop(): the file stays in active/, from where the next start goes on.
      if (!good && entry.abort.signal.aborted && stopping) return
      if (!(outcome instanceof Problem)) {
        const result = entry.abort.signal.aborted && outcome.status === 'failed' ? cancelledResult(now()) : outcome
        await spool.settle(record, result)
        report(record, result)
        return
      }
      const waitMs = retryDelayMs(record.attempts + 1)
      log.warn('attempt failed, will be repeated', {
        jobId: record.id,
        attempt: record.attempts,
        waitMs,
        error: outcome,
      })
      entry.holdsSlot = false
      hint()
      await delay(waitMs, undefined, { signal: entry.abort.signal }).catch(() => undefined)
      if (entry.abort.signal.aborted) {
        if (!stopping) await spool.settle(record, cancelledResult(now()))
        return
      }
      entry.holdsSlot = true
      record = await spool.beginAttempt(record)
    }
  }

  const report = (record: JobRecord, result: JobResult): void => {
    const fields = { jobId: record.id, project: record.job.project_name, status: result.status }
    if (result.status === 'failed') log.warn('job failed', { ...fields, error: result.error.message })
    else log.info('job settled', fields)
  }

  const begin = (record: JobRecord): void => {
    const entry: Active = { record, abort: new AbortController(), holdsSlot: true, done: Promise.resolve() }
    active.set(record.id, entry)
    entry.done = work(entry)
      .catch((error: unknown) => {
        log.error('job could not be settled; it stays in state/active until the next start', {
          jobId: record.id,
          error,
        })
      })
      .finally(() => {
        active.delete(record.id)
        hint()
      })
  }

  const cancelRequested = async (): Promise<void> => {
    for (const id of await options.cancelled.list()) {
      const entry = active.get(id)
      entry?.abort.abort()
      const waiting = resumed.findIndex((record) => record.id === id)
      const [record] = waiting === -1 ? [] : resumed.splice(waiting, 1)
      if (record !== undefined) await spool.settle(record, cancelledResult(now()))
      await options.cancelled.clear(id)
    }
  }

  const held = async (action: Job['action']): Promise<boolean> => {
    const creating = [...active.values()].filter((entry) => entry.record.job.action === 'create').length
    const because = await options.holdBack(action, creating)
    if (because !== undefined && because !== lastHold) log.info('jobs are held back', { because })
    lastHold = because
    return because !== undefined
  }

  const look = async (): Promise<void> => {
    await cancelRequested()
    for (const record of [...resumed]) {
      if (stopping || busySlots() >= options.concurrency) return
      if (busyProjects().has(record.job.project_name)) continue
      if (await held(record.job.action)) continue
      resumed.splice(resumed.indexOf(record), 1)
      begin(await spool.beginAttempt(record))
    }
    if (stopping || busySlots() >= options.concurrency) return
    const heldActions = new Set<Job['action']>()
    for (const file of await inbox.scan()) {
      if (file.kind === 'waiting' && file.readyInMs !== undefined) wakeIn(file.readyInMs)
      if (file.kind !== 'ready') continue
      if (busySlots() >= options.concurrency) return
      const job = await inbox.peek(file.name)
      if (job !== undefined && (busyProjects().has(job.project) || heldActions.has(job.action))) continue
      if (job !== undefined && (await held(job.action))) {
        heldActions.add(job.action)
        continue
      }
      const claim = await spool.claim(file.name)
      switch (claim.kind) {
        case 'claimed':
          begin(claim.record)
          break
        case 'rejected':
          log.warn('job file rejected', { jobId: claim.id, file: file.name, problems: claim.problems })
          break
        case 'lost':
          break
      }
      // stop() may have been called while the claim was under way.
      if (isStopping()) return
    }
  }

  const isStopping = () => stopping

  const wakeIn = (ms: number): void => {
    clearTimeout(timer)
    timer = setTimeout(hint, Math.min(ms + 1, options.rescanMs))
  }

  function hint(): void {
    if (stopping) return
    if (looking !== undefined) {
      lookAgain = true
      return
    }
    wakeIn(options.rescanMs)
    looking = look()
      .catch((error: unknown) => {
        log.error('the inbox could not be looked through; it is tried again', { error })
      })
      .finally(() => {
        looking = undefined
        if (lookAgain) {
          lookAgain = false
          hint()
        }
      })
  }

  return {
    hint,
    running: () => [...active.keys()],

    async start() {
      resumed.push(...(await spool.recover()))
      if (resumed.length > 0) log.info('jobs found that were interrupted', { jobs: resumed.map((record) => record.id) })
      hint()
    },

    async stop(graceMs) {
      stopping = true
      clearTimeout(timer)
      await looking
      const all = Promise.all([...active.values()].map((entry) => entry.done))
      const grace = new AbortController()
      await Promise.race([all, delay(graceMs, undefined, { signal: grace.signal }).catch(() => undefined)])
      grace.abort()
      for (const entry of active.values()) entry.abort.abort()
      await all
    },
  }
}

interface FailedParts {
  readonly message: string
  readonly remedy: string
  readonly field?: string
}

function cancelledResult(now: Date): JobResult {
  return {
    status: 'cancelled',
    finished_at: now.toISOString(),
    error: { message: 'cancelled by a person; `devorch retry JOB` begins again', remedy: 'devorch retry JOB' },
  }
}
