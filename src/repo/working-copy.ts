import { lstat, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Problem, codeOf } from '../support/problem.js'
import { redactor } from '../support/redact.js'
import { printable } from '../support/text.js'
import { runGit } from './git.js'
import { gitFailure } from './git-failure.js'
import { anyRepository, parseRepository, type Repository } from './repository-url.js'
import type { RepositoryTools } from './tools.js'

/** What stands at the place of a working copy. */
export type WorkingCopy =
  | { readonly kind: 'absent' }
  | { readonly kind: 'empty-folder' }
  /** `commit` null: nothing committed yet; `branch` null: HEAD is at a commit. */
  | { readonly kind: 'same'; readonly commit: string | null; readonly branch: string | null }
  /** `repository`: its address without secrets, fit for a terminal; or that it has none. */
  | { readonly kind: 'other'; readonly repository: string }
  | { readonly kind: 'not-git' }

/**
 * Looks at a folder without changing anything in it. `same`: its origin, or where it has no origin any remote, is
 * the given repository, however spelled.
 * @throws Problem where git can't say (damaged, another user's)
 */
export async function inspectWorkingCopy(
  folder: string,
  repository: Repository,
  tools: RepositoryTools,
): Promise<WorkingCopy> {
  let names: readonly string[]
  try {
    names = (await stat(folder)).isDirectory() ? await readdir(folder) : ['a file']
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    // A person may have linked a folder there; a link that leads nowhere is in the way.
    const link = await lstat(folder).catch(() => undefined)
    return { kind: link === undefined ? 'absent' : 'not-git' }
  }
  if (names.length === 0) return { kind: 'empty-folder' }
  if (!names.includes('.git')) return { kind: 'not-git' }
  const remotes = await readRemotes(folder, tools)
  // `git config` says the same of a broken repository as of one without remotes.
  if (remotes.length === 0 && !(await isRepository(folder, tools))) return { kind: 'not-git' }
  const origin = remotes.filter(({ name }) => name === 'origin')
  const candidates = origin.length > 0 ? origin : remotes
  const same = candidates.some(({ url }) => {
    const parsed = parseRepository(url, anyRepository)
    return parsed.ok && parsed.repository.key === repository.key
  })
  if (same) return { kind: 'same', ...(await readHead(folder, tools)) }
  const first = candidates[0]?.url
  const shown = first === undefined ? 'a repository without a remote' : printable(redactor()(first))
  return { kind: 'other', repository: shown }
}

async function readRemotes(folder: string, tools: RepositoryTools): Promise<{ name: string; url: string }[]> {
  const listed = await ask(folder, ['config', '--null', '--get-regexp', '^remote\\..*\\.url$'], tools)
  return listed.stdout.split('\0').flatMap((entry) => {
    const [, name, url] = /^remote\.(.*)\.url\n(.*)$/s.exec(entry) ?? []
    return name === undefined || url === undefined ? [] : [{ name, url }]
  })
}

async function isRepository(folder: string, tools: RepositoryTools): Promise<boolean> {
  try {
    await ask(folder, ['rev-parse', '--git-dir'], tools)
    return true
  } catch (error) {
    if (error instanceof Problem && error.because.includes('not a git repository')) return false
    throw error
  }
}

async function readHead(
  folder: string,
  tools: RepositoryTools,
): Promise<{ commit: string | null; branch: string | null }> {
  const [commit, branch] = await Promise.all([
    ask(folder, ['rev-parse', '--verify', '--quiet', 'HEAD'], tools),
    ask(folder, ['symbolic-ref', '--quiet', '--short', 'HEAD'], tools),
  ])
  return { commit: answer(commit), branch: answer(branch) }
}

function answer(result: { readonly code: number; readonly stdout: string }): string | null {
  return result.code === 0 ? result.stdout.trim() : null
}

/** Runs a git that only reads, in exactly this folder, not a repository around it. Exit code 1 means "there is none". */
async function ask(folder: string, args: readonly string[], tools: RepositoryTools) {
  const result = await runGit({
    folder,
    args,
    environment: { ...tools.environment, GIT_CEILING_DIRECTORIES: dirname(folder) },
    timeoutMs: tools.stepTimeoutMs,
  })
  if (result.ended === 'exited' && result.code <= 1) return result
  const failure = gitFailure(result, `look at ${join(folder, '.git')}`)
  if (failure === undefined) throw new Error('a failure of git without a failure')
  const { doing, because, transient } = failure.problem
  throw new Problem({ doing, because, remedy: 'mend or move the folder', transient, cause: failure.problem })
}
