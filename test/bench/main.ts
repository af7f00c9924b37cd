import { join } from 'node:path'
import { parseArguments, type Arguments } from './arguments.js'
import type { Comparison } from './figures.js'
import { machineFacts } from './machine.js'
import { runRow, type Running } from './row.js'
import { rows } from './rows.js'
import { json, table } from './table.js'

/*
 * npm run bench [-- --only ROW[,ROW]] [--long] [--runs N] [--json]: everything that is measured, in one table. Exits with 0 whatever the targets say.
 * docs/benchmarks.md says what the rows mean.
 */

/** Compiled, this file is .cache/bench/test/bench/main.js. */
const root = join(import.meta.dirname, '..', '..', '..', '..')

const options = understood()
let running: Running | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void (running?.abandon() ?? Promise.resolve()).finally(() => process.exit(1)))
}

const machine = await machineFacts()
const begunMs = performance.now()
const measured: { readonly row: string; readonly comparisons: readonly Comparison[] }[] = []
for (const row of rows.filter(({ name }) => options.rows.includes(name))) {
  const rowBegunMs = performance.now()
  running = runRow(row, root, options.runs)
  measured.push({ row: row.name, comparisons: await running.comparisons })
  // People see that it goes on; stdout has the result alone.
  console.error(`${row.name}: ${seconds(rowBegunMs)}`)
}
if (options.json) {
  console.log(
    JSON.stringify(
      {
        machine,
        seconds: (performance.now() - begunMs) / 1000,
        figures: measured.flatMap(({ row, comparisons }) => json(row, comparisons)),
      },
      null,
      2,
    ),
  )
} else {
  console.log(
    `${machine}\n\n${table(measured.flatMap(({ comparisons }) => comparisons))}\n\nall of it took ${seconds(begunMs)}`,
  )
}

function understood(): Arguments {
  try {
    return parseArguments(process.argv.slice(2), rows)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(2)
  }
}

function seconds(sinceMs: number): string {
  return `${((performance.now() - sinceMs) / 1000).toFixed(0)} s`
}
