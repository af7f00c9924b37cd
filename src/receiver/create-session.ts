import type { Context } from 'koa'
import { koaBody } from 'koa-body'
import type { Job, Origin } from '../job/job.js'
import { parseJobBody } from '../job/job.js'
import type { JobId } from '../job/id.js'
import type { JobView } from '../job/record.js'
import { describeJob, fail, failFields } from './answer.js'
import { authenticate, hasSecrets, verifySignature, type Caller } from './authenticate.js'
import { parseJson, readRawBody } from './body.js'
import type { ReceiverPorts } from './ports.js'

type Route = (context: Context) => Promise<void>

/** The longest that a caller may wait for the outcome: `Prefer: wait=N` (RFC 7240, 4.3), in seconds. */
const maxWaitS = 300

/**
 * `POST /create-session`: who calls is known before anything is parsed, what is asked for is known to be sound
 * before anything is stored, and a 2xx is sent only after the job is on disk.
 */
export function createSessionRoute(ports: ReceiverPorts): Route {
  const parseAuthenticated = jsonParser(ports.limits.otherBytes)

  return async (context) => {
    if (context.request.is('application/json') !== 'application/json') {
      fail(context, 415, 'the body must be JSON; send Content-Type: application/json')
      return
    }
    const signed = context.get('x-hub-signature-256') !== '' && hasSecrets(ports.secrets)
    const read = signed ? await readSigned(context, ports) : await readUnsigned(context, ports, parseAuthenticated)
    if (read === undefined) return
    const { caller, body } = read
    if (context.get('x-github-event') !== '') {
      answerEvent(context, caller)
      return
    }
    const parsed = parseJobBody(withIdempotencyKey(body, context.get('idempotency-key')))
    if (!parsed.ok) {
      failFields(context, parsed.problems)
      return
    }
    const problems = ports.checkJob(parsed.job)
    if (problems.length > 0) {
      failFields(context, problems)
      return
    }
    await queue(context, parsed.job, caller, ports)
  }
}

interface Read {
  readonly caller: Exclude<Caller, { kind: 'refused' }>
  readonly body: unknown
}

/** The raw bytes are verified first and parsed after. Signed calls are exempt from the rate, unless they fail. */
async function readSigned(context: Context, ports: ReceiverPorts): Promise<Read | undefined> {
  const raw = await readRawBody(context.req, ports.limits.signedBytes)
  switch (raw.kind) {
    case 'aborted':
      fail(context, 400, 'the body ended early')
      return undefined
    case 'too-large':
      context.set('Connection', 'close')
      fail(context, 413, `the body is larger than ${ports.limits.signedBytes.toString()} bytes (limits.body_mb)`)
      return undefined
    case 'bytes':
      break
  }
  if (!verifySignature(raw.bytes, context.get('x-hub-signature-256'), ports.secrets.github_secrets)) {
    if (await overRate(context, ports)) return undefined
    fail(context, 401, 'X-Hub-Signature-256 does not fit the body under any of auth.github_secrets')
    return undefined
  }
  const json = parseJson(raw.bytes)
  if (json.ok) return { caller: { kind: 'signature' }, body: json.value }
  fail(context, 400, json.message)
  return undefined
}

async function readUnsigned(context: Context, ports: ReceiverPorts, parse: Route): Promise<Read | undefined> {
  if (await overRate(context, ports)) return undefined
  const caller = await authenticate(context.req, ports.secrets)
  if (caller.kind === 'refused') {
    if (caller.status === 401) context.set('WWW-Authenticate', 'Bearer, Basic realm="dev-orchestrator"')
    fail(context, caller.status, caller.message)
    return undefined
  }
  await parse(context)
  // parse() has answered where the body is no JSON.
  if (context.status >= 400 && context.body !== undefined) return undefined
  return { caller, body: context.request.body }
}

/** koa-body, for callers that are known already: JSON alone, up to the limit, its errors as answers. */
function jsonParser(maxBytes: number): Route {
  const parse = koaBody({
    json: true,
    urlencoded: false,
    text: false,
    multipart: false,
    jsonStrict: true,
    jsonLimit: maxBytes,
    parsedMethods: ['POST'] as never,
    onError: (error) => {
      throw error
    },
  })
  return async (context) => {
    try {
      await parse(context, () => Promise.resolve())
    } catch (error) {
      const status = error instanceof Error && 'status' in error ? error.status : 400
      context.set('Connection', 'close')
      if (status === 413) fail(context, 413, `the body is larger than ${maxBytes.toString()} bytes`)
      else if (status === 415) fail(context, 415, 'the body is compressed in a way that is not known; send it plain')
      else fail(context, 400, `the body is not JSON: ${error instanceof Error ? error.message : ''}`)
    }
  }
}

async function overRate(context: Context, ports: ReceiverPorts): Promise<boolean> {
  const waitS = await ports.rateLimit.take(context.ip)
  if (waitS === undefined) return false
  context.set('Retry-After', waitS.toString())
  context.set('Connection', 'close')
  fail(context, 429, `too many calls from this address; wait ${waitS.toString()} s`)
  return true
}

/** GitHub's own events. A ping is answered; rules that map the others to jobs are not built yet. */
function answerEvent(context: Context, caller: Read['caller']): void {
  if (caller.kind !== 'signature') {
    fail(
      context,
      401,
      'a GitHub event needs X-Hub-Signature-256; set a secret in the webhook and in auth.github_secrets',
    )
    return
  }
  context.status = 200
  context.body =
    context.get('x-github-event') === 'ping'
      ? { status: 'ok', message: 'pong' }
      : { status: 'ignored', reason: 'no rule maps this event to a job' }
}

/** The header, as the field of the same meaning; where both are given and differ, the field is refused by the schema. */
function withIdempotencyKey(body: unknown, key: string): unknown {
  if (key === '' || typeof body !== 'object' || body === null || Array.isArray(body)) return body
  return { ...body, idempotency_key: key }
}

async function queue(context: Context, job: Job, caller: Read['caller'], ports: ReceiverPorts): Promise<void> {
  const { queuedJobs } = ports.limits
  if (queuedJobs > 0 && (await ports.queuedJobs()) >= queuedJobs) {
    context.set('Retry-After', '60')
    fail(context, 503, `${queuedJobs.toString()} jobs are queued already (limits.queued_jobs); send it again later`)
    return
  }
  const origin: Origin = {
    kind: 'http',
    address: context.ip,
    delivery_id: null,
    subject: null,
    sender: caller.kind === 'basic' ? caller.user : null,
    trusted: true,
  }
  const id = await ports.drop(job, origin)
  context.state['log'] = { jobId: id, project: job.project_name }
  const waitS = wantedWaitS(context.get('prefer'))
  const settled = waitS === 0 ? undefined : await waitFor(id, waitS, context, ports)
  if (settled === undefined) answerQueued(context, id, job, ports)
  else answerSettled(context, settled, ports)
}

async function waitFor(id: JobId, waitS: number, context: Context, ports: ReceiverPorts): Promise<JobView | undefined> {
  const gone = new AbortController()
  const onClose = () => {
    gone.abort()
  }
  context.res.once('close', onClose)
  try {
    return await ports.whenSettled(id, AbortSignal.any([gone.signal, AbortSignal.timeout(waitS * 1000)]))
  } finally {
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
    attach_command: ports.attachCommand(session),
    status_url: `/jobs/${id}`,
  }
}

function answerSettled(context: Context, settled: JobView, ports: ReceiverPorts): void {
  const { result } = settled
  if (result === undefined || result.status === 'failed' || result.status === 'cancelled') {
    fail(context, 500, result?.error.message ?? 'the job ended without a result')
    context.body = { status: 'error', message: result?.error.message, job_id: settled.id }
    return
  }
  context.status = 200
  context.body = {
    status: 'success',
    session: result.session,
    attach_command: result.attach_command,
    job_id: settled.id,
    job: describeJob(settled, ports),
  }
}

function wantedWaitS(prefer: string): number {
  const wanted = /(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])/.exec(prefer)?.[1]
  return wanted === undefined ? 0 : Math.min(Number(wanted), maxWaitS)
}
