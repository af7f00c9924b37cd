import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { configSchema } from '../../src/config/schema.js'
import { endSession } from '../../src/session/end.js'
import { matchOf, readEnvironments } from '../../src/session/environment.js'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import { restartSession, restoreSession } from '../../src/session/restart.js'
import { anyRepository, parseRepository } from '../../src/repo/repository-url.js'
import { parseLayout } from '../../src/layout/parse.js'
import { readProcesses } from '../../src/support/process-table.js'
import { temporaryFolder } from '../support/temporary.js'
import { startLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })

type Variables = ReadonlyMap<string, string>

function shop(): SessionName {
  const name = parseSessionName('shop-dev')
  if (name === undefined) throw new Error('no name')
  return name
}

/** A lab whose configuration is as config.yaml would give it; `secrets` become files of that name in its folder. */
async function labWith(settings: (folder: string) => Record<string, unknown>, secrets: Record<string, string>) {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(secrets)) await writeFile(join(folder, name), text, { mode: 0o600 })
  const lab = await startLab(
    { agents: { cat: { kind: 'command', command: ['cat'] } }, ...settings(folder) },
    { CREDENTIALS_DIRECTORY: folder, SHELL: '/bin/sh', OWN: 'the-own-one' },
  )
  return { lab, folder }
}

/** Puts further lists in force, checked as those of a file are. */
function reconfigure(lab: Lab, repositories: Record<string, unknown>): void {
  const parsed = configSchema.parse({ repositories: { environment: repositories } })
  Object.assign(lab.workshop.tools.config.repositories.environment, parsed.repositories.environment)
}

/** What the programs of each pane have, by the pane's role: all that any process below the pane's has. */
async function variablesOf(lab: Lab): Promise<Record<string, Variables>> {
  const panes = (
    await lab.tmux.tmux('list-panes', '-s', '-t', '=shop-dev', '-F', '#{pane_pid} #{@devorch_role}')
  ).trim()
  const processes = [...(await readProcesses()).values()]
  const below = (pid: number): number[] => [
    pid,
    ...processes.filter(({ parent }) => parent === pid).flatMap((child) => below(child.pid)),
  ]
  const found: Record<string, Variables> = {}
  for (const line of panes.split('\n')) {
    const [pid, role = ''] = line.split(' ')
    const texts = await Promise.all(
      below(Number(pid)).map((one) => readFile(`/proc/${one.toString()}/environ`, 'utf8').catch(() => '')),
    )
    found[role] = new Map(
      texts
        .join('\0')
        .split('\0')
        .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const),
    )
  }
  return found
}

/** The values of a variable by role, once every pane has been given `EVERY`. */
async function table(lab: Lab, names: readonly string[]): Promise<Record<string, (string | undefined)[]>> {
  await expect
    .poll(async () => Object.values(await variablesOf(lab)).every((one) => one.has('EVERY')), { timeout: 30_000 })
    .toBe(true)
  const found = Object.entries(await variablesOf(lab))
  return Object.fromEntries(found.map(([role, variables]) => [role, names.map((name) => variables.get(name))]))
}

/** The files under a folder that hold one of the texts, by their paths in it. */
async function filesWith(texts: readonly string[], folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile()) continue
    const bytes = await readFile(path)
    if (texts.some((text) => bytes.includes(text))) found.push(path.slice(folder.length + 1))
  }
  return found.sort()
}

const secrets = {
  every: 'secret-for-every-pane\n',
  'db-password': "secret of '$HOME'\n\n",
  apps: 'secret-for-apps\n',
  key: 'secret-for-agent\r\n',
  global: 'secret-who-global',
  owner: 'secret-who-owner',
  exact: 'secret-who-exact',
}

const settings = (folder: string) => ({
  environment: [
    'OWN',
    'NOT_SET',
    { EVERY: { file: join(folder, 'every') } },
    { WHO: { file: join(folder, 'global') }, FOR_APPS: { file: join(folder, 'apps'), panes: ['apps'] } },
    { DB: { credential: 'db-password', panes: ['terminal', 'apps'] } },
  ],
  agents: {
    cat: { kind: 'command', command: ['cat'], environment: [{ KEY: { file: join(folder, 'key') } }] },
    other: { kind: 'command', command: ['cat'], environment: [{ OTHER: { file: join(folder, 'nowhere') } }] },
  },
})

describe('the environment of panes', () => {
  test('is what is for the role, the repository and the agent, and stands in no argument, job, log or option', async () => {
    const { lab, folder } = await labWith(settings, secrets)
    reconfigure(lab, {
      [lab.repository]: [{ WHO: { file: join(folder, 'exact'), panes: ['agent', 'files'] } }],
      [`${lab.folder}/*`]: [{ WHO: { file: join(folder, 'owner') } }],
      [lab.emptyRepository]: [{ NOT_OURS: { file: join(folder, 'nowhere') } }],
    })
    const result = await lab.build()
    expect(await table(lab, ['OWN', 'WHO', 'DB', 'FOR_APPS', 'KEY', 'OTHER', 'NOT_OURS'])).toEqual({
      agent: ['the-own-one', 'secret-who-exact', undefined, undefined, 'secret-for-agent', undefined, undefined],
      terminal: ['the-own-one', 'secret-who-owner', "secret of '$HOME'\n", undefined, ...none(3)],
      files: ['the-own-one', 'secret-who-exact', ...none(5)],
      apps: ['the-own-one', 'secret-who-owner', "secret of '$HOME'\n", 'secret-for-apps', ...none(3)],
    })

    const values = ['secret-', 'secret of']
    const roles = ['agent', 'apps', 'files', 'terminal']
    expect(await filesWith(values, lab.workshop.home.base)).toEqual(
      roles.map((role) => `state/sessions/shop-dev/environment-${role}`),
    )
    for (const role of roles) {
      const file = join(lab.workshop.home.sessions, 'shop-dev', `environment-${role}`)
      expect((await stat(file)).mode & 0o777).toBe(0o600)
    }
    expect(await filesWith(values, join(lab.folder, 'projects'))).toEqual([])
    const lines = await Promise.all(
      (await readdir('/proc')).map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    )
    const shown = [
      JSON.stringify(result),
      lines.join('\n'),
      await lab.tmux.tmux('show-environment', '-g'),
      await lab.tmux.tmux('show-environment', '-t', '=shop-dev'),
      await lab.tmux.tmux('list-panes', '-a', '-F', '#{pane_start_command}'),
    ].join('\n')
    for (const text of ['secret-for', 'secret-who', "secret of '"]) expect(shown).not.toContain(text)
    // What a person opens beside them is given nothing.
    await lab.tmux.tmux('split-window', '-t', '=shop-dev:', 'exec sleep 1000')
    const opened = (await lab.tmux.tmux('display-message', '-p', '-t', '=shop-dev:', '#{pane_pid}')).trim()
    expect(await readFile(`/proc/${opened}/environ`, 'utf8')).not.toMatch(/secret/)

    const { redact } = lab.workshop.tools.secrets
    expect(redact("x secret of '$HOME'\n secret-for-agent y")).toBe('x [redacted] [redacted] y')
    expect(redact('the-own-one')).toBe('the-own-one')
  })

  test('is not given to another repository by the project’s name', async () => {
    const { lab, folder } = await labWith(settings, secrets)
    reconfigure(lab, { [lab.repository]: [{ WHO: { file: join(folder, 'exact') } }] })
    await lab.build({ repo_url: lab.emptyRepository })
    const found = await table(lab, ['WHO'])
    for (const values of Object.values(found)) expect(values).toEqual(['secret-who-global'])
  })

  test('is read anew by a restart and a restore, and gone with a removed session', async () => {
    const { lab, folder } = await labWith(settings, secrets)
    await lab.build()
    expect((await table(lab, ['KEY']))['agent']).toEqual(['secret-for-agent'])
    const signal = new AbortController().signal

    await writeFile(join(folder, 'key'), 'secret-second')
    await writeFile(join(folder, 'db-password'), 'secret-second')
    await restartSession(shop(), lab.workshop.tools, signal)
    expect(await table(lab, ['KEY', 'DB'])).toMatchObject({
      agent: ['secret-second', undefined],
      apps: [undefined, 'secret-second'],
    })
    expect(lab.workshop.tools.secrets.redact('secret-for-agent secret-second')).toBe('[redacted] [redacted]')

    await lab.tmux.tmux('kill-server')
    await writeFile(join(folder, 'key'), 'secret-third')
    await restoreSession(shop(), lab.workshop.tools, signal)
    expect((await table(lab, ['KEY']))['agent']).toEqual(['secret-third'])

    // What is for a pane no more is not there any more either; a process that was killed may have left a part.
    const own = join(lab.workshop.home.sessions, 'shop-dev')
    await writeFile(join(own, '.environment-agent.1.0123456789ab.tmp'), 'secret-part')
    lab.workshop.tools.config.environment.splice(0, 9, { EVERY: { file: join(folder, 'every'), panes: ['agent'] } })
    lab.workshop.tools.config.agents = {}
    lab.workshop.tools.config.agents['cat'] = { kind: 'command', command: ['cat'], environment: [] }
    await restartSession(shop(), lab.workshop.tools, signal)
    expect((await readdir(own)).filter((name) => name.includes('environment'))).toEqual(['environment-agent'])

    await writeFile(join(own, 'pane-0.environment'), 'secret-of-a-layout')
    await writeFile(join(own, '.environment-agent.1.0123456789ab.tmp'), 'secret-part')
    await endSession({ name: shop(), why: 'the test', keep: false, again: false }, lab.workshop.tools)
    expect(await filesWith(['secret-'], lab.workshop.home.base)).toEqual([])
  })

  test('that can’t be read ends nothing that stands, and leaves nothing of a session that does not', async () => {
    const { lab } = await labWith(
      (at) => ({ environment: [{ EVERY: { file: join(at, 'every') } }, { LATE: { file: join(at, 'late') } }] }),
      { every: 'secret-for-every-pane', late: 'x' },
    )
    await lab.build()
    const pids = () => lab.tmux.tmux('list-panes', '-a', '-F', '#{pane_pid}')
    const before = await pids()
    lab.workshop.tools.config.environment.push({ GONE: { file: '/nonexistent/secret' } })
    const restarting = restartSession(shop(), lab.workshop.tools, new AbortController().signal)
    await expect(restarting).rejects.toThrow(/GONE from \/nonexistent\/secret: it does not exist; .*environment/)
    expect(await pids()).toBe(before)
    lab.workshop.tools.config.environment.pop()
    await lab.tmux.tmux('kill-server')
    await mkdir(join(lab.folder, 'away'))
    // tmux can't start it: its folder is gone when that is tried.
    await lab.workshop.tools.registry.remove(shop())
    const { tools } = lab.workshop
    Object.assign(lab.workshop, {
      tools: { ...tools, tmux: { ...tools.tmux, createSession: () => Promise.reject(new Error('no server')) } },
    })
    await expect(lab.build()).rejects.toThrow('no server')
    expect(await filesWith(['secret-'], lab.workshop.home.base)).toEqual([])
  })

  test('of a layout is overridden by the configuration’s, and sets no name that is not its to set', async () => {
    const { lab } = await labWith(settings, secrets)
    await mkdir(lab.workshop.home.layouts, { recursive: true })
    const text = [
      'environment: { WHO: layout, MINE: layout, DEVORCH_JOB: other, LD_PRELOAD: ./evil.so, RANDOM: "a[$(id)]" }',
      'windows:',
      '- panes: [{ role: agent }, { role: apps, environment: { FOR_APPS: layout, LD_AUDIT: ./x, MINE: own } }, blank]',
    ]
    await writeFile(join(lab.workshop.home.layouts, 'own.yaml'), text.join('\n'))
    const result = await lab.build({ layout: 'own' })
    const found = await table(lab, ['WHO', 'MINE', 'FOR_APPS', 'LD_PRELOAD', 'LD_AUDIT', 'DEVORCH_JOB'])
    const job = String((await lab.workshop.tools.registry.read(shop()))?.job_id)
    // tmux gives an empty role for none; its variables are those of all panes.
    expect(Object.keys(found).sort()).toEqual(['', 'agent', 'apps'])
    expect(found['agent']).toEqual(['secret-who-global', 'layout', ...none(3), job])
    expect(found['apps']).toEqual(['secret-who-global', 'own', 'secret-for-apps', ...none(2), job])
    expect(found['']).toEqual(['secret-who-global', 'layout', ...none(3), job])
    expect((result['layout'] as { notes: string[] }).notes).toEqual(
      ['DEVORCH_JOB', 'LD_PRELOAD', 'RANDOM', 'LD_AUDIT'].map(
        (name) => `the variable ${name} is not a layout’s to set and passed over`,
      ),
    )
  })
})

function none(count: number): undefined[] {
  return Array.from({ length: count }, () => undefined)
}

describe('a value', () => {
  const parsed = parseLayout('windows: [{ panes: [{ role: agent }] }]')
  if (!parsed.ok) throw new Error('no layout')
  const of = { repositoryKey: 'github.com/acme/app', agentName: 'cat', layout: parsed.layout }

  async function read(source: (folder: string) => Record<string, unknown>, credentials = true) {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'big'), 'x'.repeat(64 * 1024 + 1))
    await writeFile(join(folder, 'whole'), `${'x'.repeat(64 * 1024 - 1)}\n`)
    await writeFile(join(folder, 'nul'), 'secret\0value')
    await writeFile(join(folder, 'latin'), Buffer.from([0x73, 0xe9]))
    await writeFile(join(folder, 'bom'), '\ufeffsecret\n')
    await symlink('whole', join(folder, 'link'))
    await mkdir(join(folder, 'dir'))
    const lab = await startLab({ environment: [source(folder)] }, credentials ? { CREDENTIALS_DIRECTORY: folder } : {})
    return (await readEnvironments(of, lab.workshop.tools)).get('agent')
  }

  test.each([
    ['nothing', 'it does not exist'],
    ['big', 'it is larger than 64 KiB'],
    ['nul', 'it holds a NUL character'],
    ['latin', 'it is not UTF-8 text'],
    ['dir', 'it is a folder'],
    ['link', 'it is a symbolic link'],
    ['whole/x', 'it can not be read (ENOTDIR)'],
    ['x'.repeat(300), 'it can not be read (ENAMETOOLONG)'],
  ])('is refused where the file %s is no good', async (name, because) => {
    const reading = read((folder) => ({ A_KEY: { file: join(folder, name) } }))
    await expect(reading).rejects.toMatchObject({
      doing: expect.stringMatching(new RegExp(`^read the value of A_KEY from .*/${name}$`)) as string,
      because,
      remedy: 'correct the file, or environment in config.yaml',
      field: 'environment.A_KEY',
      transient: false,
    })
  })

  test('is refused where there is no such credential, or none at all', async () => {
    await expect(read(() => ({ A: { credential: 'gone' } }))).rejects.toThrow(
      /A from the credential gone: systemd hands none of that name to the daemon; correct LoadCredential=/,
    )
    await expect(read(() => ({ A: { credential: 'gone' } }), false)).rejects.toThrow(/hands none of that name/)
  })

  test('is all of the file but one line’s end', async () => {
    expect((await read((at) => ({ A: { file: join(at, 'whole') } })))?.['A']).toBe('x'.repeat(64 * 1024 - 1))
    expect(await read((at) => ({ A: { file: join(at, 'bom') } }))).toEqual({ A: '\ufeffsecret' })
  })

  test('is refused where a pane’s are more than a program can be started with', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `A${at.toString()}`)
    const reading = read((at) => Object.fromEntries(names.map((name) => [name, { file: join(at, 'whole') }])))
    await expect(reading).rejects.toThrow(/pane agent its environment: its variables are larger than 1 MiB/)
  })
})

describe('which repository a key of the configuration means', () => {
  const matches = (pattern: string, url: string) => {
    const parsed = parseRepository(url, anyRepository)
    return parsed.ok ? matchOf(pattern, parsed.repository.key) : 'refused'
  }

  test.each([
    'https://github.com/acme/test-app',
    'https://github.com/acme/test-app.git',
    'https://github.com/acme/test-app.git/',
    'https://GitHub.com:443/Acme/Test-App',
    'https://github.com./acme/test-app',
    'ssh://git@github.com/acme/test-app.git',
    'ssh://git@github.com:22/acme/test-app',
    'git@github.com:acme/test-app.git',
    'https://github.com/acme/%74est-app',
  ])('every spelling of one: %s', (url) => {
    expect(matches('github.com/acme/test-app', url)).toBe('repository')
    expect(matches('GitHub.com/Acme/test-app.git', url)).toBe('repository')
    expect(matches('github.com/acme/*', url)).toBe('owner')
    expect(matches('github.com/acme/other', url)).toBe('none')
    expect(matches('github.com/acm/*', url)).toBe('none')
  })

  test.each([
    ['https://github.com.evil.example/acme/test-app', 'none'],
    ['https://evil.example/github.com/acme/test-app', 'none'],
    ['https://www.github.com/acme/test-app', 'none'],
    ['https://github.com:8443/acme/test-app', 'none'],
    ['ssh://mallory@github.com/acme/test-app', 'none'],
    ['https://github.com/acme/test-app/../../mallory/x', 'refused'],
    ['https://github.com/acme/%2e%2e/mallory/x', 'refused'],
    ['https://github.com/acme%2Ftest-app', 'refused'],
    ['https://github.com/acme/sub/test-app', 'none'],
    ['https://github.com/acme/test-app%20', 'none'],
    ['https://github.com/acme/test%252dapp', 'none'],
    ['https://github.com//acme/test-app', 'refused'],
    ['https://github.com\\@evil.example/acme/test-app', 'refused'],
    ['https://github.com@evil.example/acme/test-app', 'refused'],
    ['file:///github.com/acme/test-app', 'none'],
    ['/github.com/acme/test-app', 'none'],
  ])('no other: %s', (url, expected) => {
    expect(matches('github.com/acme/test-app', url)).toBe(expected)
  })

  test('ports, users, groups and folders are told apart', () => {
    expect(matches('git.example.com:2222/acme/app', 'ssh://git@git.example.com:2222/acme/app')).toBe('repository')
    expect(matches('git.example.com/acme/app', 'ssh://git@git.example.com:2222/acme/app')).toBe('none')
    expect(matches('git.example.com/Acme/app', 'https://git.example.com/acme/app')).toBe('none')
    expect(matches('deploy@git.example.com/acme/app', 'ssh://deploy@git.example.com/acme/app')).toBe('repository')
    expect(matches('gitlab.com/group/sub/*', 'https://gitlab.com/group/sub/app')).toBe('owner')
    expect(matches('gitlab.com/group/*', 'https://gitlab.com/group/sub/app')).toBe('none')
    expect(matches('/srv/git/*', '/srv/git/app')).toBe('owner')
    expect(matches('/srv/git/app', 'file:///srv/git/app.git')).toBe('none')
  })

  test('whatever the configuration takes as a key is understood', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', 'Z', '9', '0', '.', '.', '_', '~', '+', '@', '-', ':', '%'),
      minLength: 1,
      maxLength: 6,
    })
    const pattern = fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '/*', '/'))
      .map(([parts, end]) => `${parts.join('/')}${end}`)
    let taken = 0
    fc.assert(
      fc.property(pattern, (text) => {
        if (!configSchema.safeParse({ repositories: { environment: { [text]: [] } } }).success) return
        taken += 1
        const written = text.replace(/\*$/, 'any')
        const url = written.startsWith('/')
          ? written
          : `${written.split('/')[0]?.includes('@') === true ? 'ssh' : 'https'}://${written}`
        const parsed = parseRepository(url, anyRepository)
        expect(parsed).toMatchObject({ ok: true })
        if (parsed.ok) expect(matchOf(text, parsed.repository.key)).toBe(text.endsWith('/*') ? 'owner' : 'repository')
      }),
      { numRuns: 3000, seed: 7 },
    )
    expect(taken).toBeGreaterThan(50)
  })
})
