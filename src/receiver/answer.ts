import type { Context } from 'koa'
import type { JobView } from '../job/record.js'
import { formatFieldProblem, type FieldProblem } from '../support/field-problem.js'
import type { ReceiverPorts } from './ports.js'

type Answered = Pick<Context, 'status' | 'body' | 'state' | 'set'>

/** RFC 9110, 11.6.1: every 401 names the schemes that would do. */
const challenge = 'Bearer realm="dev-orchestrator", Basic realm="dev-orchestrator", charset="UTF-8"'

/** Answers with an error: one line, for the one who can mend it. */
export function fail(context: Answered, status: number, message: string): void {
  context.status = status
  if (status === 401) context.set('WWW-Authenticate', challenge)
  context.body = { status: 'error', message }
  context.state['log'] = { ...(context.state['log'] as object | undefined), refused: message }
}

/** An error that may pass: says after how many seconds it is worth another call. */
export function failForNow(context: Answered, status: 429 | 503, message: string, waitS: number): void {
  context.set('Retry-After', waitS.toString())
  fail(context, status, message)
}

/** 422: the fields that are wrong, each with its remedy. */
export function failFields(context: Answered, problems: readonly FieldProblem[]): void {
  const message = problems.map(formatFieldProblem).join('\n')
  fail(context, 422, message)
  context.body = {
    status: 'error',
    message,
    fields: problems.map(({ field, message: wrong, remedy }) => ({ field, message: wrong, remedy })),
  }
}

/** A job as `GET /jobs/:id` tells it. */
export function describeJob(job: JobView, ports: ReceiverPorts): Record<string, unknown> {
  return {
    job_id: job.id,
    state: job.state,
    action: job.job?.action,
    project_name: job.job?.project_name,
    session_name: job.job === null ? undefined : ports.sessionName(job.job.project_name),
    received_at: job.receivedAt,
    begun_at: job.begunAt,
    finished_at: job.result?.finished_at,
    attempts: job.attempts,
    retry_of: job.retryOf,
    file: job.file,
    result: job.result,
  }
}

/** The same, and how far it is: its `position` in the queue, or the `step` that it is at. */
export async function describeWithProgress(job: JobView, ports: ReceiverPorts): Promise<Record<string, unknown>> {
  const described = describeJob(job, ports)
  switch (job.state) {
    case 'queued':
      return { ...described, position: await ports.position(job.id) }
    case 'active':
      // Between two attempts, or until an interrupted job is begun again.
      return { ...described, step: ports.stepOf(job.id) ?? 'waiting' }
    case 'done':
    case 'failed':
      return described
  }
}

/** Adds fields to the log line of a call. */
export function note(context: Pick<Context, 'state'>, fields: Readonly<Record<string, unknown>>): void {
  context.state['log'] = { ...(context.state['log'] as object | undefined), ...fields }
}
