import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Problem } from '../../src/support/problem.js'
import { describeFailure, run } from '../../src/support/process.js'
import { pageText } from './page.js'
import type { Serving } from './recipe.js'

const startMs = 120_000

/** Starts a project's server, looks at what comes from it, and ends it. @throws Problem */
export async function checkServing(
  kind: 'page' | 'answer',
  serving: Serving,
  where: { readonly project: string; readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<void> {
  const port = (await freePort()).toString()
  const url = `http://localhost:${port}${serving.path}`
  const [program = '', ...args] = serving.serve.map((part) => part.replaceAll('{port}', port))
  const done = new AbortController()
  const server = run(program, args, {
    timeoutMs: 2 * startMs,
    cwd: where.project,
    env: { ...where.env, PORT: port },
    signal: AbortSignal.any([where.signal, done.signal]),
  })
  let ended = false
  void server.finally(() => {
    ended = true
  })
  let seen = ''
  try {
    const plain = await firstAnswer(url, () => ended)
    if (plain !== undefined) seen = kind === 'page' ? await pageText(url, where.signal) : plain
  } finally {
    done.abort()
  }
  const result = await server
  if (seen.includes(serving.shows)) return
  const shown = seen === '' ? describeFailure(result) : `it shows ${JSON.stringify(seen.slice(0, 2000))}`
  const because = `${shown}\n${result.stdout}${result.stderr}`
  throw new Problem({ doing: `look for "${serving.shows}" at ${url}`, because, remedy: 'mend template or recipe' })
}

/** The body of the first answer that is none of a failing server's; undefined where there is none in time. */
async function firstAnswer(url: string, isOver: () => boolean): Promise<string | undefined> {
  const untilMs = Date.now() + startMs
  while (!isOver() && Date.now() < untilMs) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(startMs) })
      const body = await response.text()
      if (response.ok) return body
    } catch {
      // Not listening yet.
    }
    await sleep(200)
  }
  return undefined
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise((done) => server.close(done))
  return port
}
