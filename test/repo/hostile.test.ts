import { once } from 'node:events'
import { chmod, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { cloneRepository } from '../../src/repo/clone.js'
import { inspectWorkingCopy } from '../../src/repo/working-copy.js'
import { childEnvironment } from '../../src/support/process.js'
import { startGitServer } from '../support/git-server.js'
import { git, makeBareRepository, makeRepository } from '../support/repositories.js'
import { labPolicy, labTools, repositoryAt } from '../support/repository-tools.js'
import { temporaryFolder } from '../support/temporary.js'

const token = 'test-token-7d1f0c2b'

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

/** The command lines of all processes that have a folder in their arguments, environment or current folder. */
async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === process.pid.toString()) continue
    const [command, environment] = await Promise.all(
      ['cmdline', 'environ'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    )
    if (command?.includes(folder) === true || environment?.includes(folder) === true) found.push(command ?? '')
  }
  return found
}

describe('a repository that brings code along', () => {
  it('runs none of it, and none of what the user has configured', async () => {
    const folder = await temporaryFolder()
    const canary = join(folder, 'canary')
    const script = `#!/bin/sh\ntouch '${canary}'\n`
    const home = join(folder, 'home')
    const hooks = ['post-checkout', 'post-merge', 'reference-transaction', 'post-index-change']
    const template = join(folder, 'template')
    await mkdir(join(template, 'hooks'), { recursive: true })
    for (const hook of hooks) {
      await writeFile(join(template, 'hooks', hook), script)
      await chmod(join(template, 'hooks', hook), 0o755)
    }
    await writeFile(join(folder, 'run'), script)
    await chmod(join(folder, 'run'), 0o755)
    await mkdir(home)
    const run = join(folder, 'run')
    await writeFile(
      join(home, '.gitconfig'),
      `[init]\n\ttemplateDir = ${template}\n[core]\n\thooksPath = ${join(template, 'hooks')}\n\tfsmonitor = ${run}\n` +
        `[filter "evil"]\n\tsmudge = ${run}\n\tprocess = ${run}\n\trequired = true\n[credential]\n\thelper = !${run}\n` +
        `[protocol "ext"]\n\tallow = always\n[url "ext::${run} "]\n\tinsteadOf = http://\n[submodule]\n\trecurse = true\n`,
    )
    const { work } = await makeBareRepository(join(folder, 'sub.git'), { 's.txt': 's' })
    const evil = await makeRepository(join(folder, 'evil.work'), {
      '.gitattributes': '* filter=evil\n',
      '.gitmodules': `[submodule "s"]\n\tpath = s\n\turl = ${work}\n\tupdate = !${run}\n`,
      'hooks/post-checkout': script,
      'a.txt': 'a',
    })
    await git(evil, 'update-index', '--add', '--cacheinfo', `160000,${await git(work, 'rev-parse', 'HEAD')},s`)
    await git(evil, 'commit', '--quiet', '--message', 'Submodule')
    await git(folder, 'clone', '--quiet', '--bare', '--template=', evil, join(folder, 'evil.git'))
    const server = await startGitServer(folder)
    onTestFinished(() => server.close())
    const repository = repositoryAt(`${server.url}/evil.git`)
    const tools = labTools(folder, { environment: childEnvironment({ ...process.env, HOME: home }) })
    for (const name of ['one', 'two']) {
      const into = join(folder, name)
      expect(await cloneRepository({ repository, into }, tools)).toMatchObject({ branch: 'main' })
      expect(await readdir(join(into, 's'))).toEqual([])
      expect(await readFile(join(into, 'a.txt'), 'utf8')).toBe('a')
      expect(await readdir(join(into, '.git'))).not.toContain('hooks')
      expect(await readdir(join(into, '.git'))).not.toContain('modules')
      expect(await inspectWorkingCopy(into, repository, tools)).toMatchObject({ kind: 'same' })
    }
    expect(await readdir(folder)).not.toContain('canary')
    // The canary sings: the same user's own git would have run it.
    await git(folder, 'clone', '--quiet', `--template=${template}`, evil, join(folder, 'theirs'))
    expect(await readdir(folder)).toContain('canary')
  })
})

describe('a token', () => {
  it('logs in, and is in no argument, file or message', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'served'))
    await makeBareRepository(join(folder, 'served', 'app.git'), { 'a.txt': 'a' })
    const server = await startGitServer(join(folder, 'served'), { basic: { user: 'x-access-token', password: token } })
    onTestFinished(() => server.close())
    const repository = repositoryAt(`${server.url}/app.git`)
    const tokenFile = join(folder, 'token')
    await writeFile(tokenFile, `${token}\n`)
    const host = new URL(server.url).host
    const tools = labTools(folder, { credentials: { [host]: { kind: 'token', tokenFile } } })
    const seen = new Set<string>()
    const watch = { going: true }
    const watching = (async () => {
      while (watch.going) {
        for (const command of await processesOf(folder)) seen.add(command)
        await sleep(1)
      }
    })()
    // A look at all processes may take longer than git does, so it is repeated until one was seen.
    const sawGit = () => [...seen].some((command) => command.includes('git'))
    for (let index = 0; index < 3 || (index < 50 && !sawGit()); index += 1) {
      await cloneRepository({ repository, into: join(folder, `clone-${index.toString()}`) }, tools)
    }
    watch.going = false
    await watching
    expect(sawGit()).toBe(true)
    const secrets = [token, Buffer.from(`x-access-token:${token}`).toString('base64')]
    for (const secret of secrets) for (const command of seen) expect(command).not.toContain(secret)
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name)
      if (!entry.isFile() || path === tokenFile) continue
      const bytes = await readFile(path)
      for (const secret of secrets) expect(bytes.includes(secret), path).toBe(false)
    }
    await writeFile(tokenFile, 'wrong-token')
    const error: unknown = await cloneRepository({ repository, into: join(folder, 'four') }, tools).catch(
      (caught: unknown) => caught,
    )
    expect(error).toMatchObject({
      because: 'the repository needs authentication, or does not exist',
      field: 'repo_url',
      transient: false,
    })
    expect(String(error)).toContain('repositories.credentials')
    expect(String(error)).not.toContain('wrong-token')
  })

  it.each([
    ['is missing', () => Promise.resolve(), 'does not exist'],
    ['is empty', (path: string) => writeFile(path, '\n'), 'does not hold one token'],
    ['has two lines', (path: string) => writeFile(path, `${token}\nX-Evil: 1\n`), 'does not hold one token'],
    ['is a link', (path: string) => symlink('/etc/passwd', path), 'a symbolic link'],
  ])('whose file %s is a problem of the configuration', async (_what, prepare, because) => {
    const folder = await temporaryFolder()
    const tokenFile = join(folder, 'token')
    await prepare(tokenFile)
    const tools = labTools(folder, { credentials: { '127.0.0.1': { kind: 'token', tokenFile } } })
    const request = { repository: repositoryAt('http://127.0.0.1:1/a/b'), into: join(folder, 'one') }
    const error: unknown = await cloneRepository(request, tools).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'Problem', field: 'repositories.credentials' })
    expect(String(error)).toContain(because)
    expect(String(error)).not.toContain(token)
  })
})

describe('a server', () => {
  it.each(['time limit', 'abort'])('that never answers is left at the %s, and no process stays', async (how) => {
    const folder = await temporaryFolder()
    const server = createServer((socket) => {
      socket.on('error', () => undefined)
    })
    const port = await listen(server)
    const connected = once(server, 'connection')
    onTestFinished(() => {
      server.close()
    })
    const repository = repositoryAt(`http://127.0.0.1:${port.toString()}/a/b.git`)
    const tools = labTools(folder, {
      stepTimeoutMs: how === 'abort' ? 60_000 : 5000,
      environment: { ...childEnvironment(process.env), MARK: folder },
    })
    const abort = new AbortController()
    const cloning = cloneRepository({ repository, into: join(folder, 'one'), signal: abort.signal }, tools)
    const outcome = cloning.catch((error: unknown) => error)
    await connected
    expect((await processesOf(folder)).some((command) => command.includes('git'))).toBe(true)
    if (how === 'abort') abort.abort()
    expect(await outcome).toMatchObject({
      because: how === 'abort' ? 'it was stopped' : 'it did not finish within 5 s',
      transient: true,
    })
    for (let tries = 0; tries < 40 && (await processesOf(folder)).length > 0; tries += 1) await sleep(50)
    expect(await processesOf(folder)).toEqual([])
    expect(await readdir(folder)).toEqual(['mirrors'])
    expect((await readdir(tools.mirrorsFolder)).filter((name) => !name.endsWith('.lock'))).toEqual([])
  })

  it('that redirects to another address is not followed', async () => {
    const folder = await temporaryFolder()
    let asked = 0
    const inner = createServer((socket) => {
      asked += 1
      socket.destroy()
    })
    const port = await listen(inner)
    const outer = createHttpServer((_request, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${port.toString()}/a/b.git/info/refs` }).end(),
    )
    const outerPort = await listen(outer)
    onTestFinished(() => {
      inner.close()
      outer.closeAllConnections()
      outer.close()
    })
    const repository = repositoryAt(`http://127.0.0.1:${outerPort.toString()}/a/b`)
    await expect(cloneRepository({ repository, into: join(folder, 'one') }, labTools(folder))).rejects.toMatchObject({
      because: 'the server redirects to another address',
      field: 'repo_url',
    })
    expect(asked).toBe(0)
  })

  it('that redirects owner/name to owner/name.git is asked for that', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'served'))
    await makeBareRepository(join(folder, 'served', 'app.git'), { 'a.txt': 'a' })
    const inner = await startGitServer(join(folder, 'served'))
    const outer = createHttpServer((request, response) => {
      const location =
        request.url?.startsWith('/app.git') === true ? undefined : request.url?.replace('/app', '/app.git')
      if (location !== undefined) {
        response.writeHead(301, { location }).end()
        return
      }
      void forward(`${inner.url}${request.url ?? ''}`, request, response)
    })
    const port = await listen(outer)
    onTestFinished(async () => {
      outer.closeAllConnections()
      outer.close()
      await inner.close()
    })
    const url = `http://127.0.0.1:${port.toString()}/app`
    const into = join(folder, 'one')
    const tools = labTools(folder)
    for (const name of ['one', 'two']) {
      const request = { repository: repositoryAt(url), into: join(folder, name) }
      expect(await cloneRepository(request, tools)).toMatchObject({ branch: 'main' })
    }
    expect(await git(into, 'remote', 'get-url', 'origin')).toBe(url)
  })

  it('is connected to at the address that was checked, whatever the resolver says later', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'served'))
    await makeBareRepository(join(folder, 'served', 'app.git'), { 'a.txt': 'a' })
    const server = await startGitServer(join(folder, 'served'))
    onTestFinished(() => server.close())
    const { port } = new URL(server.url)
    const asked: string[] = []
    const resolve = (host: string) => {
      asked.push(host)
      return Promise.resolve(['127.0.0.1'])
    }
    const repository = repositoryAt(`http://git.test.invalid:${port}/app.git`)
    const cloned = await cloneRepository({ repository, into: join(folder, 'one') }, labTools(folder, { resolve }))
    expect(cloned).toMatchObject({ branch: 'main' })
    expect(asked).toEqual(['git.test.invalid'])
    const strict = labTools(folder, { resolve, policy: { ...labPolicy, privateAddresses: false } })
    await expect(cloneRepository({ repository, into: join(folder, 'two') }, strict)).rejects.toMatchObject({
      because: 'the host git.test.invalid resolves to 127.0.0.1, which is not a public address',
      field: 'repo_url',
    })
  })
})

describe('ssh', () => {
  it('is told the checked address, the key and its known_hosts, each as one word', async () => {
    const folder = await temporaryFolder()
    const spy = join(folder, 'bin')
    const odd = join(folder, "it's $(touch canary) %h")
    await mkdir(spy)
    await mkdir(odd)
    await writeFile(
      join(spy, 'ssh'),
      `#!/bin/sh\nfor word in "$@"; do echo "$word"; done > '${folder}/words'\nexit 255\n`,
    )
    await chmod(join(spy, 'ssh'), 0o755)
    for (const name of ['key', 'hosts']) await writeFile(join(odd, name), '')
    const tools = labTools(folder, {
      environment: { ...childEnvironment(process.env), PATH: `${spy}:${process.env['PATH'] ?? ''}` },
      resolve: () => Promise.resolve(['192.0.2.7']),
      credentials: {
        'git.example': { kind: 'ssh', keyFile: join(odd, 'key'), knownHostsFile: join(odd, 'hosts') },
      },
    })
    const repository = repositoryAt('git@git.example:acme/app.git')
    await expect(cloneRepository({ repository, into: join(folder, 'one') }, tools)).rejects.toMatchObject({
      name: 'Problem',
    })
    const quoted = odd.replaceAll('%', '%%')
    const words = (await readFile(join(folder, 'words'), 'utf8')).trim().split('\n')
    expect(words).toEqual([
      '-oBatchMode=yes',
      '-oHostName=192.0.2.7',
      '-oHostKeyAlias=git.example',
      '-oIdentitiesOnly=yes',
      '-oStrictHostKeyChecking=yes',
      `-oIdentityFile="${quoted}/key"`,
      `-oUserKnownHostsFile="${quoted}/hosts"`,
      '-oGlobalKnownHostsFile=/dev/null',
      '-o',
      'SendEnv=GIT_PROTOCOL',
      'git@git.example',
      "git-upload-pack 'acme/app.git'",
    ])
    expect(await readdir(folder)).not.toContain('canary')
  })
})

async function forward(url: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
      ? [[name, value] as const]
      : [],
  )
  const body = request.method === 'POST' ? Buffer.concat(chunks) : undefined
  const answer = await fetch(url, {
    method: request.method ?? 'GET',
    headers: [...headers].map(([name, value]): [string, string] => [name, value]),
    ...(body === undefined ? {} : { body }),
  })
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
  response.end(Buffer.from(await answer.arrayBuffer()))
}
