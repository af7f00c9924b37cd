import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Bench } from '../row.js'
import { isInstalled } from './installed.js'
import { freePort } from '../../support/free-port.js'

/** A program of others that takes signed calls to `/create-session` and answers with 200. It stores nothing. */
export interface Receiver {
  readonly who: string
  readonly server: ReceiverProcess | null
  /** What a person does to have it. */
  readonly remedy: string
}

export interface ReceiverProcess {
  readonly port: number
  readonly pid: number
  /** Waits until what its answers left to be done has been done. */
  readonly settled: () => Promise<void>
}

const workers = 2
const threads = 16

/** Starts those that are installed. */
export async function startReceivers(bench: Bench, secret: string): Promise<readonly Receiver[]> {
  return [await startWebhook(bench, secret), await startFlask(bench, secret)]
}

/** adnanh/webhook with the same check of the signature, running /bin/true for each call. */
async function startWebhook(bench: Bench, secret: string): Promise<Receiver> {
  const facts = { who: 'webhook, runs /bin/true', remedy: 'apt-get install webhook' }
  if (!(await isInstalled('webhook', bench.environment))) return { ...facts, server: null }
  const signed = { type: 'payload-hmac-sha256', secret, parameter: { source: 'header', name: 'X-Hub-Signature-256' } }
  const hook = {
    id: 'create-session',
    'execute-command': '/bin/true',
    'trigger-rule-mismatch-http-response-code': 403,
    'trigger-rule': { match: signed },
  }
  const file = join(bench.folder, 'hooks.json')
  await writeFile(file, JSON.stringify([hook]))
  const port = await freePort()
  const args = ['-hooks', file, '-ip', '127.0.0.1', '-port', port.toString(), '-urlprefix', '']
  const pid = await startServer(bench, port, ['webhook', ...args])
  return { ...facts, server: { port, pid, settled: () => childless(pid) } }
}

/** A Flask app under gunicorn: two workers, whose threads keep connections open as the others do. */
async function startFlask(bench: Bench, secret: string): Promise<Receiver> {
  const facts = {
    who: `Flask, gunicorn with ${workers.toString()} workers`,
    remedy: 'apt-get install gunicorn python3-flask',
  }
  const app = ['--chdir', join(bench.root, 'test', 'bench', 'peers'), 'flask_app:app']
  const environment = { BENCH_SECRET: secret, PYTHONDONTWRITEBYTECODE: '1' }
  // Imports the app with the Python that gunicorn runs in, which need not be the first one on PATH.
  const check = promisify(execFile)('gunicorn', ['--check-config', ...app], {
    env: { ...bench.environment, ...environment },
  })
  const isThere = await check.then(
    () => true,
    () => false,
  )
  if (!isThere) return { ...facts, server: null }
  const port = await freePort()
  const folder = join(bench.folder, 'gunicorn')
  await mkdir(folder)
  const size = ['--workers', workers.toString(), '--worker-class', 'gthread', '--threads', threads.toString()]
  const place = ['--bind', `127.0.0.1:${port.toString()}`, '--keep-alive', '60', '--worker-tmp-dir', folder]
  const args = ['--log-level', 'error', ...size, ...place, ...app]
  const pid = await startServer(bench, port, ['gunicorn', ...args], environment)
  return { ...facts, server: { port, pid, settled: () => Promise.resolve() } }
}

async function startServer(
  { environment, release }: Bench,
  port: number,
  [program = '', ...args]: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const child = spawn(program, args, { env: { ...environment, ...more }, stdio: ['ignore', 'ignore', 'inherit'] })
  await once(child, 'spawn')
  release(() => ended(child))
  for (let tries = 0; !(await isListening(port)); tries += 1) {
    if (tries >= 300 || child.exitCode !== null) throw new Error(`${program} does not listen`)
    await sleep(100)
  }
  return child.pid ?? 0
}

/** Ends it in order, and waits. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/** It answers before the command has run: waits until a while has passed without one (proc_pid_task(5), children). */
async function childless(pid: number): Promise<void> {
  for (let quiet = 0; quiet < 5; quiet += 1) {
    await sleep(50)
    const tasks = await readdir(`/proc/${pid.toString()}/task`)
    const children = await Promise.all(
      tasks.map((task) => readFile(`/proc/${pid.toString()}/task/${task}/children`, 'utf8').catch(() => '')),
    )
    if (children.some((text) => text !== '')) quiet = 0
  }
}
