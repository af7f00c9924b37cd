import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isLoopback, peerUid } from './peer.js'

/** The secrets of which a caller must know one. All empty: loopback callers of the same user only. */
export interface Secrets {
  readonly github_secrets: readonly string[]
  readonly tokens: readonly string[]
  readonly basic: readonly { readonly user: string; readonly password: string }[]
}

export function hasSecrets(secrets: Secrets): boolean {
  return secrets.github_secrets.length + secrets.tokens.length + secrets.basic.length > 0
}

/** How a caller showed who it is. */
export type Accepted =
  | { readonly kind: 'signature' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'basic'; readonly user: string }
  | { readonly kind: 'same-user' }

/** The HTTP status and the reason. */
export interface Refused {
  readonly kind: 'refused'
  readonly status: 401 | 403
  readonly message: string
}

/**
 * Checks GitHub's `X-Hub-Signature-256`, `sha256=<64 hex digits>`: the HMAC of the raw bytes under any of the
 * configured secrets (several: rotation). Source: GitHub's documentation, "Validating webhook deliveries".
 */
export function verifySignature(body: Uint8Array, header: string, secrets: readonly string[]): boolean {
  if (!isSignature(header)) return false
  const given = Buffer.from(header.slice('sha256='.length), 'hex')
  // Every secret is tried, so that the time does not tell which one fits.
  return secrets
    .map((secret) => timingSafeEqual(given, createHmac('sha256', secret).update(body).digest()))
    .includes(true)
}

/** Whether the header is shaped like a signature: what is not is refused before a body is read. */
export function isSignature(header: string): boolean {
  return /^sha256=[0-9a-f]{64}$/i.test(header)
}

/** Checks what needs no body: Bearer, Basic, or, with no secret configured, that the caller is this very user. */
export async function authenticate(request: IncomingMessage, secrets: Secrets): Promise<Accepted | Refused> {
  if (!hasSecrets(secrets)) return await sameUser(request)
  const header = request.headers.authorization
  if (header === undefined) {
    return refuse(401, 'no credentials: send X-Hub-Signature-256, or Authorization with Bearer or Basic')
  }
  const [, scheme = '', value = ''] = /^(\S+) *(.*)$/.exec(header) ?? []
  switch (scheme.toLowerCase()) {
    case 'bearer':
      if (secrets.tokens.map((token) => same(token, value)).includes(true)) return { kind: 'bearer' }
      return refuse(401, 'the Bearer token is not one of auth.tokens')
    case 'basic': {
      const pair = Buffer.from(value, 'base64').toString('utf8')
      const [found] = secrets.basic.filter(({ user, password }) => same(`${user}:${password}`, pair))
      return found === undefined
        ? refuse(401, 'user and password are not among auth.basic')
        : { kind: 'basic', user: found.user }
    }
    default:
      return refuse(401, 'the Authorization scheme is not known: use Bearer or Basic')
  }
}

/**
 * With no secret, only programs of the same user, or root, on this machine are served. A web page in a browser of
 * this machine is kept out by the Host header (DNS rebinding), the Origin header and the media type.
 */
async function sameUser(request: IncomingMessage): Promise<Accepted | Refused> {
  const none = 'no secret is configured (auth in config.yaml), so'
  const host = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '')
  // An address can't be rebound to another one, a name can.
  if (host !== 'localhost' && !isLoopback(host.replace(/^\[(.*)\]$/, '$1')))
    return refuse(403, `${none} the Host must be localhost`)
  if (request.headers.origin !== undefined) return refuse(403, `${none} web pages are not served`)
  if (request.headers['x-github-event'] !== undefined) return refuse(403, `${none} GitHub events are not accepted`)
  for (const name of ['forwarded', 'x-forwarded-for', 'x-real-ip']) {
    if (request.headers[name] !== undefined) return refuse(403, `${none} proxied requests are not accepted`)
  }
  if (!isLoopback(request.socket.remoteAddress)) return refuse(403, `${none} only this machine is served`)
  const uid = await peerUid(request.socket)
  if (uid === undefined || (uid !== 0 && uid !== process.getuid?.())) {
    return refuse(403, `${none} only the user that runs the daemon is served`)
  }
  return { kind: 'same-user' }
}

function refuse(status: 401 | 403, message: string): Refused {
  return { kind: 'refused', status, message }
}

/** Compares in a time that tells neither the length nor the first difference. */
function same(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
