import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '../support/log.js'
import { Problem } from '../support/problem.js'
import { canPass, systemProblem } from '../support/system-problem.js'
import type { JobId } from './id.js'
import { cancelledResult, defectResult, failedResult } from './outcome.js'
import type { JobRecord } from './record.js'
import type { JobResult } from './result.js'
import type { Spool } from './spool.js'

/** Does what one job asks for. A thrown Problem is its failure; anything else is a bug, and fails that job too. */
export type PerformJob = (record: JobRecord, signal: AbortSignal) => Promise<JobResult>

export interface RunningJobsOptions {
  readonly spool: Pick<Spool, 'beginAttempt' | 'settle'>
  readonly perform: PerformJob
  readonly concurrency: number
  /** How often a job is tried where the failure can pass. */
  readonly attempts: number
  /** How soon what the disk refused is tried again, in milliseconds; then less and less often. */
  readonly rescanMs: number
  readonly retryDelayMs: (next: number) => number
  readonly now: () => Date
  readonly log: Logger
  /** A slot is free, or a job wants one. */
  readonly onChange: () => void
}

/** The jobs that run now, or wait for their next attempt: those hold no slot. */
export interface RunningJobs {
  begin(record: JobRecord): void
  /** Puts a job to rest with a result, as soon as the disk takes it. */
  settle(record: JobRecord, result: JobResult): Promise<void>
  hasSlot(): boolean
  /** Gives the free slots to those that have waited long enough. */
  fillSlots(): void
  records(): readonly JobRecord[]
  cancel(id: JobId): void
  /** Waits for the running ones; those not done in `graceMs`, or before `hurry`, are cut off and stay in active/. */
  stop(graceMs: number, hurry?: AbortSignal): Promise<void>
}

/** The longest time until what the disk refused to take is tried again, in milliseconds. */
const maxInsistMs = 30_000

interface Active {
  readonly record: JobRecord
  readonly abort: AbortController
  /** False while it waits for its next attempt. */
  holdsSlot: boolean
  /** Lets it go on, once it has waited long enough and until it has a slot. */
  goOn: (() => void) | undefined
  done: Promise<void>
}

export function createRunningJobs(options: RunningJobsOptions): RunningJobs {
  const { spool, log, now, onChange } = options
  const active = new Map<JobId, Active>()
  const halt = new AbortController()
  const isStopping = () => halt.signal.aborted

  const hasSlot = () => [...active.values()].filter((entry) => entry.holdsSlot).length < options.concurrency

  /** One attempt: a result, or a Problem that another attempt may overcome. */
  const attempt = async (record: JobRecord, signal: AbortSignal): Promise<JobResult | Problem> => {
    try {
      return await options.perform(record, signal)
    } catch (error) {
      const doing = `${record.job.action} ${record.job.project_name}`
      const problem = error instanceof Problem ? error : systemProblem(doing, error)
      if (problem !== undefined) {
        return problem.transient && record.attempts < options.attempts ? problem : failedResult(problem, now())
      }
      log.error('job failed unexpectedly', { jobId: record.id, error })
      return defectResult(error, now())
    }
  }

  /** Tries what the disk refuses again until it takes it, holding no slot, or until stop(). */
  const insist = async (entry: Active, write: () => Promise<void>): Promise<void> => {
    for (let waitMs = options.rescanMs; ; waitMs = Math.min(waitMs * 2, maxInsistMs)) {
      try {
        await write()
        return
      } catch (error) {
        if (isStopping() || !canPass(error)) throw error
        log.error('job could not be settled; it is tried again', { jobId: entry.record.id, waitMs, error })
      }
      entry.holdsSlot = false
      onChange()
      await delay(waitMs, undefined, { signal: halt.signal }).catch(() => undefined)
    }
  }

  const write = async (record: JobRecord, result: JobResult): Promise<void> => {
    await spool.settle(record, result)
    const fields = { jobId: record.id, project: record.job.project_name, status: result.status }
    if (result.status === 'failed') log.warn('job failed', { ...fields, error: result.error.message })
    else log.info('job settled', fields)
  }

  const work = async (entry: Active): Promise<void> => {
    const { signal } = entry.abort
    let record = entry.record
    for (;;) {
      const outcome = await attempt(record, signal)
      const good = !(outcome instanceof Problem) && outcome.status !== 'failed'
      // Cut off by stop(): the file stays in active/, from where the next start goes on.
      if (!good && signal.aborted && isStopping()) return
      if (good || !(outcome instanceof Problem)) {
        const result = !good && signal.aborted ? cancelledResult(now()) : outcome
        await insist(entry, () => write(record, result))
        return
      }
      const waitMs = options.retryDelayMs(record.attempts + 1)
      const fields = { jobId: record.id, attempt: record.attempts, waitMs, error: outcome }
      if (!signal.aborted) log.warn('attempt failed, will be repeated', fields)
      const next = await nextAttempt(entry, record, waitMs)
      if (next === undefined) {
        if (!isStopping()) await insist(entry, () => write(record, cancelledResult(now())))
        return
      }
      record = next
    }
  }

  /** The record of the next attempt, once it has a slot and stands on disk; undefined: cut off or cancelled. */
  const nextAttempt = async (entry: Active, record: JobRecord, waitMs: number): Promise<JobRecord | undefined> => {
    for (let ms = waitMs; ; ms = Math.max(options.rescanMs, Math.min(ms * 2, maxInsistMs))) {
      await nextTurn(entry, ms)
      if (entry.abort.signal.aborted) return undefined
      try {
        return await spool.beginAttempt(record)
      } catch (error) {
        if (!canPass(error)) throw error
        log.error('attempt could not be noted; it is tried again', { jobId: record.id, error })
      }
    }
  }

  /** Waits without a slot, then for a free one. Ends at once when the job is cut off or cancelled. */
  const nextTurn = async (entry: Active, waitMs: number): Promise<void> => {
    const { signal } = entry.abort
    entry.holdsSlot = false
    onChange()
    if (isStopping()) entry.abort.abort()
    await delay(waitMs, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return
    await new Promise<void>((resolve) => {
      entry.goOn = resolve
      signal.addEventListener('abort', () => {
        resolve()
      })
      onChange()
    })
    entry.goOn = undefined
  }

  const begin = (record: JobRecord, doing = work, holdsSlot = true): void => {
    const abort = new AbortController()
    const entry: Active = { record, abort, holdsSlot, goOn: undefined, done: Promise.resolve() }
    active.set(record.id, entry)
    entry.done = doing(entry)
      .catch((error: unknown) => {
        const jobId = record.id
        log.error('job could not be settled; it stays in state/active until the next start', { jobId, error })
      })
      .finally(() => {
        active.delete(record.id)
        onChange()
      })
  }

  return {
    begin,
    hasSlot,
    records: () => [...active.values()].map(({ record }) => record),

    async settle(record, result) {
      try {
        await write(record, result)
      } catch (error) {
        if (!canPass(error)) throw error
        begin(record, (entry) => insist(entry, () => write(record, result)), false)
      }
    },

    fillSlots() {
      for (const entry of active.values()) {
        if (entry.goOn === undefined || !hasSlot()) continue
        entry.holdsSlot = true
        entry.goOn()
        entry.goOn = undefined
      }
    },

    cancel(id) {
      active.get(id)?.abort.abort()
    },

    async stop(graceMs, hurry) {
      halt.abort()
      for (const entry of active.values()) if (!entry.holdsSlot) entry.abort.abort()
      const all = Promise.all([...active.values()].map((entry) => entry.done))
      const grace = new AbortController()
      const signal = hurry === undefined ? grace.signal : AbortSignal.any([grace.signal, hurry])
      await Promise.race([all, delay(graceMs, undefined, { signal }).catch(() => undefined)])
      grace.abort()
      for (const entry of active.values()) entry.abort.abort()
      await all
    },
  }
}
