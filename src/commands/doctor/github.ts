import { stat } from 'node:fs/promises'
import type { Config } from '../../config/schema.js'
import { readGithubToken } from '../../daemon/github-token.js'
import { messageOf } from '../../support/problem.js'
import { fail, ok, warn, type Check } from './check.js'

/** What is known of the token for comments; undefined: none is configured, or no comments are wanted. */
export interface GithubFacts {
  readonly file: string
  /** Why it is of no use; undefined: it can be read. */
  readonly because: string | undefined
  /** Permission bits; undefined where that can't be told. */
  readonly mode: number | undefined
  readonly apiUrl: string
}

/** Reads the token's file. What the token may do only GitHub knows. */
export async function probeGithub({ github }: Config): Promise<GithubFacts | undefined> {
  const { token_file: file, comment, api_url: apiUrl } = github
  if (file === null || !comment) return undefined
  const token = await readGithubToken(file).catch((error: unknown) => ({ because: messageOf(error) }))
  const mode = await stat(file).then(
    (stats) => stats.mode & 0o777,
    () => undefined,
  )
  return { file, apiUrl, mode, because: typeof token === 'string' ? undefined : token.because }
}

/** Judges it. Pure. */
export function checkGithub(facts: GithubFacts | undefined): Check[] {
  if (facts === undefined) return []
  const { file, because, mode, apiUrl } = facts
  if (because !== undefined) return [fail('github', because, 'correct github.token_file, or remove it')]
  if (mode !== undefined && (mode & 0o077) !== 0) {
    return [warn('github', `others may read the token in ${file}`, `chmod 600 ${file}`)]
  }
  return [ok('github', `comments on issues, at ${apiUrl}`)]
}
