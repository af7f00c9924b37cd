import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { buildByDaemon, tidy } from '../build-session.js'
import { line, slopeOf, spreadOf, type Comparison } from '../figures.js'
import { timedNode } from '../node.js'
import { makePlace } from '../place.js'
import { makeOfFiles, threeFiles } from '../repositories.js'
import type { Bench, Row } from '../row.js'
import { takeTurns } from '../turns.js'
import { makeManyTemplates } from '../../support/many-templates.js'
import { createCatalogue } from '../../../src/template/catalogue.js'
import { fillRecords } from './records.js'
import { startedMs } from './start.js'

/** What each further session, template and record costs: measured at several numbers, with the slope of the line through them. */
export const growth: Row = {
  name: 'growth',
  isLong: false,
  async measure(bench) {
    return [...(await ofSessions(bench)), ...(await ofTemplates(bench)), await ofRecords(bench)]
  },
}

interface Point {
  readonly count: number
  readonly figures: readonly number[]
}

const pace = { least: 5, most: 5, budgetMs: 0 }

/** @param per how many more the slope is given for, so that it is a number to be read */
function grown(what: string, of: string, points: readonly Point[], per: number): Comparison {
  const slope = slopeOf(points.map(({ count, figures }) => [count, spreadOf(figures).median]))
  return {
    what,
    unit: 'ms',
    lines: [
      ...points.map(({ count, figures }) => line(`with ${many(count, of)}`, figures)),
      line(`slope: ${many(per, of)} more`, [slope * per]),
    ],
  }
}

/** `1 session`, `1,000 records` */
function many(count: number, of: string): string {
  return `${count.toLocaleString('en')} ${of}${count === 1 ? '' : 's'}`
}

async function ofSessions(bench: Bench): Promise<Comparison[]> {
  const on = await makePlace(bench, makeOfFiles(threeFiles))
  const url = await on.newUrl()
  const [listed, built]: [Point[], Point[]] = [[], []]
  let standing = 0
  for (const count of [1, 25, 50, 100]) {
    for (; standing < count; standing += 1) await buildByDaemon(on, `shop-${standing.toString()}`, url)
    const [ls = [], further = []] = await takeTurns(
      [
        () => timedNode(bench, [join(bench.root, 'dist', 'main.js'), 'ls'], { DEVORCH_HOME: on.home }),
        async (round) => {
          const project = `further-${count.toString()}-${round.toString()}`
          const ms = await buildByDaemon(on, project, url)
          await tidy(on, project)
          return ms
        },
      ],
      bench.pace(pace),
    )
    listed.push({ count, figures: ls })
    built.push({ count, figures: further })
  }
  return [
    grown('devorch ls, by sessions that stand', 'session', listed, 1),
    grown('a further session, by those that stand', 'session', built, 1),
  ]
}

async function ofTemplates(bench: Bench): Promise<Comparison[]> {
  const counts = [30, 300, 1000]
  const folders: string[] = []
  for (const count of counts) {
    const folder = join(bench.folder, `templates-${count.toString()}`)
    await mkdir(folder)
    await makeManyTemplates(folder, count)
    folders.push(folder)
  }
  // What was changed just now is read again.
  await sleep(2500)
  const timed = async (load: () => Promise<unknown>) => {
    const begunMs = performance.now()
    await load()
    return performance.now() - begunMs
  }
  const known = folders.map((folder) => createCatalogue([folder]))
  const figures = await takeTurns(
    [...folders.map((folder) => () => timed(createCatalogue([folder]))), ...known.map((load) => () => timed(load))],
    bench.pace(pace),
  )
  const points = (from: number) => counts.map((count, index) => ({ count, figures: figures[from + index] ?? [] }))
  return [
    grown('a catalogue read for the first time, by size', 'template', points(0), 100),
    grown('a catalogue looked at again, by size', 'template', points(counts.length), 100),
  ]
}

async function ofRecords(bench: Bench): Promise<Comparison> {
  const counts = [0, 1000, 10_000]
  const homeOf = (count: number) => join(bench.folder, `records-${count.toString()}`)
  for (const count of counts) await fillRecords(homeOf(count), count)
  const config = { retention: { records: 1_000_000 } }
  const figures = await takeTurns(
    counts.map((count) => () => startedMs(bench, homeOf(count), config)),
    bench.pace(pace),
  )
  const points = counts.map((count, index) => ({ count, figures: figures[index] ?? [] }))
  return grown('start of the daemon, by records in done/', 'record', points, 1000)
}
