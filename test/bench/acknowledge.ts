import { execFile, fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startDaemonProcess } from '../support/daemon-process.js'
import { spreadOf, type Spread } from './figures.js'

/*
 * How many calls a second are acknowledged, each once its job is on disk for good: signed POSTs over 32 connections to `devorch serve`, whose
 * worker is paused, beside a loop that does nothing but write such files, and adnanh/webhook, which stores nothing. Every side is a process of
 * its own, and so is the caller. docs/benchmarks.md says what the rows mean.
 */

/** What the caller is to send, and the status that it must get. */
export interface LoadOrder {
  readonly port: number
  readonly what: 'event' | 'job'
  readonly status: number
  readonly secret: string
  readonly connections: number
  readonly count: number
  /** The number of the first; none is used twice. */
  readonly from: number
}

export interface FloorOrder {
  readonly folder: string
  readonly inFlight: number
  readonly count: number
  readonly from: number
  /** The size of each file. */
  readonly bytes: number
}

export interface Acknowledged {
  readonly seconds: number
  readonly latenciesMs: readonly number[]
}

/** One line of the table. */
export interface AcknowledgementRow {
  readonly what: string
  readonly perSecond: Spread
  readonly p99Ms: Spread
  /** The median rate by that of the bare loop. */
  readonly times: number
  /** What `times` must be at least and `p99Ms` less than; null: reported without a target. */
  readonly target: { readonly times: number; readonly p99Ms: number } | null
}

const secret = 'secret-of-the-bench'
const connections = 32
const perRound = 3000
const target = { times: 0.6, p99Ms: 100 }

/** A round of calls, and what is to be done after it, outside the time. */
interface Side {
  readonly what: string
  readonly target: AcknowledgementRow['target']
  round(from: number): Promise<Acknowledged>
  after(): Promise<void>
}

/** @param root of the checkout, whose dist/ is started. @returns the rows, the bare loop first, and a word on what was left out */
export async function measureAcknowledgements(
  root: string,
  rounds: number,
): Promise<{ readonly rows: readonly AcknowledgementRow[]; readonly note: string }> {
  const releases: (() => Promise<unknown>)[] = []
  try {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'devorch-bench-')))
    releases.push(() => rm(folder, { recursive: true, force: true }))
    const caller = helper<LoadOrder>('acknowledge-load.js')
    releases.push(caller.close)
    const daemon = await daemonSides(root, folder, caller.ask, releases)
    const floor = await floorSide(folder, daemon.jobFileBytes, releases)
    const webhook = await webhookSides(folder, caller.ask, releases)
    return {
      rows: await takeTurns([floor, ...daemon.sides, ...(webhook ?? [])], rounds),
      note: webhook === undefined ? noWebhook : '',
    }
  } finally {
    for (const release of releases.reverse()) await release()
  }
}

/** The rows as a table for people, in Markdown. */
export function acknowledgementTable(rows: readonly AcknowledgementRow[]): string {
  const lines = rows.map((row) => {
    const met = row.target !== null && row.times >= row.target.times && row.p99Ms.median < row.target.p99Ms
    const wanted =
      row.target === null
        ? ''
        : `${row.target.times.toString()}, ${row.target.p99Ms.toString()} ms: ${met ? 'met' : 'MISSED'}`
    return [row.what, range(row.perSecond, 0), range(row.p99Ms, 1), row.times.toFixed(2), wanted]
  })
  const head = ['answered by', 'a second', 'p99, ms', 'of the bare loop', 'target']
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function range({ median, min, max }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)}…${max.toFixed(digits)})`
}

/** They take turns, and take turns at being first, so that a drift of the machine meets all of them; the first round is not counted. */
async function takeTurns(sides: readonly Side[], rounds: number): Promise<AcknowledgementRow[]> {
  const figures = sides.map(() => ({ perSecond: [] as number[], p99Ms: [] as number[] }))
  for (let round = 0; round <= rounds; round += 1) {
    for (let turn = 0; turn < sides.length; turn += 1) {
      const index = (turn + round) % sides.length
      const side = sides[index]
      if (side === undefined) continue
      const { seconds, latenciesMs } = await side.round(1 + (round * sides.length + turn) * perRound)
      await side.after()
      if (round === 0) continue
      figures[index]?.perSecond.push(latenciesMs.length / seconds)
      figures[index]?.p99Ms.push(
        [...latenciesMs].sort((a, b) => a - b)[Math.floor(latenciesMs.length * 0.99)] ?? Number.NaN,
      )
    }
  }
  const rows = sides.map((side, index) => ({
    what: side.what,
    target: side.target,
    perSecond: spreadOf(figures[index]?.perSecond ?? []),
    p99Ms: spreadOf(figures[index]?.p99Ms ?? []),
  }))
  return rows.map((row) => ({ ...row, times: row.perSecond.median / (rows[0]?.perSecond.median ?? Number.NaN) }))
}

type Ask<Order> = (order: Order) => Promise<Acknowledged>

/** A process that runs a file beside this one and answers each order. */
function helper<Order extends object>(file: string): { readonly ask: Ask<Order>; readonly close: () => Promise<void> } {
  const child = fork(join(import.meta.dirname, file), { serialization: 'advanced' })
  return {
    ask(order) {
      return new Promise((resolve, reject) => {
        const failed = () => {
          reject(new Error(`${file} has ended`))
        }
        child.once('exit', failed)
        child.once('message', (answer) => {
          child.off('exit', failed)
          resolve(answer as unknown as Acknowledged)
        })
        child.send(order)
      })
    },
    close: () => ended(child),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill()
  await exit
}

async function daemonSides(
  root: string,
  folder: string,
  ask: Ask<LoadOrder>,
  releases: (() => Promise<unknown>)[],
): Promise<{ readonly sides: readonly Side[]; readonly jobFileBytes: number }> {
  const home = join(folder, 'devorch')
  const environment = {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: folder,
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    TMUX_TMPDIR: folder,
  }
  const daemon = await startDaemonProcess({
    root,
    home,
    environment,
    config: {
      auth: { github_secrets: [secret] },
      tmux: { socket_name: 'bench' },
      agents: { cat: { kind: 'command', command: ['cat'] } },
      default_agent: 'cat',
    },
  })
  releases.push(() => daemon.stop())
  await promisify(execFile)(process.execPath, [join(root, 'dist', 'main.js'), 'pause'], {
    env: { ...environment, DEVORCH_HOME: home },
  })
  const inbox = join(home, 'inbox')
  const files = async () =>
    (await readdir(inbox)).filter((name) => name.endsWith('.yaml')).map((name) => join(inbox, name))
  const port = Number(new URL(daemon.url).port)
  const empty = async () => {
    const all = await files()
    for (const file of all) await rm(file)
    await sleep(200)
    return all.length
  }
  const side = (title: string, what: LoadOrder['what']): Side => ({
    what: title,
    target,
    round: (from) => ask({ port, what, status: 202, secret, connections, count: perRound, from }),
    async after() {
      const stored = await empty()
      if (stored !== perRound)
        throw new Error(`${perRound.toString()} were acknowledged, ${stored.toString()} are in the inbox`)
    },
  })
  await ask({ port, what: 'event', status: 202, secret, connections: 1, count: 1, from: 1 })
  const [first = ''] = await files()
  const { size } = await stat(first)
  await empty()
  return { sides: [side('devorch, an event of GitHub', 'event'), side('devorch, a job', 'job')], jobFileBytes: size }
}

async function floorSide(folder: string, bytes: number, releases: (() => Promise<unknown>)[]): Promise<Side> {
  const files = join(folder, 'floor')
  await mkdir(files)
  const floor = helper<FloorOrder>('acknowledge-floor.js')
  releases.push(floor.close)
  return {
    what: `bare loop, files of ${bytes.toString()} bytes`,
    target: null,
    round: (from) => floor.ask({ folder: files, inFlight: connections, count: perRound, from, bytes }),
    async after() {
      await rm(files, { recursive: true })
      await mkdir(files)
    },
  }
}

const noWebhook = 'adnanh/webhook is not installed, so it was not measured: apt-get install webhook'

/** adnanh/webhook with the same signature check, running /bin/true; undefined where it is not installed. */
async function webhookSides(
  folder: string,
  ask: Ask<LoadOrder>,
  releases: (() => Promise<unknown>)[],
): Promise<readonly Side[] | undefined> {
  const signed = { type: 'payload-hmac-sha256', secret, parameter: { source: 'header', name: 'X-Hub-Signature-256' } }
  const hooks = [
    {
      id: 'create-session',
      'execute-command': '/bin/true',
      'trigger-rule-mismatch-http-response-code': 403,
      'trigger-rule': { match: signed },
    },
  ]
  await writeFile(join(folder, 'hooks.json'), JSON.stringify(hooks))
  const port = await freePort()
  const options = ['-hooks', join(folder, 'hooks.json'), '-ip', '127.0.0.1', '-port', port.toString(), '-urlprefix', '']
  const child = spawn('webhook', options, { stdio: 'ignore' })
  try {
    await once(child, 'spawn')
  } catch {
    return undefined
  }
  releases.push(() => ended(child))
  await sleep(500)
  const side = (title: string, what: LoadOrder['what']): Side => ({
    what: title,
    target: null,
    round: (from) => ask({ port, what, status: 200, secret, connections, count: perRound, from }),
    after: () => childless(child.pid ?? 0),
  })
  return [
    side('webhook (nothing stored), the same event', 'event'),
    side('webhook (nothing stored), the same job', 'job'),
  ]
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
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
