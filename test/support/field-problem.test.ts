import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fieldProblems, formatFieldProblem } from '../../src/support/field-problem.js'
import { codeOf, messageOf, Problem } from '../../src/support/problem.js'
import { keysAt } from '../../src/support/schema-keys.js'

it('a problem is said in one line, with its place where the document is text', () => {
  const problem = { field: 'branch', message: 'is empty', remedy: 'give it a value' }
  expect(formatFieldProblem(problem)).toBe('branch: is empty; give it a value')
  expect(formatFieldProblem({ ...problem, line: 3, column: 9 })).toBe(
    'line 3, column 9: branch: is empty; give it a value',
  )
  expect(formatFieldProblem({ ...problem, field: '', line: 3 })).toBe('line 3, column 1: is empty; give it a value')
})

describe('what a schema found', () => {
  const schema = z.strictObject({
    name: z.string().optional(),
    port: z.number().default(1),
    hosts: z
      .record(z.string(), z.union([z.strictObject({ token: z.string() }), z.strictObject({ key: z.string() })]))
      .default({}),
    list: z.array(z.strictObject({ user: z.string() })).prefault([]),
    flag: z.boolean().nullable().default(null),
  })
  const said = (value: unknown) => {
    const result = schema.safeParse(value)
    return result.success ? [] : fieldProblems(result.error, (path) => keysAt(schema, path)).map(formatFieldProblem)
  }

  it('is told in words, with the nearest key', () => {
    expect(said({ nmae: 'x' })).toEqual(['nmae: unknown field; did you mean name?'])
    expect(said({ list: [{ user: 'a', usr: 'b' }] })).toEqual(['list.0.usr: unknown field; did you mean user?'])
    expect(said({ port: '1', flag: 'yes', list: {} })).toEqual([
      'port: must be a number; write digits without quotes',
      'list: must be a list; write [one, two]',
      'flag: must be true or false; write one of the two without quotes',
    ])
    expect(said([])).toEqual(['must be a group of fields; write lines like NAME: VALUE'])
    expect(said({ 'a\n\u001b[2J': 1 })).toEqual(['a\\u000a\\u001b[2J: unknown field; remove it'])
  })

  it('the keys at a path are those of every alternative there', () => {
    expect(keysAt(schema, [])).toEqual(['name', 'port', 'hosts', 'list', 'flag'])
    expect(keysAt(schema, ['hosts', 'x'])).toEqual(['token', 'key'])
    expect(keysAt(schema, ['list', 0])).toEqual(['user'])
    for (const path of [['port'], ['name', 'x'], ['none'], ['__proto__'], ['constructor', 'name']]) {
      expect(keysAt(schema, path)).toEqual([])
    }
  })
})

it('a Problem says what, why and what to do, and keeps its cause', () => {
  const cause = new Error('inner')
  const problem = new Problem({
    doing: 'clone a',
    because: 'no such host',
    remedy: 'check repo_url',
    field: 'repo_url',
    cause,
  })
  expect(problem.message).toBe('clone a: no such host; check repo_url')
  expect(problem).toMatchObject({ name: 'Problem', field: 'repo_url', transient: false, cause })
  expect([messageOf(problem), messageOf('text'), messageOf(undefined)]).toEqual([problem.message, 'text', 'undefined'])
  expect(codeOf(Object.assign(new Error('x'), { code: 'ENOENT' }))).toBe('ENOENT')
  expect(codeOf(Object.assign(new Error('x'), { code: 'Unknown system error -122', errno: -122 }))).toBe('EDQUOT')
  expect([
    codeOf(new Error('x')),
    codeOf({ code: 'ENOENT' }),
    codeOf(Object.assign(new Error('x'), { code: 5 })),
  ]).toEqual([undefined, undefined, undefined])
})
