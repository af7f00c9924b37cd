import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeFolder } from '../support/files.js'
import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import { checkBranchName } from './branch-name.js'
import { runGit, type GitResult } from './git.js'
import { gitFailure } from './git-failure.js'
import { reach } from './reach.js'
import { parseHead } from './refs.js'
import { parseRepository } from './repository-url.js'
import type { RepositoryTools } from './tools.js'

/**
 * Puts the files of one state of a repository into a folder, without its history: for what is to be copied from, not
 * worked in. Submodules are not fetched, and nothing that the repository brings along runs.
 * @throws Problem, field `source`; nothing is left at `into` then
 */
export async function fetchTree(
  request: {
    readonly url: string
    /** A branch, tag or commit; default: what the remote's HEAD names. */
    readonly ref: string | undefined
    /** Absolute; must not exist, its parent must. */
    readonly into: string
  },
  tools: RepositoryTools,
  signal: AbortSignal,
): Promise<{ readonly commit: string }> {
  const { url, ref, into } = request
  const parsed = parseRepository(url, tools.policy)
  if (!parsed.ok) throw refusal('read the address of the source', parsed.because, parsed.remedy)
  const { repository } = parsed
  const doing = `fetch ${repository.url}`
  const wrong = ref === undefined ? undefined : checkBranchName(ref)
  if (wrong !== undefined) throw refusal(doing, `what is behind "#" is not valid: ${wrong}`, 'name a branch or tag')
  const reached = await reach(repository, tools)
  const git = async (args: readonly string[], remote = false): Promise<GitResult> =>
    await runGit({
      folder: into,
      args,
      gitFolder: join(into, '.git'),
      ...(remote ? { config: reached.config, protocols: reached.protocols, sshCommand: reached.sshCommand } : {}),
      environment: tools.environment,
      timeoutMs: tools.stepTimeoutMs,
      signal,
    })
  const fetch = (from: string) =>
    git(['fetch', '--depth=1', '--no-tags', '--no-recurse-submodules', '--', from, ref ?? 'HEAD'], true)
  const check = (result: GitResult) => {
    const failure = gitFailure(result, doing)
    if (failure === undefined) return
    if (result.ended === 'exited' && /couldn't find remote ref|not our ref|unadvertised object/.test(result.stderr)) {
      const named = ref === undefined ? 'anything to fetch' : `a branch, tag or commit ${printable(ref, 100)}`
      throw refusal(doing, `it does not have ${named}`, 'check what is behind "#"', failure.problem)
    }
    throw failure.problem
  }
  try {
    await mkdir(into)
    check(await git(['init', '--quiet']))
    const first = await fetch(reached.url)
    // As for mirrors (mirror.ts): GitLab redirects owner/name to owner/name.git.
    const isRedirect = gitFailure(first, doing)?.kind === 'redirect' && !reached.url.endsWith('.git')
    check(isRedirect ? await fetch(`${reached.url}.git`) : first)
    check(await git(['checkout', '--quiet', '--detach', 'FETCH_HEAD']))
    const head = parseHead(await readFile(join(into, '.git', 'HEAD'), 'utf8'))
    if (head === undefined || !('commit' in head)) throw new Error(`${into} is not at a commit after git checkout`)
    await removeFolder(join(into, '.git'))
    return { commit: head.commit }
  } catch (error) {
    await removeFolder(into)
    throw error
  }
}

function refusal(doing: string, because: string, remedy: string, cause?: unknown): Problem {
  return new Problem({ doing, because, remedy, field: 'source', cause })
}
