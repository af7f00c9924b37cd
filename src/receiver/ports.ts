import type { JobId } from '../job/id.js'
import type { Job, Origin } from '../job/job.js'
import type { JobView } from '../job/record.js'
import type { Dropped } from '../job/spool.js'
import type { FieldProblem } from '../support/field-problem.js'
import type { Logger } from '../support/log.js'
import type { Rule } from './github/rules.js'
import type { TrustPolicy } from './github/trust.js'
import type { RateLimit } from './rate-limit.js'
import type { Secrets } from './authenticate.js'
import type { IsTrustedProxy } from './caller-address.js'

/** A session in the words of the interface: the daemon's, passed through. */
export interface SessionInfo {
  readonly name: string
  readonly project: string
}

/** What the receiver may do, handed over by the daemon. It knows nothing of the worker or of tmux. */
export interface ReceiverPorts {
  readonly secrets: Secrets
  readonly isTrustedProxy: IsTrustedProxy
  readonly rateLimit: RateLimit
  readonly limits: { readonly signedBytes: number; readonly otherBytes: number; readonly queuedJobs: number }
  /** What is wrong with a job beyond its shape. */
  checkJob(job: Job): Promise<readonly FieldProblem[]>
  /** Durable when it resolves. With a key: at most one job of it is queued, active or done. */
  drop(job: Job, origin: Origin, key: string | undefined): Promise<Dropped>
  /** The jobs of a project that wait or run. */
  pending(projectName: string): Promise<readonly JobView[]>
  /** The job that made the session which stands for this job's project (and repository, where it names one). */
  standingJob(job: Job): Promise<JobId | undefined>
  readonly github: { readonly rules: readonly Rule[]; readonly policy: TrustPolicy }
  queuedJobs(): Promise<number>
  findJob(id: JobId): Promise<JobView | undefined>
  /** The place of a queued job, 1 for the next; undefined where it is not queued. */
  position(id: JobId): Promise<number | undefined>
  /** What an active job is at; undefined where it waits. */
  stepOf(id: JobId): string | undefined
  /** Aborted when the daemon ends: who still waits for an outcome is told that the job is queued. */
  readonly stopping: AbortSignal
  /** The settled job, or undefined where the signal came first. */
  whenSettled(id: JobId, signal: AbortSignal): Promise<JobView | undefined>
  sessions(): Promise<readonly SessionInfo[]>
  session(name: string): Promise<SessionInfo | undefined>
  sessionName(projectName: string): string
  attachCommand(sessionName: string): string
  /** Why jobs can't be taken now; undefined: all is well. */
  notReady(): Promise<string | undefined>
  readonly log: Logger
}
