import { expect, it } from 'vitest'
import { parseArguments } from './arguments.js'
import { rows } from './rows.js'

const known = [
  { name: 'small', isLong: false },
  { name: 'inbox', isLong: true },
  { name: 'panes', isLong: false },
]

it('measures all but the long ones where nothing is said, and all of them with --long', () => {
  expect(parseArguments([], known)).toEqual({ json: false, runs: undefined, rows: ['small', 'panes'] })
  expect(parseArguments(['--long', '--json', '--runs', '7'], known)).toEqual({
    json: true,
    runs: 7,
    rows: ['small', 'inbox', 'panes'],
  })
})

it('measures what is named, in the order of the table', () => {
  expect(parseArguments(['--only', 'panes,inbox'], known).rows).toEqual(['inbox', 'panes'])
})

it('refuses what it does not know, with what there is', () => {
  expect(() => parseArguments(['--only', 'small,smal'], known)).toThrow(
    '--only knows no row "smal"; there are small, inbox, panes',
  )
  for (const runs of ['0', 'x', '1.5']) {
    expect(() => parseArguments(['--runs', runs], known)).toThrow('--runs takes a number from 1 on')
  }
  expect(() => parseArguments(['--quick'], known)).toThrow("Unknown option '--quick'")
})

it('has a name of its own for each row', () => {
  const names = rows.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})
