import { access, constants, stat } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { childEnvironment, run } from '../../support/process.js'

type Environment = Readonly<Record<string, string | undefined>>

const timeoutMs = 15_000

/** What a program printed when asked for its version. `silent`: it is there and gave no sensible answer. */
export type ProgramFact =
  { readonly kind: 'missing' } | { readonly kind: 'silent' } | { readonly kind: 'version'; readonly line: string }

/** Asks a program for its version, within 15 s. */
export async function askVersion(file: string, argument: string, environment: Environment): Promise<ProgramFact> {
  const result = await run(file, [argument], { env: childEnvironment(environment), timeoutMs })
  if (result.ended === 'missing') return { kind: 'missing' }
  const [line = ''] = result.stdout.trim().split('\n')
  if (result.ended !== 'exited' || result.code !== 0 || line === '') return { kind: 'silent' }
  return { kind: 'version', line }
}

/** The file that a pane would run for a program: searched on PATH and, as pane.sh does, in ~/.local/bin. */
export async function findProgram(program: string, environment: Environment): Promise<string | undefined> {
  const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const home = environment['HOME']
  if (home !== undefined) folders.push(join(home, '.local', 'bin'))
  const candidates = program.includes('/') ? [program] : folders.map((folder) => join(folder, program))
  for (const candidate of candidates) {
    if (isAbsolute(candidate) && (await isExecutable(candidate))) return candidate
  }
  return undefined
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
