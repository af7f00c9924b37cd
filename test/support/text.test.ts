import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nearest, printable } from '../../src/support/text.js'

describe('printable', () => {
  it.each([
    ['plain text, é, 日本, 👩‍💻', 'plain text, é, 日本, 👩‍💻'],
    ['a\nb\r\tc', 'a\\u000ab\\u000d\\u0009c'],
    ['\u001b[2J\u001b]0;title\u0007', '\\u001b[2J\\u001b]0;title\\u0007'],
    ['\u009b31m', '\\u009b31m'],
    ['\u0000\u007f', '\\u0000\\u007f'],
    ['\u202egnp.exe\u2066x\u2069\u200e\u200f\u061c', '\\u202egnp.exe\\u2066x\\u2069\\u200e\\u200f\\u061c'],
    ['\u2028\u2029\ufeff', '\\u2028\\u2029\\ufeff'],
    ['half \ud83d of one', 'half \\ud83d of one'],
  ])('makes %j fit for one line', (text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  it('cuts, also between the halves of a character', () => {
    expect(printable('abcdef', 3)).toBe('abc…')
    expect(printable('abc', 3)).toBe('abc')
    expect(printable('ab👍', 3)).toBe('ab\\ud83d…')
  })

  it('never leaves a control character, whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = printable(text)
        expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
        expect(printable(shown, 10_000)).toBe(shown)
      }),
    )
  })
})

it('nearest names the few candidates that are close, the closest first', () => {
  const known = ['branch', 'agent', 'action', 'repo_url']
  expect(nearest('brnach', known)).toEqual(['branch'])
  expect(nearest('ACTION', known, 1)).toEqual(['action'])
  expect(nearest('agnt', known)[0]).toBe('agent')
  expect(nearest('zzzzzzzzzz', known)).toEqual([])
  expect(nearest('', known)).toEqual([])
  expect(nearest('x', [])).toEqual([])
})
