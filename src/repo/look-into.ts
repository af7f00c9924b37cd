import { join } from 'node:path'
import { Problem } from '../support/problem.js'
import { runGit } from './git.js'

export interface LookTools {
  readonly environment: Readonly<Record<string, string>>
  /** For each git process. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  /** Of each git process, counted on its stdout; more is no answer. Default: no limit. */
  readonly maxOutputBytes?: number
}

/** What git answered; any exit code. */
export interface GitAnswer {
  readonly code: number
  readonly stdout: string
}

/** Asks git about one working copy. @throws Problem where it gave no answer: too late, too much, killed */
export type Ask = (...args: readonly string[]) => Promise<GitAnswer>

/**
 * Opens a working copy whose `.git` others may have written: nothing in it is changed, and nothing that its
 * configuration names is run. @throws Problem
 */
export async function lookInto(folder: string, tools: LookTools): Promise<Ask> {
  const filters = await filterSettings(folder, tools)
  return (...args) => gitIn(folder, args, tools, filters)
}

/** Programs that .git/config names as filters of files would be run by `git status`: each is set to none. */
async function filterSettings(folder: string, tools: LookTools): Promise<readonly (readonly [string, string])[]> {
  const listed = await gitIn(folder, ['config', '--null', '--name-only', '--get-regexp', '^filter\\.'], tools, [])
  const drivers = new Set(recordsOf(listed.stdout).map((key) => key.slice(0, key.lastIndexOf('.'))))
  return [...drivers].flatMap((driver) => [
    [`${driver}.clean`, ''] as const,
    [`${driver}.smudge`, ''] as const,
    [`${driver}.process`, ''] as const,
    [`${driver}.required`, 'false'] as const,
  ])
}

async function gitIn(
  folder: string,
  args: readonly string[],
  tools: LookTools,
  config: readonly (readonly [string, string])[],
): Promise<GitAnswer> {
  const tooMuch = new AbortController()
  const { maxOutputBytes = Infinity } = tools
  const signals = [tooMuch.signal, ...(tools.signal === undefined ? [] : [tools.signal])]
  const result = await runGit({
    folder,
    gitFolder: join(folder, '.git'),
    // Without optional locks `git status` does not write the index anew.
    args: ['--no-optional-locks', ...args],
    config,
    // Else core.worktree in .git/config may name another folder.
    environment: { ...tools.environment, GIT_WORK_TREE: folder },
    timeoutMs: tools.timeoutMs,
    signal: AbortSignal.any(signals),
    onOutput: (bytes) => {
      if (bytes > maxOutputBytes) tooMuch.abort()
    },
  })
  if (result.ended === 'exited') return result
  const because = tooMuch.signal.aborted ? 'git said too much' : `git was ${result.ended}`
  throw new Problem({ doing: `look at ${folder}`, because, remedy: 'try again' })
}

/** The records of an output with `-z`. */
export function recordsOf(output: string): string[] {
  return output.split('\0').filter((record) => record !== '')
}
