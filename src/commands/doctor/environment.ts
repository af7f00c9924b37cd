import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { environmentLists, variablesOf } from '../../config/environment.js'
import type { Config } from '../../config/schema.js'
import { credentialsFolder } from '../../session/environment.js'
import { codeOf } from '../../support/problem.js'
import { fail, ok, warn, type Check } from './check.js'

/** What is known of a file, or credential, with the value of a variable. No value is read. */
export interface SecretFact {
  /** `repositories.environment.github.com/acme/*.API_KEY` */
  readonly key: string
  readonly file: string
  readonly isCredential: boolean
  readonly state: SecretState
}

/** `closed`: another user's; `useless`: and why. */
type SecretState =
  | { readonly kind: 'file'; readonly mode: number }
  | { readonly kind: 'closed' }
  | { readonly kind: 'useless'; readonly because: string }

/** Looks at all that panes' variables are read from. */
export async function probeEnvironment(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly SecretFact[]> {
  const folder = credentialsFolder(environment)
  const wanted = environmentLists(config).flatMap(({ key, entries }) =>
    variablesOf(entries).flatMap(([name, source]) => {
      if (source === 'own') return []
      const isCredential = 'credential' in source
      return [
        { key: `${key}.${name}`, file: isCredential ? join(folder, source.credential) : source.file, isCredential },
      ]
    }),
  )
  return await Promise.all(wanted.map(async (one) => ({ ...one, state: await stateOf(one.file) })))
}

async function stateOf(file: string): Promise<SecretState> {
  try {
    const stats = await stat(file)
    if (!stats.isFile()) return { kind: 'useless', because: 'is no plain file' }
    return { kind: 'file', mode: stats.mode & 0o777 }
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    if (code === 'EACCES') return { kind: 'closed' }
    return { kind: 'useless', because: code === 'ENOENT' ? 'is not there' : `can not be looked at (${code})` }
  }
}

/** Judges them; a job whose variable can't be read fails. Pure. */
export function checkEnvironment(facts: readonly SecretFact[]): Check[] {
  const subject = 'environment'
  const checks = facts.flatMap(({ key, file, isCredential, state }) => {
    const loads = 'load it into dev-orchestrator.service (LoadCredential=) and restart that'
    switch (state.kind) {
      case 'useless': {
        const remedy = `${isCredential ? loads : 'put it there'}, or correct ${key}`
        return [fail(subject, `${file} ${state.because}; sessions with ${key} fail`, remedy)]
      }
      case 'closed':
        return [warn(subject, `it can’t be told whether ${file} is there`, 'run doctor as the user of the daemon')]
      case 'file':
        return (state.mode & 0o077) === 0
          ? []
          : [warn(subject, `others may read ${file}, the value of ${key}`, `chmod 600 ${file}`)]
    }
  })
  if (facts.length === 0 || checks.length > 0) return checks
  return [ok(subject, `${facts.length.toString()} values that this user alone may read`)]
}
