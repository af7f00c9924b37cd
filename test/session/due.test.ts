import { expect, test } from 'vitest'
import { gitRhythm, isDue, type Look } from '../../src/session/due.js'

const last: Look = { atMs: 0, tookMs: 100, signs: 'a', activityMs: 1 }
const minute = 60_000

test.each<[string, Look | undefined, Omit<Look, 'tookMs'>, boolean]>([
  ['the first', undefined, { atMs: 0, signs: 'a', activityMs: 1 }, true],
  ['nothing has changed', last, { atMs: 14 * minute, signs: 'a', activityMs: 1 }, false],
  ['nothing has changed for long', last, { atMs: 15 * minute, signs: 'a', activityMs: 1 }, true],
  ['a sign, at once', last, { atMs: 9_999, signs: 'b', activityMs: 1 }, false],
  ['a sign', last, { atMs: 10_000, signs: 'b', activityMs: 1 }, true],
  ['output, at once', last, { atMs: 59_999, signs: 'a', activityMs: 2 }, false],
  ['output', last, { atMs: minute, signs: 'a', activityMs: 2 }, true],
  ['a sign, after a long look', { ...last, tookMs: 10_000 }, { atMs: 8 * minute, signs: 'b', activityMs: 1 }, false],
  ['a sign, long after one', { ...last, tookMs: 10_000 }, { atMs: 9 * minute, signs: 'b', activityMs: 1 }, true],
])('a look is due: %s', (_, before, now, expected) => {
  expect(isDue(before, now, gitRhythm)).toBe(expected)
})
