import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { createPulse } from '../../src/job/pulse.js'

it('looks at once at a first hint, and in a stream of them with pauses, after the last of them once more', async () => {
  const looks: number[] = []
  let hintedMs = 0
  const pulse = createPulse({
    look: () => {
      looks.push(performance.now())
      return Promise.resolve()
    },
    everyMs: 60_000,
    onError: () => undefined,
  })
  pulse.hint()
  expect(looks).toHaveLength(1)
  for (let hints = 0; hints < 100; hints += 1) {
    await sleep(2)
    hintedMs = performance.now()
    pulse.hint()
  }
  await sleep(100)
  await pulse.stop()
  expect(looks.at(-1)).toBeGreaterThanOrEqual(hintedMs)
  for (const [index, atMs] of looks.slice(1).entries()) expect(atMs - (looks[index] ?? 0)).toBeGreaterThanOrEqual(19)
})

it('rests as long as a look has taken', async () => {
  const looks: { beganMs: number; endedMs: number }[] = []
  const pulse = createPulse({
    look: async () => {
      const beganMs = performance.now()
      await sleep(60)
      looks.push({ beganMs, endedMs: performance.now() })
    },
    everyMs: 60_000,
    onError: () => undefined,
  })
  for (let hints = 0; hints < 60; hints += 1) {
    pulse.hint()
    await sleep(5)
  }
  await pulse.stop()
  expect(looks.length).toBeGreaterThan(1)
  for (const [index, { beganMs }] of looks.slice(1).entries()) {
    expect(beganMs - (looks[index]?.endedMs ?? 0)).toBeGreaterThanOrEqual(55)
  }
})
