import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { post, settled } from '../build-session.js'
import { atMost, beside, line } from '../figures.js'
import { timedNode } from '../node.js'
import { makePlace } from '../place.js'
import { processFigures } from '../process-figures.js'
import { makeOfFiles, threeFiles } from '../repositories.js'
import type { Row } from '../row.js'
import { takeTurns } from '../turns.js'

const count = 50
/** What is looked at after a session is made, once. */
const settleMs = 60_000
const idleMs = 60_000

interface Run {
  readonly ms: number
  readonly processorMs: number
}

/** What many standing sessions cost: `devorch ls`, and the daemon's memory and processor while nothing happens. */
export const sessions: Row = {
  name: 'sessions',
  isLong: true,
  async measure(bench) {
    const on = await makePlace(bench, makeOfFiles(threeFiles))
    const url = await on.newUrl()
    const projects = Array.from({ length: count }, (_, index) => `project-${index.toString()}`)
    const posted = await Promise.all(projects.map((project) => post(on, project, url)))
    await Promise.all(posted.map((path) => settled(on, path)))
    await sleep(settleMs)
    const devorch = (verb: string) => async (): Promise<Run> => {
      const before = await processFigures(process.pid)
      const ms = await timedNode(bench, [join(bench.root, 'dist', 'main.js'), verb], { DEVORCH_HOME: on.home })
      // Nothing else that this process has started ends meanwhile.
      const { endedMs } = await processFigures(process.pid)
      return { ms, processorMs: endedMs - before.endedMs }
    }
    const [ls = [], help = []] = await takeTurns(
      [devorch('ls'), devorch('--help')],
      bench.pace({ least: 5, most: 20, budgetMs: 30_000 }),
    )
    const before = await processFigures(on.daemon.pid)
    await sleep(idleMs)
    const after = await processFigures(on.daemon.pid)
    const percent = (ms: number) => (ms / idleMs) * 100
    const own = percent(after.cpuMs - before.cpuMs)
    const wall = line(
      'devorch ls',
      ls.map(({ ms }) => ms),
      atMost(300),
    )
    const processor = line(
      'devorch ls',
      ls.map(({ processorMs }) => processorMs),
    )
    const title = `${count.toString()} sessions stand`
    const floor = 'floor: devorch --help'
    return [
      {
        what: title,
        unit: 'ms',
        lines: [
          wall,
          beside(
            wall,
            floor,
            help.map(({ ms }) => ms),
          ),
        ],
      },
      {
        what: `${title}, of the processor`,
        unit: 'ms',
        lines: [
          processor,
          beside(
            processor,
            floor,
            help.map(({ processorMs }) => processorMs),
          ),
        ],
      },
      {
        what: `${title}, memory idle`,
        unit: 'MiB',
        lines: [line('devorch serve, VmRSS', [after.rssMb], atMost(120)), line('devorch serve, PSS', [after.pssMb])],
      },
      {
        what: `${title}, processor idle over ${(idleMs / 1000).toString()} s`,
        unit: '%',
        lines: [
          line('devorch serve with what it runs', [own + percent(after.endedMs - before.endedMs)], atMost(3)),
          line('devorch serve alone', [own]),
        ],
      },
    ]
  },
}
