import { execFile, fork } from 'node:child_process'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startDaemonProcess } from '../../support/daemon-process.js'
import { atLeast, atMost, beside, line, missing, percentile, type Comparison, type Line } from '../figures.js'
import { ended, startReceivers } from '../peers/receivers.js'
import { secret } from '../place.js'
import type { Bench, Row } from '../row.js'
import { takeTurns } from '../turns.js'

/** What the caller is to send, and the status that it must get. */
export interface LoadOrder {
  readonly port: number
  readonly what: Call
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

export type Call = 'event' | 'job'

const connections = 32
const perRound = 2000

/** Calls, and what is to be done after them, outside the time. */
interface Side {
  readonly round: (from: number) => Promise<Acknowledged>
  readonly after: () => Promise<void>
}

/**
 * How many calls a second are acknowledged, each once its job is on disk for good: signed POSTs over 32 connections to `devorch serve`, whose
 * worker is paused, beside a loop that does nothing but write such files, and receivers of others, which store nothing. Every side is a process
 * of its own, and so is the caller.
 */
export const acknowledgements: Row = {
  name: 'acknowledgements',
  isLong: false,
  async measure(bench) {
    const load = helper<LoadOrder>(bench, 'acknowledge-load.js')
    const daemon = await startDaemon(bench, load)
    const receivers = await startReceivers(bench, secret)
    const floor = await floorSide(bench, daemon.jobFileBytes)
    const others = receivers.flatMap(({ server }) => (server === null ? [] : [server]))
    const sides: Side[] = [floor]
    for (const what of ['event', 'job'] as const) {
      sides.push(daemon.side(what))
      for (const { port, settled } of others) {
        const order = { port, what, status: 200, secret, connections, count: perRound }
        sides.push({ round: (from) => load({ ...order, from }), after: settled })
      }
    }
    let from = 1
    const all = await takeTurns(
      sides.map((side) => async () => {
        const acknowledged = await side.round(from)
        from += perRound
        await side.after()
        return acknowledged
      }),
      bench.pace({ least: 3, most: 10, budgetMs: 60_000 }),
    )
    const [bare = [], ...measured] = all
    const compared = (what: Call, title: string) => {
      const at = what === 'event' ? 0 : 1 + others.length
      return comparisons(title, bare, measured[at] ?? [], (pick) =>
        receivers.map(({ who, server, remedy }) =>
          server === null ? missing(who, remedy) : pick(who, measured[at + 1 + others.indexOf(server)] ?? []),
        ),
      )
    }
    return [...compared('event', 'an event of GitHub acknowledged'), ...compared('job', 'a job acknowledged')]
  },
}

/** @param peers gives the lines of the others, each made by `pick` */
function comparisons(
  title: string,
  bare: readonly Acknowledged[],
  figures: readonly Acknowledged[],
  peers: (pick: (who: string, figures: readonly Acknowledged[]) => Line) => readonly Line[],
): readonly Comparison[] {
  const rate = line('devorch', figures.map(perSecond))
  const late = line('devorch', figures.map(p99Ms), atMost(100))
  const floor = 'floor: loop that writes and syncs such files'
  return [
    {
      what: title,
      unit: 'a second',
      lines: [
        rate,
        beside(rate, floor, bare.map(perSecond), atLeast(0.6)),
        ...peers((who, runs) => {
          const isWebhook = who.startsWith('webhook')
          return beside(rate, `${who}, nothing stored`, runs.map(perSecond), isWebhook ? atLeast(1) : null)
        }),
      ],
    },
    {
      what: `${title}, p99`,
      unit: 'ms',
      lines: [
        late,
        beside(late, floor, bare.map(p99Ms)),
        ...peers((who, runs) => beside(late, `${who}, nothing stored`, runs.map(p99Ms))),
      ],
    },
  ]
}

function perSecond({ seconds, latenciesMs }: Acknowledged): number {
  return latenciesMs.length / seconds
}

function p99Ms({ latenciesMs }: Acknowledged): number {
  return percentile(latenciesMs, 0.99)
}

type Ask<Order> = (order: Order) => Promise<Acknowledged>

/** A process that runs a file beside this one and answers each order. */
function helper<Order extends object>({ release }: Bench, file: string): Ask<Order> {
  const child = fork(join(import.meta.dirname, file), { serialization: 'advanced' })
  release(() => ended(child))
  return (order) =>
    new Promise((resolve, reject) => {
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
}

async function startDaemon(
  bench: Bench,
  ask: Ask<LoadOrder>,
): Promise<{ readonly side: (what: Call) => Side; readonly jobFileBytes: number }> {
  const { root, folder, environment, release } = bench
  const home = join(folder, 'home')
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
  release(() => daemon.stop())
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
  await ask({ port, what: 'event', status: 202, secret, connections: 1, count: 1, from: 1_000_000_000 })
  const [first = ''] = await files()
  const { size } = await stat(first)
  await empty()
  return {
    jobFileBytes: size,
    side: (what) => ({
      round: (from) => ask({ port, what, status: 202, secret, connections, count: perRound, from }),
      async after() {
        const stored = await empty()
        if (stored !== perRound)
          throw new Error(`${perRound.toString()} were acknowledged, ${stored.toString()} are in the inbox`)
      },
    }),
  }
}

async function floorSide(bench: Bench, bytes: number): Promise<Side> {
  const folder = join(bench.folder, 'floor')
  await mkdir(folder)
  const ask = helper<FloorOrder>(bench, 'acknowledge-floor.js')
  return {
    round: (from) => ask({ folder, inFlight: connections, count: perRound, from, bytes }),
    async after() {
      await rm(folder, { recursive: true })
      await mkdir(folder)
    },
  }
}
