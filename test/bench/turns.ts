/** How often something is measured. */
export interface Pace {
  readonly least: number
  readonly most: number
  /** No further round begins that would end after so long, once there are `least`. */
  readonly budgetMs: number
}

/**
 * The sides take turns, and take turns at being first, so that a drift of the machine meets all of them. The round before the first one is not
 * counted: it runs code that was never run, and reads programs from the disk.
 * @param sides given the number of the round, 0 for the one that is not counted
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
  for (let round = 0; ; round += 1) {
    const counted = round - 1
    const isLate = now() - begunMs + roundMs > pace.budgetMs
    if (counted >= pace.most || (counted >= pace.least && isLate)) return given
    const roundBegunMs = now()
    for (let turn = 0; turn < sides.length; turn += 1) {
      const index = (turn + round) % sides.length
      const result = await sides[index]?.(round)
      if (round > 0 && result !== undefined) given[index]?.push(result)
    }
    roundMs = now() - roundBegunMs
  }
}
