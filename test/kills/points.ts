/** Where a daemon is killed: `N:before`, `N:after` or `N:MS`, as inject.ts takes it. */
export interface Point {
  readonly scenario: string
  readonly at: string
}

/** Programs shorter than this, in milliseconds, are not killed amid. */
const shortMs = 8

/**
 * All points of a scenario by the calls that it makes: before and after each, and for a program that takes a while also
 * after a quarter, the half and three quarters of its time.
 */
export function pointsOf(scenario: string, calls: readonly string[]): Point[] {
  return calls.flatMap((call, index) => {
    const number = (index + 1).toString()
    const ms = Number(/^spawn=(\d+) /.exec(call)?.[1] ?? 0)
    const amid = ms < shortMs ? [] : [0.25, 0.5, 0.75].map((part) => Math.round(ms * part).toString())
    // Of the end of a program there is only what comes before it is handled.
    const sides = call.startsWith('exit ') ? ['before'] : ['before', ...amid, 'after']
    return sides.map((side) => ({ scenario, at: `${number}:${side}` }))
  })
}

/** So many of the points, evenly spread over all; in each stretch which one, and their order, is left to chance. */
export function spread(points: readonly Point[], count: number, random: () => number): Point[] {
  const chosen = Array.from({ length: count }, (_, stretch) => {
    const index = Math.floor(((stretch + random()) * points.length) / count)
    return points[Math.min(index, points.length - 1)]
  }).filter((point) => point !== undefined)
  for (let last = chosen.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1))
    const [one, two] = [chosen[last], chosen[other]]
    if (one !== undefined && two !== undefined) [chosen[last], chosen[other]] = [two, one]
  }
  return chosen
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
