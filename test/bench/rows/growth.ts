import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { buildByDaemon, tidy } from '../build-session.js'
import { line, slopeOf, spreadOf, type Comparison } from '../figures.js'
import { timedNode } from '../node.js'
import { makePlace } from '../place.js'
import { makeOfFiles, threeFiles } from '../repositories.js'
import type { Bench, Row } from '../row.js'
import { makeManyTemplates } from '../../support/many-templates.js'
import { createCatalogue } from '../../../src/template/catalogue.js'
import { fillRecords } from './records.js'
import { startedMs } from './start.js'

/** What each further session, template and record costs: measured at several numbers, with the slope through them. */
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

/** @param per how many more the slope is given for, so that it is a number to be read */
function grown(what: string, of: string, points: readonly Point[], per: number): Comparison {
  const slope = slopeOf(points.map(({ count, figures }) => [count, spreadOf(figures).median]))
  return {
    what,
    unit: 'ms',
    lines: [
      ...points.map(({ count, figures }) => line(`${count.toLocaleString('en')} ${of}`, figures)),
      line(`slope: for each further ${per === 1 ? '' : `${per.toLocaleString('en')} `}${of}`, [slope * per]),
    ],
  }
}

/** So many values of it, the first call not counted. */
async function repeated(bench: Bench, measure: (run: number) => Promise<number>): Promise<number[]> {
  const { least } = bench.pace({ least: 5, most: 5, budgetMs: 0 })
  const figures: number[] = []
  for (let run = 0; run <= least; run += 1) figures.push(await measure(run))
  return figures.slice(1)
}

async function ofSessions(bench: Bench): Promise<Comparison[]> {
  const on = await makePlace(bench, makeOfFiles(threeFiles))
  const url = await on.newUrl()
  const [listed, built]: [Point[], Point[]] = [[], []]
  let standing = 0
  for (const count of [1, 25, 50, 100]) {
    for (; standing < count; standing += 1) await buildByDaemon(on, `shop-${standing.toString()}`, url)
    const ls = () => timedNode(bench, [join(bench.root, 'dist', 'main.js'), 'ls'], { DEVORCH_HOME: on.home })
    listed.push({ count, figures: await repeated(bench, ls) })
    const further = async (run: number) => {
      const project = `further-${count.toString()}-${run.toString()}`
      const ms = await buildByDaemon(on, project, url)
      await tidy(on, project)
      return ms
    }
    built.push({ count, figures: await repeated(bench, further) })
  }
  return [
    grown('devorch ls beside others', 'sessions', listed, 1),
    grown('a further session beside others', 'sessions', built, 1),
  ]
}

async function ofTemplates(bench: Bench): Promise<Comparison[]> {
  const [read, again]: [Point[], Point[]] = [[], []]
  for (const count of [30, 300, 1000]) {
    const folder = join(bench.folder, `templates-${count.toString()}`)
    await mkdir(folder)
    await makeManyTemplates(folder, count)
    const timed = async (load: () => Promise<unknown>) => {
      const begunMs = performance.now()
      await load()
      return performance.now() - begunMs
    }
    read.push({ count, figures: await repeated(bench, () => timed(createCatalogue([folder]))) })
    const known = createCatalogue([folder])
    again.push({ count, figures: await repeated(bench, () => timed(known)) })
  }
  return [
    grown('a catalogue read for the first time', 'templates', read, 100),
    grown('a catalogue looked at again', 'templates', again, 100),
  ]
}

async function ofRecords(bench: Bench): Promise<Comparison> {
  const points: Point[] = []
  for (const count of [0, 1000, 10_000]) {
    const home = join(bench.folder, `records-${count.toString()}`)
    await fillRecords(home, count)
    const config = { retention: { records: 1_000_000 } }
    points.push({ count, figures: await repeated(bench, () => startedMs(bench, home, config)) })
  }
  return grown('start of the daemon beside records in done/', 'records', points, 1000)
}
