import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import type { FieldProblem } from '../support/field-problem.js'
import type { Config, Source } from './schema.js'

const maxBytes = 64 * 1024

/**
 * Adds the secrets that systemd hands over (systemd.exec(5), LoadCredential=) to the configured ones: the
 * credentials `github-secrets` and `tokens`, one a line, `basic`, a `user:password` a line,
 * `git-<host>`, the token for that host, and `github-token`, the one for comments.
 */
export async function readCredentials(
  config: Config,
  folder: string | undefined,
  sources: Map<string, Source>,
): Promise<FieldProblem[]> {
  if (folder === undefined) return []
  const problems: FieldProblem[] = []
  const lines = async (credential: string): Promise<string[]> => {
    const read = await readBounded(join(folder, credential), maxBytes)
    const refuse = (message: string): string[] => {
      const remedy = 'put one a line into it, or do not load it'
      problems.push({ field: `credential ${credential}`, message, remedy })
      return []
    }
    switch (read.kind) {
      case 'missing':
        return []
      case 'odd':
        return refuse(`is ${read.what}`)
      case 'too-large':
        return refuse(`is larger than ${maxBytes.toString()} bytes`)
      case 'file':
        break
    }
    const lines = read.bytes.toString('utf8').split('\n')
    const values = lines.map((line) => line.trim()).filter((line) => line !== '')
    return values.length === 0 ? refuse('holds no value') : values
  }
  const secrets = await lines('github-secrets')
  if (secrets.length > 0) sources.set('auth.github_secrets', 'credential')
  config.auth.github_secrets.push(...secrets)
  const tokens = await lines('tokens')
  if (tokens.length > 0) sources.set('auth.tokens', 'credential')
  config.auth.tokens.push(...tokens)
  for (const line of await lines('basic')) {
    const colon = line.indexOf(':')
    if (colon < 1 || colon === line.length - 1) {
      problems.push({
        field: 'credential basic',
        message: 'has a line that is not user:password',
        remedy: 'correct it',
      })
      continue
    }
    config.auth.basic.push({ user: line.slice(0, colon), password: line.slice(colon + 1) })
    sources.set('auth.basic', 'credential')
  }
  for (const file of await listing(folder)) {
    if (file === 'github-token') {
      config.github.token_file = join(folder, file)
      sources.set('github.token_file', 'credential')
    }
    if (!file.startsWith('git-')) continue
    const host = file.slice('git-'.length)
    config.repositories.credentials[host] = { token_file: join(folder, file) }
    sources.set(`repositories.credentials.${host}.token_file`, 'credential')
  }
  return problems
}

/** The names in the folder; none where systemd made no folder, since the unit loads no credential. */
async function listing(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
