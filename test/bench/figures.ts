/** What one side took in all its runs. */
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

/** The value below which so large a part (0.99) of them lies, by the nearest rank. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}

/** How much y grows with each x: the line through the points by least squares. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: 0 | 1) => points.reduce((sum, point) => sum + point[pick], 0) / points.length
  const [meanX, meanY] = [mean(0), mean(1)]
  const sum = (of: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0)
  return sum((x, y) => x * y) / sum((x) => x * x)
}

/** What a figure, or its ratio to another one, must keep. */
export interface Bound {
  readonly kind: 'at most' | 'at least'
  readonly value: number
}

/** One line of the table: one side's figures, and what they are to be. */
export interface Line {
  readonly who: string
  /** Of each run; empty where it was not measured. */
  readonly figures: readonly number[]
  /** The median of ours by that of this side; null for our own, and where this side's is 0. */
  readonly times: number | null
  /** Of `times` where there is one, of the median otherwise. */
  readonly bound: Bound | null
  /** Why there are no figures, and what helps. */
  readonly missing: string | null
}

/** Lines about one subject in one unit; ours first. */
export interface Comparison {
  /** `3 files, new repository` */
  readonly what: string
  /** `ms`, `a second`, `MiB` */
  readonly unit: string
  readonly lines: readonly Line[]
}

export function atMost(value: number): Bound {
  return { kind: 'at most', value }
}

export function atLeast(value: number): Bound {
  return { kind: 'at least', value }
}

/** Our own side, or a figure that stands by itself. */
export function line(who: string, figures: readonly number[], bound: Bound | null = null): Line {
  return { who, figures, times: null, bound, missing: null }
}

/** Another side, measured in the same rounds as ours. The bound is of the ratio. */
export function beside(ours: Line, who: string, figures: readonly number[], bound: Bound | null = null): Line {
  const times = spreadOf(ours.figures).median / spreadOf(figures).median
  return { who, figures, times: Number.isFinite(times) ? times : null, bound, missing: null }
}

/** A side that can't be measured here. @param remedy `apt-get install webhook` */
export function missing(who: string, remedy: string): Line {
  return { who, figures: [], times: null, bound: null, missing: remedy }
}

/** Null: it has no target, or no figure. */
export function isMet({ figures, times, bound }: Line): boolean | null {
  if (bound === null || figures.length === 0) return null
  const value = times ?? spreadOf(figures).median
  switch (bound.kind) {
    case 'at most':
      return value <= bound.value
    case 'at least':
      return value >= bound.value
  }
}
