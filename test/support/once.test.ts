import { expect, test } from 'vitest'
import { once } from '../../src/support/once.js'

test('work is begun by the first who asks, and all get what it gives', async () => {
  let times = 0
  const work = once(() => Promise.resolve((times += 1)))
  expect(work.begun()).toBeUndefined()
  expect(times).toBe(0)
  expect(await Promise.all([work.begin(), work.begin(), work.begun()])).toEqual([1, 1, 1])
})

test('a failure that nobody waits for ends nothing, and is that of who asks later', async () => {
  const work = once(() => Promise.reject(new Error('no')))
  void work.begin()
  await new Promise(setImmediate)
  await expect(work.begin()).rejects.toThrow('no')
})
