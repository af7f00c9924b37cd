import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

/**
 * How a call is answered, other than as GitHub does. `hang`: not at all. `lost`, `stall`: it is carried out, and the answer
 * is cut off, or does not come.
 */
export type Fault =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'hang' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'odd'; readonly body: string }

export interface StoredComment {
  readonly id: number
  /** `acme/shop#7` */
  readonly issue: string
  body: string
  updatedAt: Date
}

/** A call as it came. */
export interface ApiCall {
  /** `POST /repos/acme/shop/issues/7/comments` */
  readonly line: string
  readonly authorization: string | undefined
  readonly userAgent: string | undefined
  /** On the monotonic clock. */
  readonly atMs: number
}

/** A stand-in for GitHub's API on loopback, as far as comments of issues go. */
export interface GithubApi {
  readonly url: string
  readonly calls: readonly ApiCall[]
  /** What stands there now, the oldest first; a test may change it, as a person does. */
  readonly comments: StoredComment[]
  /** The bodies that a comment has had, the oldest first. */
  readonly bodies: string[]
  /** The next calls go wrong in these ways, one each. */
  failWith(...faults: readonly Fault[]): void
  /** Ends it and starts it again later on the same port. */
  down(): Promise<void>
  up(): Promise<void>
}

const token = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'

/** A token of the form that GitHub's have. */
export const githubToken = token

/** Starts it on a free port; the calling test's end stops it. */
export async function githubApi(): Promise<GithubApi> {
  const calls: ApiCall[] = []
  const comments: StoredComment[] = []
  const bodies: string[] = []
  const faults: Fault[] = []
  let nextId = 1000

  const change = (issue: string, body: string): StoredComment => {
    nextId += 1
    const made = { id: nextId, issue, body, updatedAt: new Date() }
    comments.push(made)
    bodies.push(body)
    return made
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { authorization, 'user-agent': userAgent } = request.headers
    const url = new URL(request.url ?? '/', 'http://localhost')
    calls.push({ line: `${request.method ?? ''} ${url.pathname}`, authorization, userAgent, atMs: performance.now() })
    const text = await textOf(request)
    const fault = faults.shift()
    switch (fault?.kind) {
      case 'status':
        sendJson(response, fault.status, { message: `told to answer ${fault.status.toString()}` }, fault.headers)
        return
      case 'hang':
        return
      case 'odd':
        response.writeHead(201, { 'content-type': 'application/json' }).end(fault.body)
        return
      case 'lost':
      case 'stall':
      case undefined:
        break
    }
    const answer = answerTo(request.method ?? '', url, text)
    if (fault?.kind === 'lost') response.destroy()
    else if (fault?.kind !== 'stall') sendJson(response, answer.status, answer.body)
  }

  const answerTo = (method: string, url: URL, text: string): { status: number; body: unknown } => {
    const missing = { status: 404, body: { message: 'Not Found' } }
    const list = /^\/repos\/([^/]+\/[^/]+)\/issues\/(\d+)\/comments$/.exec(url.pathname)
    const one = /^\/repos\/([^/]+\/[^/]+)\/issues\/comments\/(\d+)$/.exec(url.pathname)
    const issue = list === null ? '' : `${list[1] ?? ''}#${list[2] ?? ''}`
    if (list !== null && method === 'POST') return { status: 201, body: view(change(issue, bodyIn(text))) }
    if (list !== null && method === 'GET') {
      const [since, page, size] = ['since', 'page', 'per_page'].map((name) => url.searchParams.get(name) ?? '')
      const all = comments.filter((made) => made.issue === issue && made.updatedAt >= new Date(since ?? 0))
      const begin = (Number(page) - 1) * Number(size)
      return { status: 200, body: all.slice(begin, begin + Number(size)).map(view) }
    }
    const found = comments.find(({ id }) => id.toString() === one?.[2])
    if (method !== 'PATCH' || found === undefined) return missing
    Object.assign(found, { body: bodyIn(text), updatedAt: new Date() })
    bodies.push(found.body)
    return { status: 200, body: view(found) }
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  })
  const up = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
      server.closeAllConnections()
    })
  await up(0)
  onTestFinished(down)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port')
  return {
    url: `http://127.0.0.1:${address.port.toString()}`,
    calls,
    comments,
    bodies,
    failWith: (...more) => {
      faults.push(...more)
    },
    down,
    up: () => up(address.port),
  }
}

function view({ id, body }: StoredComment): object {
  return { id, body, user: { login: 'devorch-bot' } }
}

function bodyIn(text: string): string {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed === 'object' && parsed !== null && 'body' in parsed && typeof parsed.body === 'string') {
    return parsed.body
  }
  throw new Error(`no comment: ${text}`)
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}
