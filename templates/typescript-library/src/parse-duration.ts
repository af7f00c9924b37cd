const millisecondsOf: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * Reads a duration such as `90s`, `1h 30m` or `250ms`.
 *
 * @returns milliseconds
 * @throws RangeError where the text is none
 *
 * @example
 * parseDuration('1h 30m') // 5400000
 */
export function parseDuration(text: string): number {
  const parts = text.trim().split(/\s+/)
  let sum = 0
  for (const part of parts) {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(part) ?? []
    const factor = unit === undefined ? undefined : millisecondsOf[unit]
    if (amount === undefined || factor === undefined) {
      throw new RangeError(`"${part}" is no duration: a number and ms, s, m, h or d`)
    }
    sum += Number(amount) * factor
  }
  return sum
}
