/** Milliseconds of the runs of one side. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (index: number) => sorted[index] ?? Number.NaN
  const middle = sorted.length / 2
  const median = Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle))
  return { median, min: at(0), max: at(sorted.length - 1) }
}

/** One line of the table: a kind of repository, built by the daemon and by the script. */
export interface Row {
  /** `3 files, new repository` */
  readonly what: string
  readonly runs: number
  readonly daemon: Spread
  readonly script: Spread
  /** The daemon's median by the script's. */
  readonly times: number
  /** What `times` may be at most; null: reported without a target. */
  readonly target: number | null
}

/** The rows as a table for people, in Markdown. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const verdict = row.target === null ? '' : `${row.target.toString()}: ${row.times <= row.target ? 'met' : 'MISSED'}`
    return [row.what, row.runs.toString(), spread(row.daemon), spread(row.script), row.times.toFixed(2), verdict]
  })
  const head = ['repository', 'runs', 'daemon, ms', 'script, ms', 'times', 'at most']
  const widths = head.map((cell, column) => Math.max(cell.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n')
}

function spread({ median, min, max }: Spread): string {
  return `${median.toFixed(0)} (${min.toFixed(0)}…${max.toFixed(0)})`
}

/** `120 MiB (at most 250: met)` */
export function verdict(value: number, atMost: number, unit: string): string {
  return `${value.toFixed(0)} ${unit} (at most ${atMost.toString()}: ${value <= atMost ? 'met' : 'MISSED'})`
}
