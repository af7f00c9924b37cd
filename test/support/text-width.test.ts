import { expect, test } from 'vitest'
import { cutTo, widthFor } from '../../src/support/text-width.js'

test.each([
  ['main', 4],
  ['日本語', 6],
  ['é', 1],
  ['e\u0301', 1],
  ['👩‍👩‍👧', 2],
  ['a…', 2],
])('%s takes its columns', async (text, columns) => {
  expect((await widthFor([text]))(text)).toBe(columns)
})

test.each([
  ['main', 4, 'main'],
  ['main', 3, 'ma…'],
  ['日本語', 6, '日本語'],
  ['日本語', 5, '日本…'],
  ['日本語', 4, '日…'],
  ['👩👩👩', 4, '👩…'],
  ['main', 1, '…'],
  ['main', 0, ''],
])('%s cut to %i columns is %s', async (text, columns, expected) => {
  expect(cutTo(text, columns, await widthFor([text]))).toBe(expected)
})
