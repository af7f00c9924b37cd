import { expect, test } from 'vitest'
import { cpuShare, sampleCpu } from '../../src/session/cpu.js'
import type { ProcessFact } from '../../src/support/process-table.js'

/** [pid, parent, ticks] */
function at(seconds: number, ...rows: readonly (readonly [number, number, number])[]) {
  const facts = rows.map(([pid, parent, ticks]): ProcessFact => {
    const more = { session: 1, startTime: pid.toString(), name: 'sh', isZombie: false, residentPages: 1 }
    return { pid, parent, ticks, ...more }
  })
  return sampleCpu(facts, seconds * 1000)
}

test.each([
  ['nothing done', at(0, [2, 1, 500]), at(10, [2, 1, 500]), 0],
  ['half a core', at(0, [2, 1, 500]), at(10, [2, 1, 1000]), 0.5],
  ['two cores by two', at(0, [2, 1, 0], [3, 2, 0]), at(10, [2, 1, 1000], [3, 2, 1000]), 2],
  ['one that began since', at(0, [2, 1, 0]), at(10, [2, 1, 0], [3, 2, 100]), 0.1],
  // Its 300 are among its parent's 350 now, of which 50 are new.
  ['one that ended, waited for', at(0, [2, 1, 0], [3, 2, 300]), at(10, [2, 1, 350]), 0.05],
  ['a line of them that ended', at(0, [2, 1, 0], [3, 2, 100], [4, 3, 100]), at(10, [2, 1, 200]), 0],
  ['one that ended and was not waited for', at(0, [2, 1, 0], [3, 9, 300]), at(10, [2, 1, 100]), 0.1],
  ['one that ended and whose time was thrown away', at(0, [2, 1, 0], [3, 2, 300]), at(10, [2, 1, 100]), 0],
  ['a circle of parents', at(0, [2, 3, 10], [3, 2, 10]), at(10, [4, 1, 0]), 0],
  ['no time between', at(5, [2, 1, 0]), at(5, [2, 1, 100]), 0],
])('the share of a core: %s', (_, before, now, share) => {
  expect(cpuShare(before, now)).toBe(share)
})

test('a pid that came again is another process', () => {
  const before = at(0, [2, 1, 900])
  const again = sampleCpu(
    [{ pid: 2, parent: 1, ticks: 50, session: 1, startTime: 'later', name: 'sh', isZombie: false, residentPages: 1 }],
    10_000,
  )
  expect(cpuShare(before, again)).toBe(0.05)
})
