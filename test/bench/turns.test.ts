import { expect, it } from 'vitest'
import { takeTurns } from './turns.js'

/** Two sides that each take so long by a clock of their own, and note when it is their turn. */
function place(tookMs: number) {
  let nowMs = 0
  const order: string[] = []
  const side = (name: string) => (round: number) => {
    nowMs += tookMs
    order.push(`${name}${round.toString()}`)
    return Promise.resolve(`${name}${round.toString()}`)
  }
  return { order, sides: [side('a'), side('b')], now: () => nowMs }
}

it('takes turns, each side first in its turn, and does not count the first round', async () => {
  const { order, sides, now } = place(1)
  const given = await takeTurns(sides, { least: 2, most: 2, budgetMs: 0 }, now)
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1', 'a2', 'b2'])
  expect(given).toEqual([
    ['a1', 'a2'],
    ['b1', 'b2'],
  ])
})

it('goes on while another round fits into the time', async () => {
  const { sides, now } = place(5)
  // A round takes 10: the one that is not counted and four more are done at 50, and a sixth would end at 60.
  const [given] = await takeTurns(sides, { least: 1, most: 100, budgetMs: 59 }, now)
  expect(given).toEqual(['a1', 'a2', 'a3', 'a4'])
})

it('does the least also where there is no time, and the most where there is plenty', async () => {
  const slow = place(1000)
  expect((await takeTurns(slow.sides, { least: 3, most: 9, budgetMs: 1 }, slow.now))[0]).toHaveLength(3)
  const quick = place(0)
  expect((await takeTurns(quick.sides, { least: 3, most: 9, budgetMs: 1000 }, quick.now))[1]).toHaveLength(9)
})

it('counts from the first round where that is wanted', async () => {
  const { sides, now } = place(1)
  expect(await takeTurns(sides, { least: 1, most: 1, budgetMs: 0, uncounted: 0 }, now)).toEqual([['a0'], ['b0']])
})
