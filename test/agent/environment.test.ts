import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { environmentFile, shellWord } from '../../src/agent/environment.js'
import { Problem } from '../../src/support/problem.js'
import { run } from '../../src/support/process.js'
import { temporaryFolder } from '../support/temporary.js'

/** Sources the file in a real /bin/sh and gives what a child then has. */
async function sourced(text: string): Promise<ReadonlyMap<string, string>> {
  const file = join(await temporaryFolder(), 'environment')
  await writeFile(file, text)
  const result = await run('/bin/sh', ['-c', '. "$1"; exec env -0', 'sh', file], { timeoutMs: 10_000, env: {} })
  expect(result).toMatchObject({ ended: 'exited', code: 0, stderr: '' })
  return new Map(
    result.stdout.split('\0').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
}

const value = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom("'", '"', '\\', '$', '`', '\n', '\r', ' ', '!', '*', '~', '#'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    ),
  })
  .filter((text) => !text.includes('\0'))

describe('environmentFile', () => {
  test('gives every value byte-exact to the programs of a pane', async () => {
    const values = fc.sample(value, { numRuns: 200, seed: 7 })
    const environment = Object.fromEntries(values.map((text, index) => [`VALUE_${index.toString()}`, text]))
    const seen = await sourced(environmentFile(environment))
    for (const [name, text] of Object.entries(environment)) expect(seen.get(name)).toBe(text)
  })

  test('runs nothing that a value holds', async () => {
    const folder = await temporaryFolder()
    const attack = `$(touch ${folder}/a) \`touch ${folder}/b\` '; touch ${folder}/c; '`
    const seen = await sourced(environmentFile({ A: attack }))
    expect(seen.get('A')).toBe(attack)
    const listed = await run('ls', [folder], { timeoutMs: 5000, env: { PATH: '/usr/bin:/bin' } })
    expect(listed.stdout).toBe('')
  })

  test.each(['', '1A', 'A-B', 'A B', 'A;id', 'A\nB', 'É', 'UID', 'PPID', 'DEVORCH_JOB', 'TMUX', 'TMUX_PANE'])(
    'refuses the name %j',
    (name) => {
      expect(() => environmentFile({ [name]: 'x' })).toThrow(Problem)
    },
  )

  test('refuses names whose values bash would evaluate as arithmetic', async () => {
    const folder = await temporaryFolder()
    for (const name of ['RANDOM', 'SRANDOM', 'OPTIND', 'HISTCMD']) {
      const options = { timeoutMs: 10_000, env: { PATH: '/usr/bin:/bin' } }
      await run('bash', ['-c', `export ${name}='a[$(touch "${folder}/${name}")]'`], options)
      expect(() => environmentFile({ [name]: 'x' })).toThrow(Problem)
    }
    expect((await readdir(folder)).length).toBeGreaterThan(0)
  })

  test('refuses NUL, and does not show the value', () => {
    expect(() => environmentFile({ TOKEN: 'secret\0value' })).toThrow(/TOKEN holds a NUL/)
    expect(() => environmentFile({ TOKEN: 'secret\0value' })).not.toThrow(/secret/)
  })

  test('is empty without variables', () => {
    expect(environmentFile({})).toBe('')
  })
})

test('a shell word is the text itself to a shell', async () => {
  const words = fc.sample(value, { numRuns: 100, seed: 11 })
  const script = `printf '%s\\0' ${words.map(shellWord).join(' ')}`
  const result = await run('/bin/sh', ['-c', script], { timeoutMs: 10_000, env: { PATH: '/usr/bin:/bin' } })
  expect(result.stdout.split('\0').slice(0, -1)).toEqual(words)
})
