import { describe, expect, it } from 'vitest'
import { parseDuration } from '../src/index.js'

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['90s', 90_000],
    ['1h 30m', 5_400_000],
    [' 1.5d ', 129_600_000],
    ['0s', 0],
  ])('reads %j', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds)
  })

  it.each(['', '5', 's', '-1s', '1 h', '1y', '1h,30m'])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow(RangeError)
  })
})
