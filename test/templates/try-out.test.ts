import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { expect, it } from 'vitest'
import { templateOf } from '../template/fixtures.js'
import type { Recipe } from './recipe.js'
import { tryOut, type Outcome } from './try-out.js'

const server = `require('node:http').createServer((_, answer) => answer.end('up')).listen(process.argv[1])`
const serve = ['node', '--eval', server, '{port}']

async function outcomeOf(recipe: Partial<Recipe>): Promise<Outcome> {
  const template = await templateOf({ 'README.md.liquid': '# {{ project }}\n', _gitignore: 'dist/\n' })
  const whole = { template: template.id, packages: [], steps: [], ci: false, ...recipe }
  const outcome = await tryOut(whole, template, new AbortController().signal)
  const left = (await readdir(tmpdir())).filter((name) => name.startsWith('devorch-templates-'))
  expect(left).toEqual([])
  return outcome
}

it('makes a project, runs the steps in it, and asks its server', async () => {
  const outcome = await outcomeOf({
    steps: [
      ['grep', '-qx', '# 2nd-My.App_x', 'README.md'],
      ['mkdir', 'dist'],
      ['touch', 'dist/a.js', 'package-lock.json'],
    ],
    answer: { serve, path: '/', shows: 'up' },
  })
  expect(outcome.because).toBeUndefined()
  expect(outcome.steps).toHaveLength(4)
})

it('gives the steps a home of their own, and no program of this project', async () => {
  const script = 'test "$HOME" != "$0" && test -z "$(ls "$HOME")" && ! command -v tsc && ! command -v vitest'
  const outcome = await outcomeOf({ steps: [['sh', '-c', script, process.env['HOME'] ?? '']] })
  expect(outcome.because).toBeUndefined()
})

it.each<[string, Partial<Recipe>, string]>([
  ['a step fails', { steps: [['sh', '-c', 'echo no luck; exit 3']] }, 'no luck'],
  ['a program is missing', { steps: [['no-such-program']] }, 'the program is not installed'],
  ['a file is left that git sees', { steps: [['touch', 'stray.txt']] }, '?? stray.txt'],
  ['a file of the template is changed', { steps: [['cp', '.gitignore', 'README.md']] }, 'M README.md'],
  ['a process goes on', { steps: [['sh', '-c', 'exec >&- 2>&-; sleep 300 & exit 0']] }, 'sleep 300'],
  ['the server answers something else', { answer: { serve, path: '/', shows: 'down' } }, 'it shows "up"'],
  ['the server ends', { answer: { serve: ['false'], path: '/', shows: 'up' } }, 'it exited with 1'],
])('fails where %s', async (_what, recipe, because) => {
  expect((await outcomeOf(recipe)).because).toContain(because)
})

it('lets a recipe leave what it says', async () => {
  const outcome = await outcomeOf({ steps: [['touch', 'kept.txt']], leaves: ['kept.txt'] })
  expect(outcome.because).toBeUndefined()
})
