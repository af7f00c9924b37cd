import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { newJobId } from '../../../src/job/id.js'
import { atMost, beside, line } from '../figures.js'
import type { Row } from '../row.js'
import { takeTurns } from '../turns.js'
import { startedMs } from './start.js'

const count = 100_000

/** Starts daemons on a home with 100,000 records in done/ and on one with none. */
export const records: Row = {
  name: 'records',
  isLong: true,
  async measure(bench) {
    const [empty, full] = [join(bench.folder, 'empty'), join(bench.folder, 'full')]
    await fillRecords(full, count)
    // All are looked through at each start, and are to be there at the next one.
    const config = { retention: { records: 10 * count } }
    const [none = [], many = []] = await takeTurns(
      [() => startedMs(bench, empty, config), () => startedMs(bench, full, config)],
      bench.pace({ least: 5, most: 15, budgetMs: 60_000 }),
    )
    const ours = line('devorch serve', many)
    const what = `start beside ${count.toLocaleString('en')} records in done/`
    return [{ what, unit: 'ms', lines: [ours, beside(ours, 'the same with none', none, atMost(1.2))] }]
  },
}

/** Writes as many records of earlier jobs into a home, a minute apart. */
export async function fillRecords(home: string, many: number): Promise<void> {
  const done = join(home, 'state', 'done')
  await mkdir(done, { recursive: true })
  const now = Date.now()
  for (let index = 0; index < many; index += 1) {
    const at = new Date(now - index * 60_000)
    const id = newJobId('shop', at)
    const result = `result: {status: existing, finished_at: ${at.toISOString()}, session: shop-dev}`
    const text = `project_name: shop\nrepo_url: https://example.com/shop.git\njob_id: ${id}\nattempts: 1\n${result}\n...\n`
    await writeFile(join(done, `${id}.yaml`), text)
  }
}
