import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, Problem } from '../support/problem.js'
import { lookInto, recordsOf } from './look-into.js'

export interface UnsavedTools {
  readonly environment: Readonly<Record<string, string>>
  /** For each git process. */
  readonly timeoutMs: number
}

/**
 * What would be lost with a working copy, in words (`2 changed files`, `1 stash`); empty: nothing, as far as git knows,
 * for ignored files do not count. What can't be looked into (submodules, further worktrees, files whose changes git was told to
 * overlook) counts as unsaved. Nothing in the folder is changed, and nothing that its configuration names is run.
 * @returns undefined where it can't be told
 */
export async function findUnsaved(folder: string, tools: UnsavedTools): Promise<readonly string[] | undefined> {
  try {
    if (!(await lstat(join(folder, '.git'))).isDirectory()) return undefined
    const ask = await lookInto(folder, tools)
    const status = await ask('status', '--porcelain=v1', '-z', '--untracked-files=normal', '--ignore-submodules=all')
    const index = await ask('ls-files', '--stage', '-v', '-z')
    const stash = await ask('rev-parse', '--verify', '--quiet', 'refs/stash')
    const stashes =
      stash.code === 0 ? await ask('rev-list', '--walk-reflogs', '--count', 'refs/stash') : { code: 0, stdout: '0' }
    const unpushed = await ask('rev-list', '--count', '--exclude=refs/stash', '--all', '--not', '--remotes')
    if ([status, index, stashes, unpushed].some(({ code }) => code !== 0)) return undefined
    const entries = recordsOf(status.stdout)
    const untracked = entries.filter((entry) => entry.startsWith('?? ')).length
    const files = recordsOf(index.stdout)
    const git = join(folder, '.git')
    const others = await Promise.all(['worktrees', 'modules'].map((name) => hasEntries(join(git, name))))
    return [
      ...counted(entries.length - untracked, 'changed file'),
      ...counted(untracked, 'untracked file'),
      ...counted(Number(stashes.stdout), 'stash', 'stashes'),
      ...counted(Number(unpushed.stdout), 'unpushed commit'),
      ...(files.some((file) => /^[a-zS] /.test(file)) ? ['files whose changes git overlooks'] : []),
      ...(others[0] === true ? ['further worktrees'] : []),
      ...(others[1] === true || files.some((file) => file.slice(2).startsWith('160000 ')) ? ['submodules'] : []),
    ]
  } catch (error) {
    // git told no answer, or there is no repository any more.
    if (error instanceof Problem || codeOf(error) !== undefined) return undefined
    throw error
  }
}

function counted(count: number, one: string, many = `${one}s`): string[] {
  return count === 0 ? [] : [`${count.toString()} ${count === 1 ? one : many}`]
}

async function hasEntries(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length > 0
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}
