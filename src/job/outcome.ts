import { messageOf, type Problem } from '../support/problem.js'
import type { JobId } from './id.js'
import type { JobResult } from './result.js'

/** A failure that the person who reads the result can mend. */
export function failedResult(problem: Problem, now: Date): JobResult {
  return {
    status: 'failed',
    finished_at: now.toISOString(),
    error: {
      message: problem.message,
      remedy: problem.remedy,
      ...(problem.field === undefined ? {} : { field: problem.field }),
    },
  }
}

/** The failure of one job by a bug. */
export function defectResult(error: unknown, now: Date): JobResult {
  const remedy = 'this is a defect of dev-orchestrator; the log has its place in the code'
  const message = `the job failed unexpectedly: ${messageOf(error)}; ${remedy}`
  return { status: 'failed', finished_at: now.toISOString(), error: { message, remedy } }
}

/** The end of a job whose key led to another one before. */
export function duplicateResult(first: JobId, now: Date): JobResult {
  const message = `its idempotency_key led to job ${first} before; to have it done again, give it another key or none`
  return { status: 'duplicate', finished_at: now.toISOString(), duplicate_of: first, message }
}

export function cancelledResult(now: Date): JobResult {
  return {
    status: 'cancelled',
    finished_at: now.toISOString(),
    error: { message: 'cancelled by a person; `devorch retry JOB` begins again', remedy: 'devorch retry JOB' },
  }
}
