import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { allDone } from '../support/all-done.js'
import { exists, removeFolder } from '../support/files.js'
import { Problem } from '../support/problem.js'
import { nearest, printable } from '../support/text.js'
import { checkBranchName } from './branch-name.js'
import { runGit } from './git.js'
import { gitFailure, type GitFailure } from './git-failure.js'
import { mirrorFolder, remoteHead, withMirror, type Mirror, type MirrorUse } from './mirror.js'
import { isAsNewAs } from './recent.js'
import { readRefs, type Refs } from './refs.js'
import type { Repository } from './repository-url.js'
import type { RepositoryTools } from './tools.js'

export interface CloneRequest {
  readonly repository: Repository
  /** Default: the branch that the remote's HEAD names. */
  readonly branch?: string | undefined
  /** Absolute; must not exist, its parent must. The caller renames it into place. */
  readonly into: string
  /** What the remote had then is enough; undefined: what it has now. */
  readonly since?: Date | undefined
  /**
   * What is to be done in the clone. It may begin before it is known that the clone is the right one: where another takes
   * its place, it is done anew in that. Its failure is that of the clone.
   */
  readonly furnish?: ((cloned: Cloned) => Promise<void>) | undefined
  /** Told when git is at work. */
  readonly onStarted?: (() => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Cloned {
  /** Null: the repository is empty. */
  readonly commit: string | null
  /** Null: the remote's HEAD is at a commit, not on a branch. */
  readonly branch: string | null
  readonly empty: boolean
}

/**
 * Clones with a mirror: the first clone of a repository makes it, the next ones fetch what is new into it; working
 * copies share its objects by hard links. The working copy has the real address as origin and all branches
 * as origin/*; nothing that the repository brings along has run, and submodules are not cloned.
 * @throws Problem; nothing is left at `into`, and no half mirror
 */
export async function cloneRepository(request: CloneRequest, tools: RepositoryTools): Promise<Cloned> {
  const { repository, branch, into } = request
  const wrong = branch === undefined ? undefined : checkBranchName(branch)
  if (wrong !== undefined) throw badBranch(repository, `the name of the branch is not valid: ${wrong}`)
  if (await exists(into)) throw new Error(`clone into ${into}: it exists`)
  try {
    const recent = () => cloneRecent(request, tools)
    return (
      (await recent()) ??
      (await withMirror(repository, tools, request, async (use) => (await recent()) ?? cloneFrom(use, request, tools)))
    )
  } catch (error) {
    await removeFolder(into)
    throw error
  }
}

/**
 * Clones from a mirror that is new enough, without asking anybody, and without its lock: where it is changed meanwhile, or
 * the clone fails for any other reason, nothing is left, and the longer way tells what is the matter.
 */
async function cloneRecent(request: CloneRequest, tools: RepositoryTools): Promise<Cloned | undefined> {
  const { repository, since, into } = request
  const folder = mirrorFolder(repository, tools)
  if (since === undefined || !isAsNewAs(folder, since)) return undefined
  const refs = await readRefs(folder)
  if (refs === undefined || refs.commits.size === 0) return undefined
  const [cloned] = await Promise.allSettled([checkOut({ folder, refs, fresh: false }, request, tools)])
  if (cloned.status === 'fulfilled' && !('problem' in cloned.value)) return cloned.value
  await removeFolder(into)
  return undefined
}

async function cloneFrom(use: MirrorUse, request: CloneRequest, tools: RepositoryTools): Promise<Cloned> {
  const { repository, into } = request
  const cloned = await use.cloneFirst(into, request.branch)
  if (cloned !== undefined) {
    const branch = 'branch' in cloned.head ? cloned.head.branch : null
    const furnishing = furnished({ commit: cloned.commit, branch, empty: false }, request)
    const [result] = await allDone([furnishing, use.adopt(into, cloned).then(() => setAddress(into, repository))])
    return result
  }
  await removeFolder(into)
  const before = await use.standing()
  // The remote first: its answer takes longest.
  const updating = use.update(before)
  const ahead = before === undefined ? undefined : cloneAhead(before, request, tools)
  const mirror = await updating.catch(async (error: unknown) => {
    await ahead?.settle(undefined)
    throw error
  })
  const outcome = (await ahead?.settle(mirror)) ?? (await checkOut(mirror, request, tools))
  if (!('problem' in outcome)) return outcome
  if (mirror.fresh || outcome.kind !== 'unknown') throw outcome.problem
  await removeFolder(into)
  const again = await checkOut(await use.remake(), request, tools)
  if ('problem' in again) throw again.problem
  return again
}

/** A clone that is under way before it is known to be the right one. */
interface Ahead {
  /**
   * @param mirror as it is now; undefined where that can't be told
   * @returns what was cloned where the mirror is as it was; else undefined, with the clone given up and nothing left of it
   */
  settle(mirror: Mirror | undefined): Promise<Cloned | undefined>
}

/** Clones from a mirror while the remote is asked what is new, which most often is nothing. */
function cloneAhead(before: Mirror, request: CloneRequest, tools: RepositoryTools): Ahead {
  const givingUp = new AbortController()
  const signals = [givingUp.signal, ...(request.signal === undefined ? [] : [request.signal])]
  const cloning = checkOut(before, { ...request, signal: AbortSignal.any(signals) }, tools)
  // Awaited by `settle`; this keeps an early failure from being unhandled.
  cloning.catch(() => undefined)
  return {
    async settle(mirror) {
      const isAsBefore = mirror !== undefined && !mirror.fresh && isSameToClones(mirror.refs, before.refs)
      if (!isAsBefore) givingUp.abort()
      const [cloned] = await Promise.allSettled([cloning])
      // What is the matter with one that failed is told by the clone that follows.
      if (isAsBefore && cloned.status === 'fulfilled' && !('problem' in cloned.value)) return cloned.value
      await removeFolder(request.into)
      return undefined
    },
  }
}

/** Without the ref of our own, which no clone copies, and which a mirror made out of a clone gets at its first fetch. */
function isSameToClones(one: Refs, other: Refs): boolean {
  const copied = ({ commits }: Refs) => new Map([...commits].filter(([name]) => name !== remoteHead))
  return isDeepStrictEqual(one.head, other.head) && isDeepStrictEqual(copied(one), copied(other))
}

async function checkOut(mirror: Mirror, request: CloneRequest, tools: RepositoryTools): Promise<Cloned | GitFailure> {
  const { repository, into, signal } = request
  const { head, commits } = mirror.refs
  if (commits.size === 0) return await initialise(mirror, request, tools)
  const branch = request.branch ?? ('branch' in head ? head.branch : null)
  const commit =
    branch === null ? ('commit' in head ? head.commit : null) : (commits.get(`refs/heads/${branch}`) ?? null)
  if (commit === null)
    throw noSuchBranch(repository, branch ?? 'HEAD', request.branch !== undefined, [...commits.keys()])
  const result = await runGit({
    folder: tools.mirrorsFolder,
    // Of a folder, git clones by hard links, or copies between filesystems and mounts; --local would fail there (2.39).
    args: ['clone', ...(branch === null ? [] : ['--branch', branch]), '--', mirror.folder, into],
    protocols: 'file',
    environment: tools.environment,
    timeoutMs: tools.stepTimeoutMs,
    onStarted: request.onStarted,
    signal,
  })
  const doing = `check out ${repository.url}`
  // git goes on with what other packs hold where it finds one torn, and would complain in the working copy for ever.
  const torn = !mirror.fresh && result.ended === 'exited' && /^error: /m.test(result.stderr)
  const failure = gitFailure(torn && result.code === 0 ? { ...result, code: 1 } : result, doing)
  if (failure !== undefined) return failure
  const furnishing = furnished({ commit, branch, empty: false }, request)
  const [cloned] = await allDone([furnishing, setAddress(into, repository)])
  return cloned
}

async function furnished(cloned: Cloned, { furnish }: CloneRequest): Promise<Cloned> {
  await furnish?.(cloned)
  return cloned
}

/** Has origin name the repository, not the mirror or the address that was checked; without a process of git's. */
async function setAddress(workingCopy: string, repository: Repository): Promise<void> {
  const config = join(workingCopy, '.git', 'config')
  const lines = (await readFile(config, 'utf8')).split('\n')
  const origins = lines.filter((line) => line.startsWith('\turl = ')).length
  if (origins !== 1) throw new Error(`${config} has ${origins.toString()} addresses where git writes one`)
  const rewritten = lines.map((line) => (line.startsWith('\turl = ') ? `\turl = ${configValue(repository.url)}` : line))
  await writeFile(config, rewritten.join('\n'))
}

/** What `git clone` makes of an empty repository, but on the branch that was asked for. */
async function initialise(mirror: Mirror, request: CloneRequest, tools: RepositoryTools): Promise<Cloned | GitFailure> {
  const { head } = mirror.refs
  const theirs = 'branch' in head && checkBranchName(head.branch) === undefined ? head.branch : 'main'
  const branch = request.branch ?? theirs
  const result = await runGit({
    folder: dirname(request.into),
    args: ['init', `--initial-branch=${branch}`, '--', request.into],
    environment: tools.environment,
    timeoutMs: tools.stepTimeoutMs,
    signal: request.signal,
  })
  const failure = gitFailure(result, `make a working copy of ${request.repository.url}`)
  if (failure !== undefined) return failure
  const origin = `[remote "origin"]\n\turl = ${configValue(request.repository.url)}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`
  const tracking = `[branch ${configValue(branch)}]\n\tremote = origin\n\tmerge = ${configValue(`refs/heads/${branch}`)}\n`
  await writeFile(join(request.into, '.git', 'config'), origin + tracking, { flag: 'a' })
  return await furnished({ commit: null, branch, empty: true }, request)
}

/** Quoted as git-config(1), Syntax, says. */
function configValue(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function noSuchBranch(repository: Repository, branch: string, asked: boolean, names: readonly string[]): Problem {
  const branches = names
    .filter((name) => name.startsWith('refs/heads/'))
    .map((name) => name.slice('refs/heads/'.length))
  if (!asked) return badBranch(repository, `its default branch ${printable(branch, 100)} does not exist`)
  const near = nearest(branch, branches).map((name) => printable(name, 100))
  const hint = near.length === 0 ? '' : ` (there is ${near.join(', ')})`
  return badBranch(repository, `there is no branch ${printable(branch, 100)}${hint}`)
}

function badBranch(repository: Repository, because: string): Problem {
  return new Problem({
    doing: `clone ${repository.url}`,
    because,
    remedy: 'name a branch that exists',
    field: 'branch',
  })
}
