import { Problem } from '../support/problem.js'
import type { Logger } from '../support/log.js'
import { canPass, isEverywhere, systemProblem } from '../support/system-problem.js'
import { createHold, type HoldBack } from './hold.js'
import type { JobId } from './id.js'
import type { Inbox } from './inbox.js'
import type { Job } from './job.js'
import { cancelledResult, failedResult } from './outcome.js'
import { createPulse } from './pulse.js'
import type { JobRecord } from './record.js'
import { createRunningJobs, type PerformJob } from './running-jobs.js'
import type { Spool } from './spool.js'

export interface WorkerOptions {
  readonly spool: Spool
  readonly inbox: Inbox
  readonly perform: PerformJob
  readonly holdBack: HoldBack
  /** The jobs that people asked to cancel, and a way to say that it was done. */
  readonly cancelled: { list(): Promise<JobId[]>; clear(id: JobId): Promise<void> }
  /** These three are read at every use: a reload of the configuration may change them. */
  readonly concurrency: number
  /** How often a job is tried where the failure can pass. */
  readonly attempts: number
  readonly rescanMs: number
  readonly log: Logger
  /** Called after each look through the queue, also one that failed and was logged; a look that hangs is not over. */
  readonly onLook?: () => void
  /** Milliseconds before attempt `next`; a test shortens it. */
  readonly retryDelayMs?: (next: number) => number
  readonly now?: () => Date
}

/** Milliseconds before attempt `next`: 1 s before the second, then four times as long each time, an hour at most. */
export function retryDelayMs(next: number): number {
  return Math.min(1000 * 4 ** (next - 2), 60 * 60 * 1000)
}

export interface Worker {
  /** Goes on with what an earlier daemon left, then takes jobs until stopped. */
  readonly start: () => Promise<void>
  /** Something may have changed in the inbox: look soon. */
  readonly hint: () => void
  /** Takes no further job and waits for the running ones; those not done in time, or before `hurry`, resume later. */
  readonly stop: (graceMs: number, hurry?: AbortSignal) => Promise<void>
  /** Jobs that run now, or wait for their next attempt. */
  readonly running: () => readonly JobId[]
}

/** A job that was begun this often and never ended may be what ends the daemon. */
const maxBegun = 10

/** What one look through the queue knows. */
interface Round {
  /** The projects whose jobs of this round keep their order: where one has to wait, so have those behind it. */
  readonly taken: Set<string>
  readonly held: Map<Job['action'], boolean>
  /** True: nothing may begin, so that further files need not be read. */
  allHeld?: boolean
}

/** Picks files up from the inbox, several at once, those of one project one after another. */
export function createWorker(options: WorkerOptions): Worker {
  const { spool, inbox, log } = options
  const now = options.now ?? (() => new Date())
  const hold = createHold(options.holdBack, log)
  const resumed: JobRecord[] = []
  /** Files that could not be taken, and the time of the monotonic clock until which they are left alone. */
  const stuck = new Map<string, number>()
  /** What the last look through the inbox ended with. While nothing may begin, it is looked through at every rescan only. */
  let lastScan = { atMs: -Infinity, allHeld: false }
  /** The ready files of the last look through the inbox that were left, in their order: to be taken without another. */
  let backlog: string[] = []
  let stopping = false

  const busyProjects = () => new Set(running.records().map((record) => record.job.project_name))
  const creating = () => running.records().filter((record) => record.job.action === 'create').length
  const isStopping = () => stopping
  const pulse = createPulse({
    look: () => look().finally(() => options.onLook?.()),
    get everyMs() {
      return options.rescanMs
    },
    onError: (error) => {
      log.error('the inbox could not be looked through; it is tried again', { error })
    },
  })

  const running = createRunningJobs({
    spool,
    perform: options.perform,
    get concurrency() {
      return options.concurrency
    },
    get attempts() {
      return options.attempts
    },
    get rescanMs() {
      return options.rescanMs
    },
    retryDelayMs: options.retryDelayMs ?? retryDelayMs,
    now,
    log,
    onChange: pulse.urge,
  })

  const cancelRequested = async (): Promise<void> => {
    for (const id of await options.cancelled.list()) {
      running.cancel(id)
      const record = resumed.find((waiting) => waiting.id === id)
      if (record !== undefined) {
        await running.settle(record, cancelledResult(now())).catch((error: unknown) => {
          log.error('interrupted job could not be cancelled', { jobId: id, error })
        })
        resumed.splice(resumed.indexOf(record), 1)
      }
      await options.cancelled.clear(id)
    }
  }

  const look = async (): Promise<void> => {
    await cancelRequested()
    running.fillSlots()
    const round: Round = { taken: busyProjects(), held: new Map() }
    await beginResumed(round)
    const recent = performance.now() < lastScan.atMs + options.rescanMs
    if (recent && (!running.hasSlot() || (lastScan.allHeld && (await hold.isAllHeld(creating()))))) return
    // Thousands of files are not all looked at whenever one of them is done.
    if (recent) await takeBacklog(round)
    if (recent && !running.hasSlot()) return
    const files = await inbox.scan()
    for (const file of files) if (file.kind === 'waiting' && file.readyInMs !== undefined) pulse.wakeIn(file.readyInMs)
    backlog = files.flatMap((file) => (file.kind === 'ready' ? [file.name] : []))
    await takeBacklog(round)
    lastScan = { atMs: performance.now(), allHeld: round.allHeld === true }
  }

  const takeBacklog = async (round: Round): Promise<void> => {
    const left: string[] = []
    let next = 0
    for (; next < backlog.length; next += 1) {
      const name = backlog[next] ?? ''
      // stop() may have been called meanwhile.
      if (isStopping() || !running.hasSlot() || round.allHeld === true) break
      try {
        if (!(await takeFile(name, round))) left.push(name)
      } catch (error) {
        stuck.set(name, performance.now() + options.rescanMs)
        // A look that fails is tried again after a rest: not every file is worth a line where the disk is full.
        if (isEverywhere(error)) throw systemProblem(`take the job file ${name}`, error) ?? error
        log.error('job file could not be taken; it is tried again', { file: name, error })
      }
    }
    backlog = [...left, ...backlog.slice(next)]
  }

  const isStuck = (name: string): boolean => (stuck.get(name) ?? 0) > performance.now()

  /** Asked once a round, until a job has begun: it may be the last that was allowed. */
  const isHeld = async (action: Job['action'], round: Round): Promise<boolean> => {
    const known = round.held.get(action)
    if (known !== undefined) return known
    const held = await hold.isHeld(action, creating())
    round.held.set(action, held)
    if (held) round.allHeld = await hold.isAllHeld(creating())
    return held
  }

  const beginResumed = async (round: Round): Promise<void> => {
    for (const record of [...resumed]) {
      if (isStopping() || !running.hasSlot()) return
      const { project_name: project, action } = record.job
      if (round.taken.has(project)) continue
      round.taken.add(project)
      if (await isHeld(action, round)) continue
      if (isStuck(record.id)) continue
      try {
        running.begin(await spool.beginAttempt(record))
        round.held.clear()
      } catch (error) {
        log.error('interrupted job could not be begun again', { jobId: record.id, error })
        stuck.set(record.id, performance.now() + options.rescanMs)
        if (canPass(error)) continue
      }
      resumed.splice(resumed.indexOf(record), 1)
    }
  }

  /** @returns false where the file has to wait for its turn */
  const takeFile = async (name: string, round: Round): Promise<boolean> => {
    const waits = isStuck(name)
    const job = await (waits ? inbox.peek(name).catch(() => undefined) : inbox.peek(name))
    if (job !== undefined && round.taken.has(job.project)) return false
    // Someone may have gone on writing since it was found ready: the next look through the inbox judges it anew.
    if (!(await inbox.isUnchanged(name))) return true
    if (job !== undefined) {
      round.taken.add(job.project)
      if (await isHeld(job.action, round)) return false
    }
    if (waits) return false
    const claim = await spool.claim(name)
    stuck.delete(name)
    switch (claim.kind) {
      case 'claimed':
        running.begin(claim.record)
        round.held.clear()
        break
      case 'rejected':
        log.warn('job file rejected', { jobId: claim.id, file: name, problems: claim.problems })
        break
      case 'duplicate':
        log.info('job repeats another of its key', { jobId: claim.id, file: name, duplicateOf: claim.of })
        break
      case 'lost':
        break
    }
    return true
  }

  return {
    hint: pulse.hint,
    running: () => running.records().map(({ id }) => id),

    async start() {
      const { interrupted, troubles } = await spool.recover()
      for (const { file, error } of troubles) log.error('file of state/active could not be recovered', { file, error })
      for (const record of interrupted) {
        if (record.attempts < Math.max(maxBegun, options.attempts)) resumed.push(record)
        else await running.settle(record, failedResult(neverEnded(record), now()))
      }
      if (resumed.length > 0) log.info('jobs found that were interrupted', { jobs: resumed.map((record) => record.id) })
      pulse.hint()
    },

    async stop(graceMs, hurry) {
      stopping = true
      await pulse.stop()
      await running.stop(graceMs, hurry)
    },
  }
}

function neverEnded(record: JobRecord): Problem {
  return new Problem({
    doing: `${record.job.action} ${record.job.project_name}`,
    because: `it was begun ${record.attempts.toString()} times and the daemon ended each time`,
    remedy: 'see in the log why, then `devorch retry JOB`',
  })
}
