/** How often something is measured. */
export interface Pace {
  readonly least: number
  readonly most: number
  /** No further round begins that would end after so long, once there are `least`. */
  readonly budgetMs: number
  /** Rounds at the beginning that are not counted: they run code that was never run, and read programs from the disk. Undefined: one. */
  readonly uncounted?: number
}

/**
 * The sides take turns, and take turns at being first, so that a drift of the machine meets all of them.
 * @param sides given the number of the round, from 0
 * @returns what each gave, in the order of the sides
 */
export async function takeTurns<T>(
  sides: readonly ((round: number) => Promise<T>)[],
  pace: Pace,
  now: () => number = () => performance.now(),
): Promise<T[][]> {
  const given = sides.map((): T[] => [])
  const begunMs = now()
  let roundMs = 0
  const uncounted = pace.uncounted ?? 1
  for (let round = 0; ; round += 1) {
    const counted = round - uncounted
    const isLate = now() - begunMs + roundMs > pace.budgetMs
    if (counted >= pace.most || (counted >= pace.least && isLate)) return given
    const roundBegunMs = now()
    for (let turn = 0; turn < sides.length; turn += 1) {
      const index = (turn + round) % sides.length
      const result = await sides[index]?.(round)
      if (counted >= 0 && result !== undefined) given[index]?.push(result)
    }
    roundMs = now() - roundBegunMs
  }
}
