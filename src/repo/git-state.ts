import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import { lookInto, recordsOf, type Ask, type LookTools } from './look-into.js'

/** Where a working copy stands. Texts are fit for one line. */
export interface GitState {
  /** Null: none is checked out (detached). */
  readonly branch: string | null
  /** The first 12 digits of its id; null: there is no commit yet. */
  readonly commit: string | null
  /** At most 100 characters. */
  readonly subject: string | null
  readonly committedAt: Date | null
  /** Changed and untracked files, a folder of untracked ones as one; null: it could not be told, as in a huge working copy. */
  readonly dirty: number | null
  /** Commits that the upstream has not, and that only it has; null: no upstream, or it could not be told. */
  readonly ahead: number | null
  readonly behind: number | null
}

/** Of a status; a working copy with more is too much to be told. */
const maxOutputBytes = 4 * 1024 * 1024
const maxText = 100

/**
 * Asks git how a working copy stands, as `repo/unsaved.ts` does: nothing is changed, nothing that its configuration names is
 * run. The subject and time of `before`'s commit are taken over where it is still the one.
 * @returns undefined where there is no repository, or git gave no answer
 */
export async function readGitState(
  folder: string,
  tools: LookTools,
  before: GitState | undefined,
): Promise<GitState | undefined> {
  try {
    if (!(await lstat(join(folder, '.git'))).isDirectory()) return undefined
    const ask = await lookInto(folder, { maxOutputBytes, ...tools })
    const state = (await askStatus(ask)) ?? (await askHead(ask))
    if (state === undefined) return undefined
    const { id, ...rest } = state
    if (id === null) return { ...rest, commit: null, subject: null, committedAt: null }
    const commit = id.slice(0, 12)
    if (before?.commit === commit) {
      return { ...rest, commit, subject: before.subject, committedAt: before.committedAt }
    }
    return { ...rest, commit, ...(await askCommit(ask, id)) }
  } catch (error) {
    // git told no answer, or there is no repository any more.
    if (error instanceof Problem || codeOf(error) !== undefined) return undefined
    throw error
  }
}

type Status = Pick<GitState, 'branch' | 'dirty' | 'ahead' | 'behind'> & { readonly id: string | null }

async function askStatus(ask: Ask): Promise<Status | undefined> {
  try {
    const answer = await ask(
      ...['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=normal', '--ignore-submodules=all'],
      // What its configuration may say otherwise.
      ...['--no-renames', '--ahead-behind'],
    )
    return answer.code === 0 ? parseStatus(answer.stdout) : undefined
  } catch (error) {
    if (error instanceof Problem) return undefined
    throw error
  }
}

/** git-status(1), Porcelain Format Version 2. */
function parseStatus(output: string): Status | undefined {
  const headers = new Map<string, string>()
  let dirty = 0
  for (const record of recordsOf(output)) {
    const [, key, value] = /^# (branch\.\w+) (.*)$/s.exec(record) ?? []
    if (key !== undefined && value !== undefined) headers.set(key, value)
    else if (/^[12u?] /.test(record)) dirty += 1
  }
  const [id, branch] = [headers.get('branch.oid'), headers.get('branch.head')]
  if (id === undefined || branch === undefined) return undefined
  const [, ahead, behind] = /^\+(\d+) -(\d+)$/.exec(headers.get('branch.ab') ?? '') ?? []
  return {
    id: /^[0-9a-f]{40,64}$/.test(id) ? id : null,
    branch: branch === '(detached)' ? null : printable(branch, maxText),
    dirty,
    ahead: ahead === undefined ? null : Number(ahead),
    behind: behind === undefined ? null : Number(behind),
  }
}

/** What costs nothing, where the status was too much. */
async function askHead(ask: Ask): Promise<Status | undefined> {
  const head = await ask('rev-parse', '--verify', '--quiet', 'HEAD')
  const id = head.stdout.trim()
  if (head.code !== 0 || !/^[0-9a-f]{40,64}$/.test(id)) return undefined
  const branch = await ask('symbolic-ref', '--quiet', '--short', 'HEAD')
  return {
    id,
    branch: branch.code === 0 ? printable(branch.stdout.trim(), maxText) : null,
    dirty: null,
    ahead: null,
    behind: null,
  }
}

/** `git log` would run a program for signatures where the configuration says so (log.showSignature); this does not. */
async function askCommit(ask: Ask, id: string): Promise<Pick<GitState, 'subject' | 'committedAt'>> {
  const format = `%ct%x00%<(${(maxText + 50).toString()},trunc)%s`
  const shown = await ask(
    'rev-list',
    '--max-count=1',
    '--no-commit-header',
    '--encoding=UTF-8',
    `--format=${format}`,
    id,
  )
  const [seconds, subject] = shown.stdout.split('\0')
  if (shown.code !== 0 || seconds === undefined || subject === undefined) return { subject: null, committedAt: null }
  const at = new Date(Number(seconds) * 1000)
  return { subject: printable(subject.trim(), maxText), committedAt: Number.isNaN(at.getTime()) ? null : at }
}
