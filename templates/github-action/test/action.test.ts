import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const bundle = fileURLToPath(new URL('../dist/index.cjs', import.meta.url))
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'action-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

/** Runs the bundle as GitHub does: inputs in INPUT_ variables, outputs in a file. */
async function runAction(inputs: Record<string, string>) {
  const outputFile = join(folder, 'output')
  await writeFile(outputFile, '')
  const given = Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])
  const env = {
    PATH: process.env['PATH'],
    GITHUB_OUTPUT: outputFile,
    ...Object.fromEntries(given),
  } as NodeJS.ProcessEnv
  const { code, stdout } = await new Promise<{ code: number; stdout: string }>((resolve) => {
    const child = execFile(process.execPath, [bundle], { env }, (_error, printed) => {
      resolve({ code: child.exitCode ?? -1, stdout: printed })
    })
  })
  return { code, stdout, output: await readFile(outputFile, 'utf8') }
}

describe('the bundled action', () => {
  it('sets its output', async () => {
    const { code, output } = await runAction({ name: 'Ada', loud: 'true' })
    expect(code).toBe(0)
    expect(output).toMatch(/^greeting<<(\S+)\nHELLO, ADA!\n\1\n$/)
  })

  it('fails with the reason where an input is missing', async () => {
    const { code, stdout, output } = await runAction({ loud: 'false' })
    expect(code).toBe(1)
    expect(stdout).toContain('::error::Input required and not supplied: name')
    expect(output).toBe('')
  })
})
