import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { post, settled, tidy } from '../build-session.js'
import { atMost, beside, line, missing, type Comparison, type Line } from '../figures.js'
import { ended, startReceivers } from '../peers/receivers.js'
import { makePlace, secret, type Place } from '../place.js'
import { treeFigures, type ProcessFigures } from '../process-figures.js'
import { makeOfFiles, threeFiles } from '../repositories.js'
import type { Bench, Row } from '../row.js'

const settleMs = 10_000
const idleMs = 30_000
const jobs = 50

interface Idle {
  readonly figures: ProcessFigures
  /** Of one core, in hundredths, with the programs that were run meanwhile. */
  readonly cpuPercent: number
}

/** Memory and processor of a daemon that has nothing to do, and the most memory while it builds many sessions. */
export const memory: Row = {
  name: 'memory',
  isLong: false,
  async measure(bench) {
    const on = await makePlace(bench, makeOfFiles(threeFiles))
    const node = await startIdleNode(bench)
    const receivers = await startReceivers(bench, secret)
    await sleep(settleMs)
    const others = receivers.flatMap(({ server }) => (server === null ? [] : [server]))
    const [daemon, floor, ...peers] = await Promise.all(
      [on.daemon.pid, node, ...others.map(({ pid }) => pid)].map(whileIdle),
    )
    if (daemon === undefined || floor === undefined) throw new Error('no process was measured')
    await load(on)
    const loaded = await treeFigures(on.daemon.pid)
    const compared = (what: string, unit: string, pick: (idle: Idle) => number, bound: number | null): Comparison => {
      const ours = line('devorch serve', [pick(daemon)], bound === null ? null : atMost(bound))
      const lines = receivers.map(({ who, server, remedy }): Line => {
        const peer = server === null ? undefined : peers[others.indexOf(server)]
        return peer === undefined ? missing(who, remedy) : beside(ours, who, [pick(peer)])
      })
      return { what, unit, lines: [ours, beside(ours, 'floor: node with nothing to do', [pick(floor)]), ...lines] }
    }
    return [
      compared('memory idle (VmRSS)', 'MiB', ({ figures }) => figures.rssMb, 90),
      compared('memory idle (PSS)', 'MiB', ({ figures }) => figures.pssMb, null),
      {
        what: `most memory while ${jobs.toString()} sessions are built (VmHWM)`,
        unit: 'MiB',
        lines: [line('devorch serve', [loaded.peakMb])],
      },
      compared(`processor idle, over ${(idleMs / 1000).toString()} s`, '%', ({ cpuPercent }) => cpuPercent, 0.5),
    ]
  },
}

async function whileIdle(pid: number): Promise<Idle> {
  const before = await treeFigures(pid)
  await sleep(idleMs)
  const figures = await treeFigures(pid)
  return { figures, cpuPercent: ((figures.cpuMs + figures.endedMs - before.cpuMs - before.endedMs) / idleMs) * 100 }
}

async function startIdleNode({ environment, release }: Bench): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 60_000)'], { env: environment, stdio: 'ignore' })
  await once(child, 'spawn')
  release(() => ended(child))
  return child.pid ?? 0
}

async function load(on: Place): Promise<void> {
  const url = await on.newUrl()
  const projects = Array.from({ length: jobs }, (_, index) => `shop-${index.toString()}`)
  const posted = await Promise.all(projects.map((project) => post(on, project, url)))
  await Promise.all(posted.map((path) => settled(on, path)))
  for (const project of projects) await tidy(on, project)
}
