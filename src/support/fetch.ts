import { request as requestHttp, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { canonicalHost, resolvePublic, type Resolve } from './address.js'
import { codeOf, messageOf } from './problem.js'

export interface FetchOptions {
  readonly maxBytes: number
  /** For everything together: resolving, connecting, redirects, the body. */
  readonly timeoutMs: number
  /** True: private addresses and plain http are allowed, for every host. */
  readonly allowPrivate: boolean
  /** Hosts whose private addresses are allowed, over https. */
  readonly allowHosts?: readonly string[] | undefined
  readonly resolve?: Resolve | undefined
  /** Sent to the origin of `url` only, never to where it redirects. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export type Fetched =
  | { readonly ok: true; readonly bytes: Buffer; readonly contentType: string }
  | { readonly ok: false; readonly because: string; readonly remedy: string; readonly transient: boolean }

type Refusal = Extract<Fetched, { ok: false }>
type Step = Fetched | { readonly redirect: string }

const maxRedirects = 5

/**
 * Fetches one document by GET from an address that came from outside. Every host, also of every redirect, is
 * resolved once, checked, and the checked address is the one connected to. Expected failures are values; `because`
 * and `remedy` never hold the address itself, which may carry a secret.
 */
export async function fetchBounded(url: string, options: FetchOptions): Promise<Fetched> {
  const deadline = AbortSignal.timeout(options.timeoutMs)
  let current = parse(url, undefined, options)
  if ('ok' in current) return current
  const { origin } = current
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const headers = current.origin === origin ? (options.headers ?? {}) : {}
    const step = await get(current, headers, deadline, options)
    if ('ok' in step) return step
    const next = parse(step.redirect, current, options)
    if ('ok' in next) return { ...next, because: `it redirects, and ${next.because}` }
    current = next
  }
  return refuse(`it redirects more than ${maxRedirects.toString()} times`, 'give the final address')
}

function parse(text: string, base: URL | undefined, options: FetchOptions): URL | Refusal {
  if (!URL.canParse(text, base?.href)) return refuse('the address is not a valid URL', 'give a full https:// address')
  const url = new URL(text, base?.href)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return refuse(`the protocol ${url.protocol.slice(0, 20)} is not supported`, 'give an https:// address')
  }
  if (base?.protocol === 'https:' && url.protocol === 'http:') {
    return refuse('it goes from https to http', 'give an address that stays on https')
  }
  if (url.protocol === 'http:' && !options.allowPrivate)
    return refuse('http is not allowed', 'give an https:// address')
  if (url.username !== '' || url.password !== '') {
    return refuse('the address carries a user name or password', 'give an address without credentials')
  }
  if (canonicalHost(url.hostname) === undefined) {
    return refuse('the host name is not valid', 'check the address')
  }
  return url
}

async function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  deadline: AbortSignal,
  options: FetchOptions,
): Promise<Step> {
  const host = canonicalHost(url.hostname)
  const allowed = options.allowHosts?.some((name) => canonicalHost(name) === host) ?? false
  const resolution = await withDeadline(
    resolvePublic(url.hostname, { allowPrivate: options.allowPrivate || allowed, resolve: options.resolve }),
    deadline,
  )
  if (resolution === 'timed-out') return timedOut(options)
  if (!resolution.ok) {
    const remedy = resolution.transient ? 'check the address, or try again later' : 'give the address of a public host'
    return { ok: false, because: resolution.because, remedy, transient: resolution.transient }
  }
  try {
    const response = await connect(url, resolution.addresses, headers, deadline)
    try {
      return await readResponse(response, options)
    } finally {
      response.destroy()
    }
  } catch (error) {
    if (deadline.aborted) return timedOut(options)
    const code = codeOf(error) ?? ''
    const certificate = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)
    return {
      ok: false,
      because: `the connection failed (${code === '' ? messageOf(error) : code})`,
      remedy: certificate ? 'the certificate of the host is not trusted here: mend it' : 'check that the host answers',
      transient: !certificate,
    }
  }
}

function connect(
  url: URL,
  addresses: readonly string[],
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((done, failed) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      headers: { 'user-agent': 'dev-orchestrator', accept: '*/*', 'accept-encoding': 'identity', ...headers },
      agent: false,
      lookup: pinned(addresses),
      signal,
    })
    request.once('response', done)
    request.once('error', failed)
    request.end()
  })
}

/** A resolver for node:net that answers with the checked addresses and nothing else. */
function pinned(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: isIP(address) }))
  return (host, options, callback) => {
    const first = entries[0]
    if (first === undefined) callback(new Error(`no checked address of ${host}`), '', 4)
    else if (options.all === true) callback(null, entries)
    else callback(null, first.address, first.family)
  }
}

async function readResponse(response: IncomingMessage, options: FetchOptions): Promise<Step> {
  const status = response.statusCode ?? 0
  if ([301, 302, 303, 307, 308].includes(status)) {
    const location = response.headers.location
    if (location === undefined) return refuse('it redirects to nowhere', 'check the address')
    return { redirect: location }
  }
  if (status !== 200) return refuseStatus(status)
  const encoding = response.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') return refuse('the answer is compressed unasked', 'give the address of a plain file')
  const tooLarge = refuse(`it is larger than ${options.maxBytes.toString()} bytes`, 'give a smaller document')
  if (Number(response.headers['content-length'] ?? '0') > options.maxBytes) return tooLarge
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('a response without an encoding gives buffers')
    length += chunk.length
    if (length > options.maxBytes) return tooLarge
    chunks.push(chunk)
  }
  return { ok: true, bytes: Buffer.concat(chunks), contentType: response.headers['content-type'] ?? '' }
}

function refuseStatus(status: number): Refusal {
  const transient = status >= 500 || status === 408 || status === 429
  const locked = status === 401 || status === 403
  const remedy = transient
    ? 'try again later'
    : locked
      ? 'give an address that needs no login'
      : 'check that the address opens in a browser'
  return { ok: false, because: `the server answered ${status.toString()}`, remedy, transient }
}

function refuse(because: string, remedy: string): Refusal {
  return { ok: false, because, remedy, transient: false }
}

function timedOut(options: FetchOptions): Refusal {
  const because = `it did not finish within ${(options.timeoutMs / 1000).toString()} s`
  return { ok: false, because, remedy: 'check that the host answers', transient: true }
}

async function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T | 'timed-out'> {
  if (deadline.aborted) return 'timed-out'
  let stop: (() => void) | undefined
  const limit = new Promise<'timed-out'>((done) => {
    stop = () => {
      done('timed-out')
    }
    deadline.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    if (stop !== undefined) deadline.removeEventListener('abort', stop)
  }
}
