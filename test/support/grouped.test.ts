import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { grouped } from '../../src/support/grouped.js'

/** Work that ends when the test says so. `begun` counts, `end` ends the oldest that runs. */
function work() {
  const running: { key: string; resolve: (value: string) => void; reject: (error: Error) => void }[] = []
  const begun: string[] = []
  const call = grouped<string>((key) => {
    begun.push(key)
    return new Promise((resolve, reject) => running.push({ key, resolve, reject }))
  })
  const end = async (error?: Error) => {
    const one = running.shift()
    if (error === undefined) one?.resolve(`${one.key} ${begun.length.toString()}`)
    else one?.reject(error)
    await turn()
  }
  return { call, begun, end }
}

it('gives all that come while it runs the next run, together, and never the one under way', async () => {
  const { call, begun, end } = work()
  const first = call('a')
  const others = Array.from({ length: 20 }, () => call('a'))
  expect(begun).toEqual(['a'])
  await end()
  expect(await first).toBe('a 1')
  expect(begun).toEqual(['a', 'a'])
  const late = call('a')
  expect(begun).toEqual(['a', 'a'])
  await end()
  expect(new Set(await Promise.all(others))).toEqual(new Set(['a 2']))
  await end()
  expect(await late).toBe('a 3')
  const idle = call('a')
  await end()
  expect(await idle).toBe('a 4')
})

it('lets a caller of the moment between two runs share the next, never run beside it', async () => {
  const { call, begun, end } = work()
  const first = call('a')
  const second = call('a')
  // Continues as soon as the first has ended, in the turn in which the second is about to begin.
  const between = first.then(() => call('a'))
  await end()
  expect(begun).toHaveLength(2)
  await end()
  await end()
  expect(begun.length).toBeLessThanOrEqual(3)
  await Promise.all([second, between])
})

it('runs keys side by side, and tells a failure to those who shared it only', async () => {
  const { call, begun, end } = work()
  const [a, b, shared] = [call('a'), call('b'), call('a')]
  expect(begun).toEqual(['a', 'b'])
  const failed = expect(a).rejects.toThrow('disk')
  await end(new Error('disk'))
  await failed
  await end()
  await end()
  expect(await b).toMatch(/^b/)
  expect(await shared).toBe('a 3')
})
