import { expect, it } from 'vitest'
import { mapAtMost } from '../../src/support/at-most.js'

it('has no more than so many under way, and keeps the order', async () => {
  let running = 0
  let most = 0
  const results = await mapAtMost(3, [5, 1, 4, 2, 3, 0], async (ticks) => {
    most = Math.max(most, (running += 1))
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve()
    running -= 1
    return ticks * 10
  })
  expect(results).toEqual([50, 10, 40, 20, 30, 0])
  expect(most).toBe(3)
  expect(await mapAtMost(3, [], () => Promise.resolve())).toEqual([])
})

it('begins nothing more after a failure, and throws it once the others have ended', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const work = async (item: number): Promise<void> => {
    begun.push(item)
    if (item === 0) throw new Error('zero')
    for (let tick = 0; tick < 20; tick += 1) await Promise.resolve()
    ended.push(item)
  }
  await expect(mapAtMost(2, [0, 1, 2, 3], work)).rejects.toThrow('zero')
  expect(begun).toEqual([0, 1])
  expect(ended).toEqual([1])
})
