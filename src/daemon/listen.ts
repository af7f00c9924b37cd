import { createServer, type Server } from 'node:http'
import type Koa from 'koa'
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

/** Listens, or says why it can't. `port` 0: any free one. @throws Problem */
export async function listen(
  app: Koa,
  address: { readonly host: string; readonly port: number },
  log: Logger,
  limits: ListenLimits = defaultLimits,
): Promise<{ server: Server; url: string }> {
  const handle = app.callback()
  const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout, checkMs } = limits
  const server = createServer(
    { headersTimeout, requestTimeout, connectionsCheckingInterval: checkMs },
    (request, response) => void handle(request, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new Problem({
          doing: `listen on ${address.host}:${address.port.toString()}`,
          because: codeOf(error) === 'EADDRINUSE' ? 'the port is taken' : messageOf(error),
          remedy: 'set server.port in config.yaml, or DEVORCH_PORT',
          cause: error,
        }),
      )
    })
    server.listen(address.port, address.host, resolve)
  })
  server.on('error', (error) => {
    log.error('a connection could not be accepted', { error })
  })
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
  return { server, url: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port.toString()}` }
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
