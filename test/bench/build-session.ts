import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { secret, token, type Place } from './place.js'

/** Of every session, on all sides. */
export const panes = 4

/** Milliseconds from sending the POST to the session's standing; what follows is waited for, outside the time. */
export async function buildByDaemon(on: Place, project: string, url: string): Promise<number> {
  const standing = on.tmux.watch.standing(`${project}-dev`, panes)
  const begunMs = performance.now()
  const posted = await post(on, project, url)
  const ms = (await standing) - begunMs
  await settled(on, posted)
  return ms
}

/** A job over HTTP, signed as GitHub signs. @returns the path at which it tells its state */
export async function post(on: Place, project: string, url: string): Promise<string> {
  const body = JSON.stringify({ project_name: project, repo_url: url })
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const response = await fetch(`${on.daemon.url}/create-session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
  })
  const answer = (await response.json()) as { readonly status_url?: string }
  if (response.status !== 202) throw new Error(`POST gave ${response.status.toString()}: ${JSON.stringify(answer)}`)
  return answer.status_url ?? ''
}

/** @throws where the job failed */
export async function settled(on: Place, path: string): Promise<void> {
  for (let tries = 0; tries < 2400; tries += 1) {
    const response = await fetch(`${on.daemon.url}${path}`, { headers: { authorization: `Bearer ${token}` } })
    const job = (await response.json()) as { readonly state?: string }
    if (job.state === 'done') return
    if (job.state === 'failed') throw new Error(`the job failed: ${JSON.stringify(job)}`)
    await sleep(25)
  }
  throw new Error('the job does not settle')
}

/** Milliseconds from the start of a program that makes the session itself to the session's standing. */
export async function buildByProgram(on: Place, project: string, command: readonly string[]): Promise<number> {
  const standing = on.tmux.watch.standing(`${project}-dev`, panes)
  const begunMs = performance.now()
  await finished(on, command)
  return (await standing) - begunMs
}

/** Runs it to its end. @throws where that is not a good one */
export async function finished(
  { bench }: Pick<Place, 'bench'>,
  [program = '', ...args]: readonly string[],
  input = '',
): Promise<void> {
  const child = spawn(program, args, { env: bench.environment, stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  child.stdin.end(input)
  const [code] = (await ended) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}`)
}

/** A person's own script: a plain git clone and one chained tmux call. */
export function plainScript(on: Place): readonly string[] {
  return ['bash', join(on.bench.root, 'test', 'bench', 'peers', 'plain-session.sh'), on.tmux.socketName, on.projects]
}

/** Checks that there is a working copy, and removes all of the session, so that the daemon has nothing to note of it later. */
export async function tidy(on: Place, project: string): Promise<void> {
  const folder = join(on.projects, project)
  await access(join(folder, 'README.md'))
  const kept = join(on.home, 'state', 'sessions', `${project}-dev`)
  await Promise.all([`${kept}.yaml`, kept].map((path) => rm(path, { force: true, recursive: true })))
  await on.tmux.endSession(`${project}-dev`)
  await rm(folder, { recursive: true })
}
