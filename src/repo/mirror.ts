import { createHash } from 'node:crypto'
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { exists, removeFolder, sweepTemporaries, temporaryName } from '../support/files.js'
import { lockFile, type Lock } from '../support/lock.js'
import { codeOf, Problem } from '../support/problem.js'
import { runGit, type GitResult, type GitRun } from './git.js'
import { gitFailure, type GitFailure } from './git-failure.js'
import { reach, type Reach } from './reach.js'
import { inTurn } from './in-turn.js'
import { makeMirrorOfClone, readClonedFiles, type ClonedFiles } from './mirror-of-clone.js'
import { noteUpToDate } from './recent.js'
import { parseHead, readRefs, type Head, type Refs } from './refs.js'
import type { Repository } from './repository-url.js'
import { removeStaleFiles } from './stale-files.js'
import type { RepositoryTools } from './tools.js'

/** A bare clone on this machine that is as the remote was a moment ago. */
export interface Mirror {
  readonly folder: string
  readonly refs: Refs
  /** True where all of it has just come from the remote, so that it can't be damaged. */
  readonly fresh: boolean
}

/** One use of a mirror; what changes one that stands locks it until the use ends. */
export interface MirrorUse {
  /**
   * Where no mirror stands yet: clones straight into a working copy. Undefined where there is a mirror, or where only the
   * long way by a mirror can tell what is the matter; something may be left at `into` then.
   * @throws Problem where the remote can't be had
   */
  cloneFirst(into: string, branch: string | undefined): Promise<ClonedFiles | undefined>
  /**
   * Makes the mirror out of that clone, which saves writing everything twice. It is made within the clone, where one that
   * is given up takes it along, and moved to its place: one rename, which fails where something stands, and so needs no lock.
   */
  adopt(into: string, cloned: ClonedFiles): Promise<void>
  /** The mirror as it was left, locked from now on; undefined where there is none, or nothing in it to clone. @throws Problem */
  standing(): Promise<Mirror | undefined>
  /** Brings the mirror that stands up to date, or makes it. @throws Problem */
  update(standing: Mirror | undefined): Promise<Mirror>
  /** Makes the mirror anew, whatever stands there, after `update`. @throws Problem */
  remake(): Promise<Mirror>
}

/** The ref in a mirror that holds the commit of the remote's HEAD. */
export const remoteHead = 'refs/devorch/remote-head'

/**
 * Calls `use`, which nobody else in this process does meanwhile for the mirror of this repository; what changes the
 * mirror is locked against other processes.
 * @throws Problem where the host may not be reached, or the mirror stays locked; and what `use` throws
 */
export async function withMirror<T>(
  repository: Repository,
  tools: RepositoryTools,
  caller: Pick<GitRun, 'signal' | 'onStarted'>,
  use: (mirror: MirrorUse) => Promise<T>,
): Promise<T> {
  const folder = mirrorFolder(repository, tools)
  const reached = await reach(repository, tools)
  await mkdir(tools.mirrorsFolder, { recursive: true })
  return await inTurn(folder, async () => {
    const worker = new MirrorWorker(folder, repository, tools, reached, caller)
    try {
      return await use(worker)
    } finally {
      await worker.release()
    }
  })
}

/** Where the mirror of a repository is, or would be. */
export function mirrorFolder(repository: Repository, tools: RepositoryTools): string {
  return join(tools.mirrorsFolder, mirrorName(repository.key))
}

/** A folder name for a key: readable, and by its hash never the same for two keys. */
export function mirrorName(key: string): string {
  const readable = key.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '')
  return `${readable.slice(0, 80)}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.git`
}

class MirrorWorker implements MirrorUse {
  private lock: Lock | undefined
  /** Before anything was asked of the remote. */
  private readonly begun = { at: new Date(), monotonicMs: performance.now() }

  constructor(
    private readonly folder: string,
    private readonly repository: Repository,
    private readonly tools: RepositoryTools,
    private readonly reached: Reach,
    private readonly caller: Pick<GitRun, 'signal' | 'onStarted'>,
  ) {}

  async cloneFirst(into: string, branch: string | undefined): Promise<ClonedFiles | undefined> {
    if (await exists(this.folder)) return undefined
    const wanted = branch === undefined ? [] : ['--branch', branch]
    const failure = await this.askRemote((url) => ['clone', ...wanted, '--', url, into])
    if (failure !== undefined && failure.kind !== 'unknown') throw failure.problem
    const cloned = failure === undefined ? await readClonedFiles(join(into, '.git')) : undefined
    // `--branch` takes tags too.
    const isAsked = branch === undefined || (cloned !== undefined && 'branch' in cloned.head)
    return isAsked ? cloned : undefined
  }

  async adopt(into: string, cloned: ClonedFiles): Promise<void> {
    const gitFolder = join(into, '.git')
    const made = join(gitFolder, 'devorch-mirror')
    await makeMirrorOfClone(gitFolder, cloned, made)
    try {
      await rename(made, this.folder)
    } catch (error) {
      await removeFolder(made)
      // Another process was faster, or the projects are on another filesystem.
      if (codeOf(error) === 'EXDEV') {
        await this.lockMirror()
        await this.replaceBy((fresh) => makeMirrorOfClone(gitFolder, cloned, fresh))
      } else if (!isTaken(error)) {
        throw error
      }
    }
    this.noteUpToDate()
  }

  async standing(): Promise<Mirror | undefined> {
    await this.lockMirror()
    const [refs] = await Promise.all([readRefs(this.folder), this.markUsed()])
    // An empty repository tells the name of its branch to a clone only.
    return refs === undefined || refs.commits.size === 0 ? undefined : { folder: this.folder, refs, fresh: false }
  }

  async update(standing: Mirror | undefined): Promise<Mirror> {
    if (standing === undefined) return await this.remake()
    const failure = await this.fetch()
    const refs = failure === undefined ? await readRefs(this.folder) : undefined
    const head = refs === undefined ? undefined : await this.followHead(refs)
    if (refs !== undefined && head !== undefined) {
      this.noteUpToDate()
      return { folder: this.folder, refs: { ...refs, head }, fresh: false }
    }
    // What is neither the network's fault nor the disk's: the mirror is damaged, or the remote now is empty.
    if (failure !== undefined && failure.kind !== 'unknown') throw failure.problem
    return await this.remake()
  }

  async remake(): Promise<Mirror> {
    let refs: Refs | undefined
    await this.replaceBy(async (fresh) => {
      const failure = await this.askRemote((url) => ['clone', '--bare', '--', url, fresh])
      if (failure !== undefined) throw failure.problem
      refs = await readRefs(fresh)
    })
    if (refs === undefined) throw new Error(`the mirror ${this.folder} has just been made and can't be read`)
    this.noteUpToDate()
    return { folder: this.folder, refs, fresh: true }
  }

  private noteUpToDate(): void {
    noteUpToDate(this.folder, this.begun.at, this.begun.monotonicMs)
  }

  async release(): Promise<void> {
    await this.lock?.release()
  }

  private async lockMirror(): Promise<void> {
    if (this.lock !== undefined) return
    const { environment, stepTimeoutMs: waitMs } = this.tools
    const lock = await lockFile(`${this.folder}.lock`, { waitMs, environment, signal: this.caller.signal })
    if (lock === 'held') {
      const because = 'another process is using its mirror'
      const doing = `clone ${this.repository.url}`
      throw new Problem({ doing, because, remedy: 'try again later', transient: true })
    }
    this.lock = lock
    await this.sweep()
  }

  /** Its time is that of its last use: prune-mirrors.ts. */
  private async markUsed(): Promise<void> {
    const now = new Date()
    await utimes(this.folder, now, now).catch((error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
    })
  }

  /** Has a mirror made beside its place and, once it is whole, moved there. */
  private async replaceBy(make: (fresh: string) => Promise<void>): Promise<void> {
    const fresh = join(this.tools.mirrorsFolder, temporaryName(basename(this.folder)))
    try {
      await make(fresh)
      await removeFolder(this.folder)
      await rename(fresh, this.folder).catch(async (error: unknown) => {
        // A first clone of another process was moved there in this very moment.
        if (!isTaken(error)) throw error
        await removeFolder(this.folder)
        await rename(fresh, this.folder)
      })
    } catch (error) {
      await removeFolder(fresh)
      throw error
    }
  }

  private async fetch(): Promise<GitFailure | undefined> {
    const refspecs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*', `+HEAD:${remoteHead}`]
    const options = ['--prune', '--atomic', '--no-tags', '--no-write-fetch-head', '--no-auto-maintenance']
    return await this.askRemote((url) => ['fetch', ...options, '--', url, ...refspecs], this.folder)
  }

  /**
   * The branch that the remote's HEAD names now. git fetch tells HEAD's commit only; where several branches stand
   * there and ours is not among them or not alone, the remote is asked. Undefined: the mirror can't be used.
   */
  private async followHead(refs: Refs): Promise<Head | undefined> {
    const commit = refs.commits.get(remoteHead)
    if (commit === undefined) return undefined
    const candidates = [...refs.commits].filter(([name, at]) => name.startsWith('refs/heads/') && at === commit)
    const only = candidates.length === 1 ? candidates[0]?.[0].slice('refs/heads/'.length) : undefined
    const head = only === undefined ? await this.askHead() : { branch: only }
    if (head === undefined || JSON.stringify(head) === JSON.stringify(refs.head)) return head
    const temporary = join(this.folder, 'HEAD.new')
    await writeFile(temporary, 'branch' in head ? `ref: refs/heads/${head.branch}\n` : `${head.commit}\n`)
    await rename(temporary, join(this.folder, 'HEAD'))
    return head
  }

  private async askHead(): Promise<Head | undefined> {
    let stdout = ''
    const failure = await this.askRemote(
      (url) => ['ls-remote', '--symref', '--', url, 'HEAD'],
      undefined,
      (result) => {
        stdout = result.stdout
      },
    )
    if (failure !== undefined) throw failure.problem
    for (const line of stdout.split('\n')) {
      const [value, name] = line.split('\t')
      if (name === 'HEAD' && value !== undefined) return parseHead(value)
    }
    return undefined
  }

  /**
   * Runs a git that talks to the remote. Redirects are not followed, since they would lead to an address that
   * nobody checked; but GitLab answers one to `owner/name`, meaning `owner/name.git` of the same host.
   */
  private async askRemote(
    args: (url: string) => readonly string[],
    gitFolder?: string,
    take?: (result: Extract<GitResult, { ended: 'exited' }>) => void,
  ): Promise<GitFailure | undefined> {
    const attempt = async (url: string): Promise<GitFailure | undefined> => {
      const result = await runGit({
        folder: this.tools.mirrorsFolder,
        args: args(url),
        config: this.reached.config,
        protocols: this.reached.protocols,
        sshCommand: this.reached.sshCommand,
        environment: this.tools.environment,
        gitFolder,
        timeoutMs: this.tools.stepTimeoutMs,
        onStarted: this.caller.onStarted,
        signal: this.caller.signal,
      })
      if (result.ended === 'exited') take?.(result)
      return gitFailure(result, `clone ${this.repository.url}`)
    }
    const failure = await attempt(this.reached.url)
    const mayAdd = failure?.kind === 'redirect' && !this.reached.url.endsWith('.git')
    return mayAdd ? await attempt(`${this.reached.url}.git`) : failure
  }

  /** Removes what a killed process left of an earlier attempt. */
  private async sweep(): Promise<void> {
    await Promise.all([
      sweepTemporaries(this.tools.mirrorsFolder, basename(this.folder)),
      removeStaleFiles(this.folder),
    ])
  }
}

/** rename(2) of a folder onto one with something in it. */
function isTaken(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes(codeOf(error) ?? '')
}
