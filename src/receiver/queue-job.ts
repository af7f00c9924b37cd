import type { Context } from 'koa'
import type { JobId } from '../job/id.js'
import type { Job, Origin } from '../job/job.js'
import { chosenKey } from '../job/keys.js'
import type { JobView } from '../job/record.js'
import type { Dropped } from '../job/spool.js'
import { codeOf } from '../support/problem.js'
import { describeJob, fail, failForNow, note } from './answer.js'
import type { Accepted } from './authenticate.js'
import type { ReceiverPorts } from './ports.js'

/** The longest that a caller may wait for the outcome: `Prefer: wait=N` (RFC 7240, 4.3), in seconds. */
const maxWaitS = 300
/** When to send again what could not be stored, in seconds. */
const retryAfterS = 60

/**
 * Stores a sound job, also one that ends a session, so that it waits for the one that builds it, and answers once
 * it is durable, or, where the caller wants to wait, once it is settled.
 */
export async function queueJob(context: Context, job: Job, from: Provenance, ports: ReceiverPorts): Promise<void> {
  const dropped = await storeJob(context, job, from, ports)
  if (dropped === undefined) return
  const { id } = dropped
  if (dropped.duplicate) {
    answerDuplicate(context, id)
    return
  }
  const waitS = wantedWaitS(context.get('prefer'))
  const settled = waitS === 0 ? undefined : await waitFor(id, waitS, context, ports)
  if (settled === undefined) answerQueued(context, id, job, ports)
  else answerSettled(context, settled, ports)
}

/** Where a job comes from, and the key under which it is done once only. */
export interface Provenance {
  readonly origin: Origin
  /** A delivery's or caller's; undefined: the same call twice is two jobs. */
  readonly key: string | undefined
}

/** The provenance of a call that carries the job's own fields. */
export function provenanceOf(context: Context, job: Job, caller: Accepted): Provenance {
  const sender = caller.kind === 'basic' ? caller.user : null
  const { idempotency_key: key } = job
  return {
    origin: { kind: 'http', address: context.ip, delivery_id: null, subject: null, sender, trusted: true },
    key: key === undefined ? undefined : chosenKey(key),
  }
}

/** The call asked for what another one had asked for before. */
export function answerDuplicate(context: Context, id: string): void {
  context.body = { status: 'duplicate', job_id: id, status_url: `/jobs/${id}` }
  note(context, { duplicateOf: id })
}

/** Writes the job into the inbox; undefined where it can't be taken now, which was answered then. */
async function storeJob(
  context: Context,
  job: Job,
  from: Provenance,
  ports: ReceiverPorts,
): Promise<Dropped | undefined> {
  const { queuedJobs } = ports.limits
  try {
    if (queuedJobs > 0 && (await ports.queuedJobs()) >= queuedJobs) {
      const message = `${queuedJobs.toString()} jobs are queued already (limits.queued_jobs); send it again later`
      failForNow(context, 503, message, retryAfterS)
      return undefined
    }
    const dropped = await ports.drop(job, from.origin, from.key)
    note(context, { jobId: dropped.id, project: job.project_name })
    return dropped
  } catch (error) {
    const code = codeOf(error)
    // errno(3); Node's own ERR_… say that the daemon has a defect.
    if (code === undefined || code.startsWith('ERR_')) throw error
    ports.log.error('a job could not be stored', { error })
    const message = `the job could not be stored (${code}); nothing was queued, send it again later`
    failForNow(context, 503, message, retryAfterS)
    return undefined
  }
}

/** The settled job, or undefined where the time is over, the caller gone or the daemon about to end. */
async function waitFor(id: JobId, waitS: number, context: Context, ports: ReceiverPorts): Promise<JobView | undefined> {
  const gone = new AbortController()
  const onClose = () => {
    gone.abort()
  }
  context.res.once('close', onClose)
  if (context.res.closed) gone.abort()
  const timer = setTimeout(onClose, waitS * 1000)
  try {
    return await ports.whenSettled(id, AbortSignal.any([gone.signal, ports.stopping]))
  } finally {
    clearTimeout(timer)
    context.res.off('close', onClose)
  }
}

function answerQueued(context: Context, id: JobId, job: Job, ports: ReceiverPorts): void {
  const session = ports.sessionName(job.project_name)
  context.status = 202
  context.body = {
    status: 'queued',
    session_name: session,
    job_id: id,
    attach_command: job.action === 'destroy' ? undefined : ports.attachCommand(session),
    status_url: `/jobs/${id}`,
  }
}

function answerSettled(context: Context, settled: JobView, ports: ReceiverPorts): void {
  const { result } = settled
  switch (result?.status) {
    case undefined:
    case 'failed':
    case 'cancelled': {
      const message = result?.error.message ?? 'the job ended without a result'
      fail(context, 500, message)
      context.body = { status: 'error', message, job_id: settled.id }
      return
    }
    case 'duplicate':
      answerDuplicate(context, result.duplicate_of)
      return
    case 'created':
    case 'existing':
    case 'destroyed':
    case 'restarted':
    case 'restored':
    case 'sent':
      context.body = {
        status: 'success',
        session: result.session,
        attach_command: result.attach_command,
        job_id: settled.id,
        job: describeJob(settled, ports),
      }
  }
}

function wantedWaitS(prefer: string): number {
  const wanted = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/i.exec(prefer)?.[1]
  return wanted === undefined ? 0 : Math.min(Number(wanted), maxWaitS)
}
