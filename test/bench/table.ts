import { isMet, spreadOf, type Comparison, type Line } from './figures.js'

/** The comparisons as one table for people, in Markdown. */
export function table(comparisons: readonly Comparison[]): string {
  const head = ['measured', 'of', 'median (min…max)', 'runs', 'devorch by it', 'target']
  const lines = comparisons.flatMap(({ what, unit, lines }) =>
    lines.map((line, index) => [index === 0 ? `${what}, ${unit}` : '', ...cells(line)]),
  )
  const widths = head.map((cell, column) => Math.max(cell.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const format = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [format(head), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n')
}

function cells(line: Line): string[] {
  const { who, figures, times, bound } = line
  if (line.missing !== null) return [who, `not installed: ${line.missing}`, '', '', '']
  const met = isMet(line)
  const target =
    bound === null || met === null ? '' : `${bound.kind} ${bound.value.toString()}: ${met ? 'met' : 'not met'}`
  return [
    who,
    range(figures),
    figures.length.toString(),
    times === null ? '' : times.toFixed(times < 0.1 ? 3 : 2),
    target,
  ]
}

function range(figures: readonly number[]): string {
  const { median, min, max } = spreadOf(figures)
  const digits = digitsOf(median)
  if (figures.length === 1) return median.toFixed(digits)
  return `${median.toFixed(digits)} (${min.toFixed(digits)}…${max.toFixed(digits)})`
}

/** Three digits that say something, and no more than three behind the point. */
function digitsOf(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0
  return Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))))
}

/** The same for programs. `target` is of `times` where there is one, of the median otherwise. */
export function json(row: string, comparisons: readonly Comparison[]): readonly unknown[] {
  return comparisons.map(({ what, unit, lines }) => ({
    row,
    what,
    unit,
    lines: lines.map((line) => ({
      who: line.who,
      ...(line.missing === null ? spreadOf(line.figures) : { missing: line.missing }),
      runs: line.figures.length,
      times: line.times,
      target: line.bound,
      met: isMet(line),
    })),
  }))
}
