import { expect, it } from 'vitest'
import { runCli } from '../src/cli.js'

function run(...names: string[]) {
  const out: string[] = []
  const errors: string[] = []
  const code = runCli(names, { out: (text) => out.push(text), error: (text) => errors.push(text) })
  return { code, out, errors }
}

it('greets everybody', () => {
  expect(run('Ada', 'Grace')).toEqual({ code: 0, out: ['Hello, Ada!', 'Hello, Grace!'], errors: [] })
})

it('tells how it is used', () => {
  expect(run()).toMatchObject({ code: 2, errors: [expect.stringContaining('Usage:')] })
})
