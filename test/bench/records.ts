import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newJobId } from '../../src/job/id.js'
import { startDaemonProcess } from '../support/daemon-process.js'
import { spreadOf, type Spread } from './figures.js'

/** How long a start takes, from the process being started to `ready`, in milliseconds. */
export interface RecordsFigures {
  readonly runs: number
  readonly records: number
  readonly withNone: Spread
  readonly withMany: Spread
  /** The median with many by the one with none. */
  readonly times: number
}

const records = 100_000
const atMost = 1.2

/** Starts daemons on a home with 100,000 records in done/ and on one with none, in turns. */
export async function measureRecords(root: string, runs: number): Promise<RecordsFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'devorch-bench-'))
  try {
    const [empty, full] = [join(folder, 'empty'), join(folder, 'full')]
    await fill(join(full, 'state', 'done'))
    const begin = async (home: string) => {
      const begunMs = performance.now()
      const daemon = await startDaemonProcess({
        root,
        home,
        environment: { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8' },
        // All are looked through at each start, and are to be there at the next one.
        config: { projects_dir: join(folder, 'projects'), retention: { records: 10 * records } },
      })
      const ms = performance.now() - begunMs
      await daemon.stop()
      return ms
    }
    const none: number[] = []
    const many: number[] = []
    for (const home of [empty, full]) await begin(home)
    for (let run = 0; run < runs; run += 1) {
      const turns = [async () => none.push(await begin(empty)), async () => many.push(await begin(full))]
      for (const turn of run % 2 === 0 ? turns : turns.reverse()) await turn()
    }
    const [withNone, withMany] = [spreadOf(none), spreadOf(many)]
    return { runs, records, withNone, withMany, times: withMany.median / withNone.median }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes as many records of earlier jobs, a minute apart: 69 days. */
async function fill(done: string): Promise<void> {
  await mkdir(done, { recursive: true })
  const now = Date.now()
  for (let index = 0; index < records; index += 1) {
    const at = new Date(now - index * 60_000)
    const id = newJobId('shop', at)
    const result = `result: {status: existing, finished_at: ${at.toISOString()}, session: shop-dev}`
    const text = `project_name: shop\nrepo_url: https://example.com/shop.git\njob_id: ${id}\nattempts: 1\n${result}\n...\n`
    await writeFile(join(done, `${id}.yaml`), text)
  }
}

/** The figures in words, with what they may be at most. */
export function describeRecords(figures: RecordsFigures): string {
  const { withNone: none, withMany: many, times } = figures
  const spread = ({ median, min, max }: Spread) => `${median.toFixed(0)} ms (${min.toFixed(0)}…${max.toFixed(0)})`
  return [
    `from the start of the daemon to ready, ${figures.runs.toString()} runs each; median (min…max)`,
    `  with no record in done/: ${spread(none)}; with ${figures.records.toString()}: ${spread(many)}`,
    `  ${times.toFixed(2)} times (at most ${atMost.toFixed(1)}: ${times <= atMost ? 'met' : 'MISSED'})`,
  ].join('\n')
}
