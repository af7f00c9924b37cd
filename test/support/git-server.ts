import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface GitServer {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string
  /** What was asked for, as `METHOD /path`, the oldest first. */
  readonly requests: readonly string[]
  close(): Promise<void>
}

/**
 * Serves the repositories under a folder on loopback by git's own http-backend (git-http-backend(1)), as a CGI
 * program. With `basic`, only to who knows it. What `gate` gives for a path comes first: once it resolves the call is
 * served, or, where it gave false, answered with 503.
 */
export async function startGitServer(
  root: string,
  options: {
    readonly basic?: { readonly user: string; readonly password: string }
    readonly gate?: (path: string) => Promise<boolean>
  } = {},
): Promise<GitServer> {
  const requests: string[] = []
  const { basic } = options
  const login = basic === undefined ? undefined : Buffer.from(`${basic.user}:${basic.password}`).toString('base64')
  const server = createServer((request, response) => {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    if (login !== undefined && request.headers.authorization !== `Basic ${login}`) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return
    }
    if (options.gate === undefined) {
      serve(root, request, response)
      return
    }
    void options.gate(request.url ?? '').then((open) => {
      if (open) serve(root, request, response)
      else response.writeHead(503).end()
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port.toString()}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      REMOTE_ADDR: '127.0.0.1',
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: one(request.headers['git-protocol']),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // The client may hang up, and the program may end before it has read everything.
  backend.stdin.on('error', () => undefined)
  response.on('close', () => backend.kill())
  request.pipe(backend.stdin)
  let head: Buffer | undefined = Buffer.alloc(0)
  backend.stdout.on('data', (chunk: Buffer) => {
    if (head === undefined) {
      response.write(chunk)
      return
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    writeHead(response, head.subarray(0, end).toString('latin1'))
    response.write(head.subarray(end + 4))
    head = undefined
  })
  backend.stdout.on('end', () => response.end())
  backend.on('error', () => response.writeHead(500).end())
}

/** RFC 3875, 6.3: headers as in HTTP, and the status as one of them. */
function writeHead(response: ServerResponse, head: string): void {
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    const value = line.slice(colon + 1).trim()
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10)
    else response.setHeader(name, value)
  }
}

function one(header: string | string[] | undefined): string {
  return Array.isArray(header) ? (header[0] ?? '') : (header ?? '')
}
