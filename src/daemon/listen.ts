import { createServer, type RequestListener, type Server } from 'node:http'
import { isLoopback } from '../receiver/peer.js'
import type { Logger } from '../support/log.js'
import { codeOf, messageOf, Problem } from '../support/problem.js'

/** Time for the head of a request, and for all of it: a caller that trickles bytes is cut off. */
export interface ListenLimits {
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** How often connections are looked at for both. */
  readonly checkMs: number
}

const defaultLimits: ListenLimits = { headersTimeoutMs: 10_000, requestTimeoutMs: 30_000, checkMs: 1000 }

/** Where to listen. `port` 0: any free one. `fd`: a socket that listens already, whose address then stands. */
export type ListenAddress = { readonly host: string; readonly port: number } | { readonly fd: number }

export interface Listening {
  readonly server: Server
  readonly url: string
  /** The address that is really listened on: of this machine, or the path of a unix socket. */
  readonly host: string
}

/** Listens, or says why it can't. @throws Problem */
export async function listen(
  handle: RequestListener,
  address: ListenAddress,
  log: Logger,
  limits: ListenLimits = defaultLimits,
): Promise<Listening> {
  const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout, checkMs } = limits
  const server = createServer({ headersTimeout, requestTimeout, connectionsCheckingInterval: checkMs }, handle)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new Problem({
          doing: `listen on ${'fd' in address ? 'the socket of systemd' : `${address.host}:${address.port.toString()}`}`,
          because: codeOf(error) === 'EADDRINUSE' ? 'the port is taken' : messageOf(error),
          remedy:
            'fd' in address
              ? 'give dev-orchestrator.socket a ListenStream='
              : 'set server.port in config.yaml, or DEVORCH_PORT',
          cause: error,
        }),
      )
    })
    server.listen(address, resolve)
  })
  server.on('error', (error) => {
    log.error('a connection could not be accepted', { error })
  })
  const bound = server.address()
  if (bound === null || typeof bound === 'string') return { server, url: `unix:${bound ?? ''}`, host: bound ?? '' }
  // A name is told as it was given.
  const host = 'fd' in address ? bound.address : address.host
  return { server, url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port.toString()}`, host }
}

/** Takes no new call, lets those under way finish for `graceMs`, then cuts the rest off. */
export async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
  })
  server.closeIdleConnections()
  const timer = setTimeout(() => {
    server.closeAllConnections()
  }, graceMs)
  await closed
  clearTimeout(timer)
}

/** With no secret anybody who reaches the port could start sessions, so then it must be out of reach. @throws Problem */
export function refuseOpenAddress(host: string, secrets: boolean): void {
  if (secrets || host === 'localhost' || isLoopback(host)) return
  throw new Problem({
    doing: `listen on ${host}`,
    because: 'no secret is configured, so only this machine may be served',
    remedy: 'set auth.github_secrets or auth.tokens in config.yaml, or server.host: 127.0.0.1',
    field: 'server.host',
  })
}
