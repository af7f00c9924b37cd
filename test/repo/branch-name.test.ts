import { execFile } from 'node:child_process'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkBranchName } from '../../src/repo/branch-name.js'

it.each(['main', 'feature/x-1', 'release/2.0', 'ünïcode', 'a@b', 'x{y}', 'refs', 'quote"d', 'Head'])(
  'takes %s',
  (name) => {
    expect(checkBranchName(name)).toBeUndefined()
  },
)

it.each([
  '',
  '-x',
  '--orphan=evil',
  '@',
  '@{-1}',
  'a@{1}',
  'HEAD',
  'refs/heads/main',
  'a..b',
  'a b',
  'a\nb',
  'a\u007fb',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[',
  'a\\b',
  '/a',
  'a/',
  'a//b',
  '.a',
  'a/.b',
  'a.lock',
  'a.lock/b',
  'a.',
  'x'.repeat(245),
])('refuses %j', (name) => {
  expect(checkBranchName(name)).toMatch(/^(?:it|a part of it) /)
})

it('takes nothing that git refuses', async () => {
  const part = fc.constantFrom(
    'a',
    'b',
    '/',
    '.',
    '@',
    '{',
    '-',
    '~',
    '*',
    '.lock',
    ' ',
    '\\',
    '\u0001',
    'é',
    '1',
    'HEAD',
  )
  const names = fc.sample(
    fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')),
    800,
  )
  const taken = [...new Set(names)].filter((name) => checkBranchName(name) === undefined)
  expect(taken.length).toBeGreaterThan(10)
  for (const name of taken) expect(await gitTakes(name), name).toBe(true)
})

function gitTakes(name: string): Promise<boolean> {
  return new Promise((done) => {
    execFile('git', ['check-ref-format', '--branch', name], { cwd: '/', timeout: 5000 }, (error) => {
      done(error === null)
    })
  })
}
