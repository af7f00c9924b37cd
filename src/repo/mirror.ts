import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockFile } from '../support/lock.js'
import { Problem } from '../support/problem.js'
import { runGit, type GitResult } from './git.js'
import { gitFailure, type GitFailure } from './git-failure.js'
import { reach, type Reach } from './reach.js'
import { parseHead, readRefs, type Head, type Refs } from './refs.js'
import type { Repository } from './repository-url.js'
import type { RepositoryTools } from './tools.js'

/** A bare clone on this machine that is as the remote was a moment ago. */
export interface Mirror {
  readonly folder: string
  readonly refs: Refs
  /** True where all of it has just come from the remote, so that it can't be damaged. */
  readonly fresh: boolean
}

/** One use of a mirror, while it is locked. */
export interface MirrorUse {
  /** Brings the mirror up to date, or makes it. @throws Problem */
  update(): Promise<Mirror>
  /** Makes the mirror anew, whatever stands there. @throws Problem */
  remake(): Promise<Mirror>
}

const remoteHead = 'refs/devorch/remote-head'
const turns = new Map<string, Promise<unknown>>()

/**
 * Calls `use` while nobody else, in this process or another, uses the mirror of this repository.
 * @throws Problem where the host may not be reached, or the mirror stays locked; and what `use` throws
 */
export async function withMirror<T>(
  repository: Repository,
  tools: RepositoryTools,
  signal: AbortSignal | undefined,
  use: (mirror: MirrorUse) => Promise<T>,
): Promise<T> {
  const folder = join(tools.mirrorsFolder, mirrorName(repository.key))
  const reached = await reach(repository, tools)
  await mkdir(tools.mirrorsFolder, { recursive: true })
  return await inTurn(folder, async () => {
    const { environment, stepTimeoutMs: waitMs } = tools
    const lock = await lockFile(`${folder}.lock`, { waitMs, environment, signal })
    if (lock === 'held') {
      const because = 'another process is using its mirror'
      throw new Problem({ doing: `clone ${repository.url}`, because, remedy: 'try again later', transient: true })
    }
    try {
      const worker = new MirrorWorker(folder, repository, tools, reached, signal)
      return await use(worker)
    } finally {
      await lock.release()
    }
  })
}

/** A folder name for a key: readable, and by its hash never the same for two keys. */
export function mirrorName(key: string): string {
  const readable = key.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '')
  return `${readable.slice(0, 80)}-${createHash('sha256').update(key).digest('hex').slice(0, 16)}.git`
}

class MirrorWorker implements MirrorUse {
  constructor(
    private readonly folder: string,
    private readonly repository: Repository,
    private readonly tools: RepositoryTools,
    private readonly reached: Reach,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async update(): Promise<Mirror> {
    const known = await readRefs(this.folder)
    // An empty repository tells the name of its branch to a clone only.
    if (known === undefined || known.commits.size === 0) return await this.remake()
    const failure = await this.fetch()
    const refs = failure === undefined ? await readRefs(this.folder) : undefined
    const head = refs === undefined ? undefined : await this.followHead(refs)
    if (refs !== undefined && head !== undefined) return { folder: this.folder, refs: { ...refs, head }, fresh: false }
    // What is neither the network's fault nor the disk's: the mirror is damaged, or the remote now is empty.
    if (failure !== undefined && failure.kind !== 'unknown') throw failure.problem
    return await this.remake()
  }

  async remake(): Promise<Mirror> {
    await this.sweep()
    const fresh = `${this.folder}.${randomBytes(4).toString('hex')}.new`
    try {
      const failure = await this.askRemote((url) => ['clone', '--bare', '--', url, fresh])
      if (failure !== undefined) throw failure.problem
      const refs = await readRefs(fresh)
      if (refs === undefined) throw new Error(`the mirror ${fresh} has just been made and can't be read`)
      await rm(this.folder, { recursive: true, force: true })
      await rename(fresh, this.folder)
      return { folder: this.folder, refs, fresh: true }
    } finally {
      await rm(fresh, { recursive: true, force: true })
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
        signal: this.signal,
      })
      if (result.ended === 'exited') take?.(result)
      return gitFailure(result, `clone ${this.repository.url}`)
    }
    const failure = await attempt(this.reached.url)
    const mayAdd = failure?.kind === 'redirect' && !this.reached.url.endsWith('.git')
    return mayAdd ? await attempt(`${this.reached.url}.git`) : failure
  }

  /** Removes what a killed process left of an earlier attempt; the lock says that nobody is at it. */
  private async sweep(): Promise<void> {
    const prefix = `${this.folder.slice(this.tools.mirrorsFolder.length + 1)}.`
    for (const name of await readdir(this.tools.mirrorsFolder)) {
      if (!name.startsWith(prefix) || !name.endsWith('.new')) continue
      await rm(join(this.tools.mirrorsFolder, name), { recursive: true, force: true })
    }
  }
}

/** One after another for one key, in the order of the calls; an earlier failure does not matter. */
async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(key) ?? Promise.resolve()
  const mine = before.then(work, work)
  turns.set(key, mine)
  try {
    return await mine
  } finally {
    if (turns.get(key) === mine) turns.delete(key)
  }
}
