import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCli } from '../src/cli.js'

let folder: string
let out: string[]
let errors: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-'))
  out = []
  errors = []
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

function run(...args: string[]): Promise<number> {
  return runCli(args, { out: (text) => out.push(text), error: (text) => errors.push(text) })
}

describe('count', () => {
  it('counts the words of a file', async () => {
    const file = join(folder, 'poem.txt')
    await writeFile(file, 'so much depends\nupon\n')
    expect(await run('count', file)).toBe(0)
    expect(out).toEqual([`4 ${file}`])
  })

  it('prints JSON on request', async () => {
    const file = join(folder, 'empty.txt')
    await writeFile(file, '')
    expect(await run('count', '--json', file)).toBe(0)
    expect(JSON.parse(out.join(''))).toEqual({ file, words: 0 })
  })

  it('fails with 1 and says which file cannot be read', async () => {
    expect(await run('count', join(folder, 'missing'))).toBe(1)
    expect(errors.join('')).toContain('ENOENT')
  })
})

describe('usage', () => {
  it.each([[[]], [['frobnicate']], [['count']], [['count', 'a', 'b']], [['--nope']]])('%j is wrong', async (args) => {
    expect(await run(...args)).toBe(2)
    expect(errors.join('')).toContain('Usage:')
  })

  it('prints help and version', async () => {
    expect(await run('--help')).toBe(0)
    expect(await run('--version')).toBe(0)
    expect(out).toEqual([expect.stringContaining('Usage:'), expect.stringMatching(/^\d+\.\d+\.\d+/)])
  })
})
