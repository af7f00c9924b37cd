import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { allDone } from '../../src/support/all-done.js'

test('what each of them gives, in their order', async () => {
  const [number, text] = await allDone([delay(5, 1), Promise.resolve('a')])
  expect([number, text]).toEqual([1, 'a'])
})

test('the first failure in their order, once all have ended', async () => {
  let ended = false
  const slow = delay(20).then(() => {
    ended = true
    throw new Error('slow')
  })
  await expect(allDone([slow, Promise.reject(new Error('quick'))])).rejects.toThrow('slow')
  expect(ended).toBe(true)
})
