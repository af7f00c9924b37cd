import { expect, test } from 'vitest'
import { troubleOf } from '../../src/report/trouble.js'

const nowMs = 1_800_000_000_000

function refusal(status: number, headers: Record<string, string>, message = 'no'): Error {
  return Object.assign(new Error(message), { status, response: { headers } })
}

test.each<[string, Record<string, string>, number]>([
  ['until the reset', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1800000090' }, 90_000],
  ['a second at least', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1799999999' }, 1000],
  ['an hour at most', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '999999999999' }, 3_600_000],
  ['what retry-after says, before the reset', { 'retry-after': '60', 'x-ratelimit-remaining': '0' }, 60_000],
  ['an hour at most, whatever retry-after says', { 'retry-after': '999999999' }, 3_600_000],
])('a limit of the rate is waited for: %s', (_, headers, waitMs) => {
  expect(troubleOf(refusal(403, headers), nowMs)).toMatchObject({ kind: 'later', waitMs })
})

test('a second limit without a time is waited for a minute', () => {
  const error = refusal(403, {}, 'You have exceeded a secondary rate limit')
  expect(troubleOf(error, nowMs)).toMatchObject({ kind: 'later', waitMs: 60_000 })
})

test('what is thrown is told on one line, whatever it is', () => {
  expect(troubleOf(refusal(422, {}, 'a\nb\u001b[31m'), nowMs).why).toBe('422: a\\u000ab\\u001b[31m')
  expect(troubleOf('odd', nowMs)).toEqual({ kind: 'later', waitMs: undefined, why: 'odd' })
})
