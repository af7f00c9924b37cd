import { expect, it } from 'vitest'
import { greetingFor } from '../src/greeting.js'

it('greets', () => {
  expect(greetingFor('Ada', { loud: false })).toBe('Hello, Ada!')
  expect(greetingFor('Ada', { loud: true })).toBe('HELLO, ADA!')
})
