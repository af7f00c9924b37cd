import type { Context } from 'koa'
import { parseJobBody } from '../job/job.js'
import type { FieldProblem } from '../support/field-problem.js'
import { admit, overRate } from './admit.js'
import { fail, failFields } from './answer.js'
import { hasSecrets, isSignature, verifySignature, type Accepted } from './authenticate.js'
import { bodyReader, parseJson, readRawBody, type RawBody } from './body.js'
import { createEventRoute } from './github/receive-event.js'
import type { ReceiverPorts } from './ports.js'
import { provenanceOf, queueJob } from './queue-job.js'

/**
 * `POST /create-session`: who calls is known before anything is parsed, what is asked for is known to be sound
 * before anything is stored, and a 2xx is sent only after the job is on disk.
 */
export function createSessionRoute(ports: ReceiverPorts): (context: Context) => Promise<void> {
  const readAuthenticated = bodyReader(ports.limits.otherBytes)
  const receiveEvent = createEventRoute(ports)

  return async (context) => {
    if (context.request.is('application/json') !== 'application/json') {
      fail(context, 415, 'the body must be JSON; send Content-Type: application/json')
      return
    }
    if (!['', 'identity'].includes(context.get('content-encoding').toLowerCase())) {
      fail(context, 415, 'the body is compressed; send it plain, without Content-Encoding')
      return
    }
    const signed = context.get('x-hub-signature-256') !== '' && hasSecrets(ports.secrets)
    const read = signed ? await readSigned(context, ports) : await readUnsigned(context, ports, readAuthenticated)
    if (read === undefined) return
    const isEvent = context.get('x-github-event') !== ''
    if (isEvent && read.caller.kind !== 'signature') {
      const remedy = 'set a secret in the webhook and in auth.github_secrets'
      fail(context, 401, `a GitHub event needs X-Hub-Signature-256; ${remedy}`)
      return
    }
    const json = parseJson(read.bytes)
    if (!json.ok) {
      fail(context, 400, json.message)
      return
    }
    if (isEvent) {
      await receiveEvent(context, json.value)
      return
    }
    const keyed = withIdempotencyKey(json.value, context.get('idempotency-key'))
    const parsed = keyed.ok ? parseJobBody(keyed.body) : keyed
    if (!parsed.ok) {
      failFields(context, parsed.problems)
      return
    }
    const problems = await ports.checkJob(parsed.job)
    if (problems.length > 0) {
      failFields(context, problems)
      return
    }
    await queueJob(context, parsed.job, provenanceOf(context, parsed.job, read.caller), ports)
  }
}

interface Read {
  readonly caller: Accepted
  readonly bytes: Buffer
}

/** Signed calls are exempt from the rate, unless they fail; a header that can't fit costs no reading. */
async function readSigned(context: Context, ports: ReceiverPorts): Promise<Read | undefined> {
  const header = context.get('x-hub-signature-256')
  const { github_secrets: secrets } = ports.secrets
  if (!isSignature(header) || secrets.length === 0) {
    if (await overRate(context, ports)) return undefined
    const because = secrets.length === 0 ? 'auth.github_secrets is empty' : 'it is not sha256= and 64 hex digits'
    fail(context, 401, `X-Hub-Signature-256 can't be accepted: ${because}`)
    return undefined
  }
  const bytes = readable(context, await readRawBody(context.req, ports.limits.signedBytes), ports.limits.signedBytes)
  if (bytes === undefined) return undefined
  if (verifySignature(bytes, header, secrets)) return { caller: { kind: 'signature' }, bytes }
  if (await overRate(context, ports)) return undefined
  fail(context, 401, 'X-Hub-Signature-256 does not fit the body under any of auth.github_secrets')
  return undefined
}

async function readUnsigned(
  context: Context,
  ports: ReceiverPorts,
  read: (context: Context) => Promise<RawBody>,
): Promise<Read | undefined> {
  const caller = await admit(context, ports)
  if (caller === undefined) return undefined
  const bytes = readable(context, await read(context), ports.limits.otherBytes)
  return bytes === undefined ? undefined : { caller, bytes }
}

/** The bytes, or undefined where the refusal was answered. */
function readable(context: Context, body: RawBody, maxBytes: number): Buffer | undefined {
  switch (body.kind) {
    case 'bytes':
      return body.bytes
    case 'aborted':
      fail(context, 400, 'the body ended early')
      return undefined
    case 'too-large':
      fail(context, 413, `the body is larger than ${maxBytes.toString()} bytes; put long text behind tracker_url`)
      return undefined
  }
}

/** The header is the field of the same meaning; where both are given, they must agree. */
function withIdempotencyKey(
  body: unknown,
  key: string,
): { readonly ok: true; readonly body: unknown } | { readonly ok: false; readonly problems: readonly FieldProblem[] } {
  if (key === '' || typeof body !== 'object' || body === null || Array.isArray(body)) return { ok: true, body }
  const given: unknown = 'idempotency_key' in body ? body.idempotency_key : undefined
  if (given === undefined || given === key) return { ok: true, body: { ...body, idempotency_key: key } }
  const message = 'differs from the header Idempotency-Key'
  return { ok: false, problems: [{ field: 'idempotency_key', message, remedy: 'send one of the two' }] }
}
