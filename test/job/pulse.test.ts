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
  // On a busy machine the first look, and so the rest after it, may take long.
  for (let hints = 0; hints < 60 || (looks.length < 2 && hints < 4000); hints += 1) {
    pulse.hint()
    await sleep(5)
  }
  await pulse.stop()
  expect(looks.length).toBeGreaterThan(1)
  for (const [index, { beganMs }] of looks.slice(1).entries()) {
    expect(beganMs - (looks[index]?.endedMs ?? 0)).toBeGreaterThanOrEqual(55)
  }
})

it('does not rest after a short look where it is urged', async () => {
  const rests: number[] = []
  let endedMs = 0
  const pulse = createPulse({
    look: async () => {
      rests.push(performance.now() - endedMs)
      await sleep(2)
      endedMs = performance.now()
    },
    everyMs: 60_000,
    onError: () => undefined,
  })
  pulse.hint()
  for (let urges = 0; urges < 200; urges += 1) {
    await sleep(1)
    pulse.urge()
  }
  await pulse.stop()
  // On a busy machine a look may take long now and then.
  expect(rests.slice(1).filter((ms) => ms < 15).length).toBeGreaterThan(20)
})

it.each(['hint', 'urge'] as const)(
  'rests for long after a look that failed, also where it gets the call %s',
  async (kind) => {
    let looks = 0
    const pulse = createPulse({
      look: () => {
        looks += 1
        return Promise.reject(new Error('no'))
      },
      everyMs: 200,
      onError: () => undefined,
    })
    const beganMs = performance.now()
    const ranMs = () => performance.now() - beganMs
    while (ranMs() < 500 || (looks < 2 && ranMs() < 20_000)) {
      pulse[kind]()
      await sleep(5)
    }
    const most = 1 + Math.floor(ranMs() / 200)
    await pulse.stop()
    expect(looks).toBeGreaterThan(1)
    expect(looks).toBeLessThanOrEqual(most)
  },
)
