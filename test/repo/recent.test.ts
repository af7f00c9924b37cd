import { expect, it } from 'vitest'
import { isAsNewAs, noteUpToDate } from '../../src/repo/recent.js'

const at = new Date('2026-01-01T00:00:00Z')
const earlier = new Date(at.getTime() - 1)

it('a mirror is as new as what came before it was fetched', () => {
  noteUpToDate('/m/before', at, 1000)
  expect(isAsNewAs('/m/before', earlier, 1000)).toBe(true)
  expect(isAsNewAs('/m/before', at, 1000)).toBe(true)
  expect(isAsNewAs('/m/before', new Date(at.getTime() + 1), 1000)).toBe(false)
  expect(isAsNewAs('/m/before', new Date('nonsense'), 1000)).toBe(false)
  expect(isAsNewAs('/m/never', earlier, 1000)).toBe(false)
})

it('no longer than a minute, however the clock is set', () => {
  noteUpToDate('/m/clock', at, 1000)
  expect(isAsNewAs('/m/clock', earlier, 61_000)).toBe(true)
  expect(isAsNewAs('/m/clock', earlier, 61_001)).toBe(false)
})
