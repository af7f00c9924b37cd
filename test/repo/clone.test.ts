import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { cloneRepository, type Cloned, type CloneRequest } from '../../src/repo/clone.js'
import { runGit } from '../../src/repo/git.js'
import { mirrorName } from '../../src/repo/mirror.js'
import type { RepositoryTools } from '../../src/repo/tools.js'
import { exists } from '../../src/support/files.js'
import { run } from '../../src/support/process.js'
import { startGitServer, type GitServer } from '../support/git-server.js'
import { commitFiles, git, makeBareRepository, makeRepository } from '../support/repositories.js'
import { mountTmpfs } from '../support/mount.js'
import { labTools, repositoryAt } from '../support/repository-tools.js'
import { temporaryFolder } from '../support/temporary.js'

interface Place {
  readonly folder: string
  readonly work: string
  readonly server: GitServer
  readonly tools: RepositoryTools
  readonly url: string
  clone(into: string, branch?: string): Promise<Cloned>
}

async function place(
  files: Readonly<Record<string, string>> = { 'a.txt': 'a', 'b/c.txt': 'c' },
  gate: (path: string) => Promise<boolean> = () => Promise.resolve(true),
): Promise<Place> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'served'))
  const { work } = await makeBareRepository(join(folder, 'served', 'app.git'), files)
  const server = await startGitServer(join(folder, 'served'), { gate })
  onTestFinished(() => server.close())
  const url = `${server.url}/app.git`
  const tools = labTools(folder)
  const clone = (into: string, branch?: string) =>
    cloneRepository({ repository: repositoryAt(url), into: join(folder, into), branch }, tools)
  return { folder, work, server, tools, url, clone }
}

const mirrorOf = ({ tools, url }: Place) => join(tools.mirrorsFolder, mirrorName(repositoryAt(url).key))

describe('cloneRepository', () => {
  it('works where mirrors and projects are on two filesystems, as under systemd', async (test) => {
    const here = await place()
    await mkdir(here.tools.mirrorsFolder)
    const refusal = await mountTmpfs(here.tools.mirrorsFolder)
    if (refusal !== undefined) test.skip(refusal)
    for (const into of ['first', 'from-mirror']) {
      await here.clone(into)
      await git(join(here.folder, into), 'fsck', '--full')
    }
    expect(await readdir(join(here.folder, 'from-mirror'))).toEqual(['.git', 'a.txt', 'b'])
  })

  it('gives the working copy that git clone gives', async () => {
    const here = await place()
    await git(here.work, 'tag', '--annotate', '--message', 'One', 'v1')
    await git(here.work, 'push', '--quiet', 'origin', 'main:other', 'main:a/b', 'v1')
    const cloned = await here.clone('ours')
    await git(here.folder, 'clone', '--quiet', '--template=', here.url, 'theirs')
    const [ours, theirs] = [join(here.folder, 'ours'), join(here.folder, 'theirs')]
    const head = await git(theirs, 'rev-parse', 'HEAD')
    expect(cloned).toEqual({ commit: head, branch: 'main', empty: false })
    for (const question of [
      ['config', '--local', '--list'],
      ['for-each-ref'],
      ['status', '--porcelain=v2', '--branch'],
      ['symbolic-ref', 'refs/remotes/origin/HEAD'],
    ]) {
      expect(await git(ours, ...question)).toBe(await git(theirs, ...question))
    }
    expect(await readFile(join(ours, 'b/c.txt'), 'utf8')).toBe('c')
    await git(ours, 'fsck', '--full')
    await git(ours, 'fetch', '--quiet')
  })

  it.each([
    ['sha1', undefined],
    ['sha256', undefined],
    ['sha1', 'other'],
  ])('makes of the first clone (%s, branch %s) the mirror that git clone --bare gives', async (format, branch) => {
    const here = await place()
    const work = join(here.folder, 'format.work')
    await git(here.folder, 'init', '--quiet', `--object-format=${format}`, '--initial-branch=main', work)
    await commitFiles(work, { 'a.txt': 'a' })
    await git(work, 'tag', '--annotate', '--message', 'One', 'v1')
    await git(work, 'branch', 'other')
    await git(here.folder, 'clone', '--quiet', '--bare', '--template=', work, join(here.folder, 'served', 'format.git'))
    const url = `${here.server.url}/format.git`
    const into = join(here.folder, 'ours')
    expect(await cloneRepository({ repository: repositoryAt(url), into, branch }, here.tools)).toMatchObject({
      branch: branch ?? 'main',
    })
    expect(here.server.requests.filter((line) => line.includes('info/refs'))).toHaveLength(1)
    const mirror = join(here.tools.mirrorsFolder, mirrorName(repositoryAt(url).key))
    const theirs = join(here.folder, 'theirs.git')
    await git(here.folder, 'clone', '--quiet', '--bare', '--template=', url, theirs)
    for (const question of [['for-each-ref'], ['symbolic-ref', 'HEAD'], ['rev-parse', '--is-bare-repository']]) {
      expect(await git(mirror, ...question)).toBe(await git(theirs, ...question))
    }
    await git(mirror, 'fsck', '--full')
    expect(await git(mirror, 'config', '--get-regexp', '^(core|extensions)')).toBe(
      await git(theirs, 'config', '--get-regexp', '^(core|extensions)'),
    )
    const [pack] = (await readdir(join(mirror, 'objects', 'pack'))).filter((name) => name.endsWith('.pack'))
    expect((await stat(join(mirror, 'objects', 'pack', pack ?? ''))).nlink).toBe(2)
  })

  it('fetches only what is new the second time, and shares the objects', async () => {
    const here = await place()
    await git(here.work, 'push', '--quiet', 'origin', 'main:topic')
    const first = await here.clone('one')
    const before = here.server.requests.length
    const commit = await commitFiles(here.work, { 'new.txt': 'new' })
    await git(here.work, 'push', '--quiet', 'origin', 'main')
    expect(await here.clone('two')).toEqual({ commit, branch: 'main', empty: false })
    expect(await git(join(here.folder, 'two'), 'rev-parse', 'HEAD', 'origin/topic')).toBe(
      `${commit}\n${first.commit ?? ''}`,
    )
    expect(await git(join(here.folder, 'two'), 'remote', 'get-url', 'origin')).toBe(here.url)
    expect(here.server.requests.slice(before).filter((line) => line.includes('info/refs'))).toHaveLength(1)
    const packs = join(here.folder, 'two', '.git', 'objects', 'pack')
    const [pack] = (await readdir(packs)).filter((name) => name.endsWith('.pack'))
    expect((await stat(join(packs, pack ?? ''))).nlink).toBeGreaterThan(1)
  })

  it.each(['nothing', 'a commit'])(
    'clones from the mirror while the remote is asked, which has %s new',
    async (news) => {
      const holding: { until?: string } = {}
      const here = await place(undefined, async () => {
        const { until } = holding
        return until === undefined || vi.waitUntil(() => exists(until), { timeout: 60_000, interval: 20 })
      })
      const first = await here.clone('one')
      const commit = news === 'nothing' ? first.commit : await commitFiles(here.work, { 'a.txt': 'new' })
      await git(here.work, 'push', '--quiet', 'origin', 'main')
      holding.until = join(here.folder, 'two', 'a.txt')
      expect(await here.clone('two')).toEqual({ commit, branch: 'main', empty: false })
      const two = join(here.folder, 'two')
      expect(await git(two, 'rev-parse', 'HEAD')).toBe(commit)
      expect(await readFile(join(two, 'a.txt'), 'utf8')).toBe(news === 'nothing' ? 'a' : 'new')
      expect(await git(two, 'status', '--porcelain')).toBe('')
      expect(await git(two, 'remote', 'get-url', 'origin')).toBe(here.url)
    },
  )

  it('asks the remote once for all that came before it was asked', async () => {
    const here = await place()
    const since = new Date()
    const clone = (into: string, changes: Partial<CloneRequest> = {}) => {
      const request = { repository: repositoryAt(here.url), into: join(here.folder, into), since, ...changes }
      return cloneRepository(request, here.tools)
    }
    const all = await Promise.all(['one', 'two', 'three'].map((into) => clone(into)))
    expect(await clone('four')).toEqual(all[0])
    expect(here.server.requests.filter((line) => line.includes('info/refs'))).toHaveLength(1)
    expect(await git(join(here.folder, 'four'), 'remote', 'get-url', 'origin')).toBe(here.url)
    expect(await git(join(here.folder, 'four'), 'status', '--porcelain')).toBe('')

    const commit = await commitFiles(here.work, { 'new.txt': 'new' })
    await git(here.work, 'push', '--quiet', 'origin', 'main')
    expect(await clone('later', { since: new Date(Date.now() + 1) })).toMatchObject({ commit })
    await rm(join(mirrorOf(here), 'objects'), { recursive: true })
    expect(await clone('damaged')).toMatchObject({ commit })
    await expect(clone('missing', { branch: 'nope' })).rejects.toThrow('there is no branch nope')
    expect(await readdir(here.folder)).not.toContain('missing')
  })

  it('follows a rewritten branch, a removed one and a new default branch', async () => {
    const here = await place()
    await git(here.work, 'push', '--quiet', 'origin', 'main:old')
    await here.clone('one')
    const served = join(here.folder, 'served', 'app.git')
    await git(here.work, 'commit', '--quiet', '--amend', '--message', 'Rewritten')
    await git(here.work, 'push', '--quiet', '--force', 'origin', 'main', 'main:trunk', ':old')
    await git(served, 'symbolic-ref', 'HEAD', 'refs/heads/trunk')
    // main and trunk are at one commit: which of them is HEAD, only the remote knows.
    const commit = await git(here.work, 'rev-parse', 'HEAD')
    expect(await here.clone('two')).toEqual({ commit, branch: 'trunk', empty: false })
    expect(await git(join(here.folder, 'two'), 'symbolic-ref', 'refs/remotes/origin/HEAD')).toBe(
      'refs/remotes/origin/trunk',
    )
    const branches = await git(join(here.folder, 'two'), 'branch', '--remotes', '--format=%(refname:lstrip=2)')
    expect(branches.split('\n')).toEqual(['origin/HEAD', 'origin/main', 'origin/trunk'])
    await git(served, 'update-ref', '-d', 'refs/heads/main')
    expect(await here.clone('three')).toMatchObject({ branch: 'trunk' })
    await git(served, 'update-ref', '--no-deref', 'HEAD', commit)
    await git(here.work, 'push', '--quiet', 'origin', 'main:x')
    expect(await here.clone('four')).toEqual({ commit, branch: null, empty: false })
  })

  it('takes the branch that was asked for, and names the nearest where there is none', async () => {
    const here = await place()
    await git(here.work, 'push', '--quiet', 'origin', 'main:feature/login')
    await git(here.work, 'tag', 'v1')
    await git(here.work, 'push', '--quiet', 'origin', 'v1')
    expect(await here.clone('one', 'feature/login')).toMatchObject({ branch: 'feature/login', empty: false })
    const one = join(here.folder, 'one')
    expect(await git(one, 'rev-parse', '--abbrev-ref', 'HEAD', '@{upstream}')).toBe(
      'feature/login\norigin/feature/login',
    )
    await expect(here.clone('two', 'feature/logn')).rejects.toMatchObject({
      name: 'Problem',
      because: 'there is no branch feature/logn (there is feature/login)',
      field: 'branch',
      transient: false,
    })
    await expect(here.clone('two', 'v1')).rejects.toMatchObject({ field: 'branch' })
    for (const evil of ['--orphan=evil', '-x', '@{-1}', 'a..b']) {
      await expect(here.clone('two', evil)).rejects.toMatchObject({ field: 'branch' })
    }
    expect(await readdir(here.folder)).not.toContain('two')
  })

  it('clones an empty repository, and fills it from the same mirror later', async () => {
    const here = await place({})
    expect(await here.clone('one')).toEqual({ commit: null, branch: 'main', empty: true })
    expect(await here.clone('two', 'trunk"x')).toEqual({ commit: null, branch: 'trunk"x', empty: true })
    await git(here.folder, 'clone', '--quiet', '--template=', here.url, 'theirs')
    const settings = (name: string) => git(join(here.folder, name), 'config', '--local', '--list')
    expect(await settings('one')).toBe(await settings('theirs'))
    const two = join(here.folder, 'two')
    expect(await git(two, 'config', 'branch.trunk"x.merge')).toBe('refs/heads/trunk"x')
    await commitFiles(two, { 'a.txt': 'a' })
    await git(two, 'push', '--quiet', join(here.folder, 'served', 'app.git'), 'HEAD:main')
    expect(await here.clone('three')).toMatchObject({ branch: 'main', empty: false })
  })

  it('says that the default branch is missing', async () => {
    const here = await place()
    await git(join(here.folder, 'served', 'app.git'), 'symbolic-ref', 'HEAD', 'refs/heads/gone')
    for (const name of ['fresh', 'known']) {
      await expect(here.clone(name)).rejects.toMatchObject({
        because: 'its default branch gone does not exist',
        field: 'branch',
      })
      expect(await here.clone(`${name}-main`, 'main')).toMatchObject({ branch: 'main' })
    }
  })

  it('clones from a folder of this machine', async () => {
    const here = await place()
    const repository = repositoryAt(join(here.folder, 'served', 'app.git'))
    const into = join(here.folder, 'one')
    expect(await cloneRepository({ repository, into }, here.tools)).toMatchObject({ branch: 'main' })
    expect(await git(into, 'remote', 'get-url', 'origin')).toBe(repository.url)
  })

  it.each([
    ['loses an object', (mirror: string) => rm(join(mirror, 'objects'), { recursive: true })],
    ['has no HEAD', (mirror: string) => rm(join(mirror, 'HEAD'))],
    ['has an empty HEAD', (mirror: string) => truncate(join(mirror, 'HEAD'))],
    ['has torn refs', (mirror: string) => writeFile(join(mirror, 'packed-refs'), 'nonsense\n')],
    [
      'has torn packs',
      async (mirror: string) => {
        const packs = join(mirror, 'objects', 'pack')
        for (const name of await readdir(packs)) {
          // The file may be shared with a working copy, so it is replaced.
          await rm(join(packs, name))
          await writeFile(join(packs, name), 'nonsense')
        }
      },
    ],
  ])('makes a mirror anew that %s', async (_what, damage) => {
    const here = await place()
    // Were git to search upwards for the damaged mirror, it would find and change this.
    await makeRepository(here.folder, {})
    await commitFiles(here.tools.mirrorsFolder.replace(/mirrors$/, ''), {})
    const outer = await git(here.folder, 'for-each-ref')
    await here.clone('one')
    await damage(mirrorOf(here))
    expect(await here.clone('two')).toMatchObject({ branch: 'main', empty: false })
    await git(join(here.folder, 'two'), 'fsck', '--full')
    await git(mirrorOf(here), 'fsck', '--full')
    expect(await git(here.folder, 'for-each-ref')).toBe(outer)
    expect((await readdir(here.tools.mirrorsFolder)).filter((name) => !name.endsWith('.lock'))).toHaveLength(1)
  })

  it('keeps the mirror and says so when the remote is away', async () => {
    const here = await place()
    await here.clone('one')
    await here.server.close()
    await expect(here.clone('two')).rejects.toMatchObject({
      because: 'the connection to the server failed',
      transient: true,
    })
    expect(await readdir(mirrorOf(here))).toContain('HEAD')
    expect(await readdir(here.folder)).not.toContain('two')
  })

  it('says that a repository does not exist, and leaves nothing', async () => {
    const here = await place()
    const into = join(here.folder, 'one')
    const repository = repositoryAt(`${here.server.url}/none.git`)
    await expect(cloneRepository({ repository, into }, here.tools)).rejects.toMatchObject({
      because: 'there is no such repository, or it is private',
      field: 'repo_url',
      transient: false,
    })
    expect(await readdir(here.folder)).not.toContain('one')
    expect((await readdir(here.tools.mirrorsFolder)).filter((name) => !name.endsWith('.lock'))).toEqual([])
  })

  it('lets several clones of one repository run at once, by one mirror', async () => {
    const here = await place()
    const clones = await Promise.all(['one', 'two', 'three'].map((name) => here.clone(name)))
    expect(new Set(clones.map(({ commit }) => commit)).size).toBe(1)
    for (const name of ['one', 'two', 'three']) await git(join(here.folder, name), 'fsck', '--full')
    expect((await readdir(here.tools.mirrorsFolder)).filter((name) => name.endsWith('.git'))).toHaveLength(1)
  })

  async function lockMirror(here: Place): Promise<{ release(): void }> {
    await mkdir(here.tools.mirrorsFolder, { recursive: true })
    const other = spawn('flock', ['-x', `${mirrorOf(here)}.lock`, 'sh', '-c', 'echo locked; exec cat'])
    const release = () => {
      other.stdin.end()
    }
    onTestFinished(release)
    await once(other.stdout, 'data')
    return { release }
  }

  it('waits for another process that uses the mirror, and not for ever', async () => {
    const here = await place()
    await here.clone('zero')
    const before = here.server.requests.length
    const other = await lockMirror(here)
    const impatient = { ...here.tools, stepTimeoutMs: 300 }
    const request = { repository: repositoryAt(here.url), into: join(here.folder, 'one') }
    await expect(cloneRepository(request, impatient)).rejects.toMatchObject({
      because: 'another process is using its mirror',
      transient: true,
    })
    const patient = cloneRepository(request, here.tools)
    await sleep(200)
    expect(here.server.requests.slice(before)).toEqual([])
    other.release()
    expect(await patient).toMatchObject({ branch: 'main' })
  })

  it('makes a mirror out of a first clone without waiting for anybody', async () => {
    const here = await place()
    await lockMirror(here)
    expect(await here.clone('one')).toMatchObject({ branch: 'main', empty: false })
    for (const folder of [join(here.folder, 'one'), mirrorOf(here)]) await git(folder, 'fsck', '--full')
    expect(await readdir(join(here.folder, 'one', '.git'))).not.toContain('devorch-mirror')
  })

  it('clears away what a killed process left half made', async () => {
    const here = await place()
    // No process has this id: proc_sys_kernel(5), pid_max.
    const half = join(here.tools.mirrorsFolder, `.${basename(mirrorOf(here))}.4194305.0123456789ab.tmp`)
    await mkdir(join(half, 'objects'), { recursive: true })
    for (const name of ['one', 'two']) await here.clone(name)
    expect((await readdir(here.tools.mirrorsFolder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('removes the locks and halves that a killed git left in the mirror', async () => {
    const here = await place()
    await here.clone('one')
    const commit = await commitFiles(here.work, { 'new.txt': 'new' })
    await git(here.work, 'push', '--quiet', 'origin', 'main')
    const stale = [
      'HEAD.lock',
      'packed-refs.lock',
      'refs/devorch/remote-head.lock',
      'refs/heads/main.lock',
      'objects/pack/tmp_pack_AbCdEf',
      'objects/tmp_objdir-incoming-AbCdEf/pack/tmp_pack_x',
    ].map((path) => join(mirrorOf(here), path))
    for (const path of stale) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, '')
    }
    expect(await here.clone('two')).toMatchObject({ commit })
    for (const path of stale) expect(await exists(path), path).toBe(false)
    await git(mirrorOf(here), 'fsck', '--full')
  })

  it('ends git with the process that started it, also where that is killed', async () => {
    const here = await place()
    const server = await startGitServer(join(here.folder, 'served'), { gate: () => new Promise(() => undefined) })
    onTestFinished(() => server.close())
    const module = join(import.meta.dirname, '..', '..', '.cache', 'modules', 'repo', 'git.js')
    const run = {
      folder: here.folder,
      args: ['ls-remote', `${server.url}/app.git`],
      protocols: 'http',
      timeoutMs: 60_000,
    }
    const script = `import { runGit } from ${JSON.stringify(module)}
      await runGit({ ...${JSON.stringify(run)}, environment: { PATH: process.env.PATH } })`
    const starter = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'ignore' })
    await vi.waitUntil(() => server.requests.length > 0, { timeout: 20_000 })
    expect(await commandsWith(server.url)).not.toEqual([])
    starter.kill('SIGKILL')
    // At once: only what does not hear the signal is ended after five seconds.
    await vi.waitUntil(async () => (await commandsWith(server.url)).length === 0, { timeout: 4000, interval: 50 })
  })

  it('ends git also where the shell around it is killed', async () => {
    const here = await place()
    const server = await startGitServer(join(here.folder, 'served'), { gate: () => new Promise(() => undefined) })
    onTestFinished(() => server.close())
    const args = ['ls-remote', `${server.url}/app.git`]
    const { environment } = here.tools
    const running = runGit({ folder: here.folder, args, protocols: 'http', environment, timeoutMs: 60_000 })
    await vi.waitUntil(() => server.requests.length > 0, { timeout: 20_000 })
    const shell = `bounded-git.sh ${args.join(' ')}`
    const killed = await run('pkill', ['-KILL', '--oldest', '--full', shell], { env: environment, timeoutMs: 5000 })
    expect(killed).toMatchObject({ ended: 'exited', code: 0 })
    expect(await running).toEqual({ ended: 'killed' })
    await vi.waitUntil(async () => (await commandsWith(server.url)).length === 0, { timeout: 20_000, interval: 100 })
  })

  it('has the clone furnished while the remote is asked, and anew where that had something new', async () => {
    const here = await place()
    const furnished: (string | null)[] = []
    const clone = (into: string) =>
      cloneRepository(
        {
          repository: repositoryAt(here.url),
          into: join(here.folder, into),
          async furnish({ commit }) {
            furnished.push(commit)
            await writeFile(join(here.folder, into, 'furnished.txt'), commit ?? '')
          },
        },
        here.tools,
      )
    const { commit } = await clone('one')
    await clone('two')
    expect(furnished).toEqual([commit, commit])
    const newer = await commitFiles(here.work, { 'new.txt': 'new' })
    await git(here.work, 'push', '--quiet', 'origin', 'main')
    await clone('three')
    expect(furnished.at(-1)).toBe(newer)
    expect(await readFile(join(here.folder, 'three', 'furnished.txt'), 'utf8')).toBe(newer)
    expect(await exists(join(here.folder, 'three', 'new.txt'))).toBe(true)
  })

  it.each(['new', 'known'])('leaves nothing of a %s repository whose clone can’t be furnished', async (kind) => {
    const here = await place()
    if (kind === 'known') await here.clone('before')
    const furnish = () => Promise.reject(new Error('no paint'))
    const into = join(here.folder, 'one')
    const repository = repositoryAt(here.url)
    await expect(cloneRepository({ repository, into, furnish }, here.tools)).rejects.toThrow('no paint')
    expect(await exists(into)).toBe(false)
    expect(await here.clone('two')).toMatchObject({ branch: 'main' })
  })

  it('does not clone over what exists', async () => {
    const here = await place()
    await mkdir(join(here.folder, 'one'))
    await writeFile(join(here.folder, 'one', 'mine.txt'), 'mine')
    await expect(here.clone('one')).rejects.toThrow('it exists')
    expect(await readdir(join(here.folder, 'one'))).toEqual(['mine.txt'])
  })
})

/** The processes in whose arguments the text stands, but for those that only run a script with it. */
async function commandsWith(text: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return commands.filter((command) => command.includes(text) && !command.includes('--eval'))
}
