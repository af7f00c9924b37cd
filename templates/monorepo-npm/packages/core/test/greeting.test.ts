import { expect, it } from 'vitest'
import { greetingFor } from '../src/index.js'

it('greets by name', () => {
  expect(greetingFor(' Ada ')).toBe('Hello, Ada!')
})

it('refuses an empty name', () => {
  expect(() => greetingFor(' ')).toThrow('the name is empty')
})
