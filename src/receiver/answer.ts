import type { Context } from 'koa'
import type { JobView } from '../job/record.js'
import { formatFieldProblem, type FieldProblem } from '../support/field-problem.js'
import type { ReceiverPorts } from './ports.js'

type Answered = Pick<Context, 'status' | 'body' | 'state'>

/** Answers with an error: one line, for the one who can mend it. */
export function fail(context: Answered, status: number, message: string): void {
  context.status = status
  context.body = { status: 'error', message }
  context.state['log'] = { ...(context.state['log'] as object | undefined), refused: message }
}

/** 422: the fields that are wrong, each with its remedy. */
export function failFields(context: Answered, problems: readonly FieldProblem[]): void {
  fail(context, 422, problems.map(formatFieldProblem).join('\n'))
  context.body = {
    status: 'error',
    message: problems.map(formatFieldProblem).join('\n'),
    fields: problems.map(({ field, message, remedy }) => ({ field, message, remedy })),
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
    attempts: job.attempts,
    retry_of: job.retryOf,
    file: job.file,
    result: job.result,
  }
}
