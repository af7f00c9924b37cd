import { expect, it } from 'vitest'
import { countWords } from '../src/words'

it.each([
  ['', 0],
  ['  \n', 0],
  ['one', 1],
  ['one, two – and three!', 4],
  ["it's 3.5 metres", 3],
])('counts %j as %i', (text, count) => {
  expect(countWords(text)).toBe(count)
})
