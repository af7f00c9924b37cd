import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { homeAt, type Home } from '../../src/config/home.js'
import { loadConfig } from '../../src/config/load.js'
import { formatFieldProblem } from '../../src/support/field-problem.js'
import { temporaryFolder } from '../support/temporary.js'

type Environment = Record<string, string>

async function homeWith(text?: string): Promise<Home> {
  const home = homeAt(await temporaryFolder())
  if (text !== undefined) await writeFile(join(home.base, 'config.yaml'), text)
  return home
}

async function load(text?: string, environment: Environment = {}) {
  const home = await homeWith(text)
  const result = await loadConfig(home, environment)
  if (!result.ok) throw new Error(result.problems.map(formatFieldProblem).join('\n'))
  return { ...result, home }
}

async function refusal(text?: string, environment: Environment = {}): Promise<string> {
  const result = await loadConfig(await homeWith(text), environment)
  if (result.ok) throw new Error('understood')
  return result.problems.map(formatFieldProblem).join('\n')
}

/** The documented defaults, word for word. */
const documented = `
server: { host: 127.0.0.1, port: 8080, trusted_proxies: [], public_host: null }   # public_host: for "ssh -t HOST …" in attach commands
auth:
  github_secrets: []        # several at once: rotation. Also read from systemd credential \`github-secrets\`, one a line
  tokens: []                # Bearer; credential \`tokens\`
  basic: []                 # [{ user, password }]; credential \`basic\`
limits: { queued_jobs: 10000, requests_per_minute: 300, body_mb: 25 }   # 0: no limit. Signed deliveries are exempt from the rate
projects_dir: ~/projects
repositories:
  protocols: [https, ssh]   # http, git and file are for a lab
  hosts: []                 # empty: any public host
  private_addresses: false  # true: loopback and private networks may be cloned from (a Gitea next door)
  credentials: {}           # github.com: { token_file: … } or { ssh_key: …, known_hosts: … }; credential \`git-<host>\`
  mirrors_gb: 20
worker: { concurrency: 2, attempts: 3, step_timeout_s: 600, max_sessions: 0, min_free_memory_mb: 1024 }   # over these: the job waits, visibly
inbox: { quiet_ms: 2000, rescan_ms: 5000, require_end_marker: false }
retention: { done_days: 90, failed_days: 90, records: 10000, trash_days: 14 }
tmux: { socket_name: default }
templates_dirs: []          # folders of templates beside the shipped ones and the home's
layout: default
default_agent: claude
agents:
  claude: { kind: claude, command: [claude], permission_mode: dontAsk, allow: [Read, Glob, Grep, Edit, Write, Bash], deny: [], repository_settings: ignore }
  # any other program: { kind: command, command: [aider, --message-file, "{{ tracker }}"] }
environment: []             # names of variables, or NAME: { file: … }, that panes get; values are never stored in a job
sessions: { restore: true, killed: record, resume_attempts: 3, idle_days: 0, ttl_days: 0 }        # 0: never
github: { rules: default, trusted: [OWNER, MEMBER, COLLABORATOR], senders: [], repositories: [], forks: false, untrusted_text: omit, token_file: null, api_url: https://api.github.com, comment: true }
log: { level: info, days: 14 }
`

describe('the defaults', () => {
  it('are those of the documentation', async () => {
    const { config, fileExists } = await load()
    expect(fileExists).toBe(false)
    expect((await load(documented)).config).toEqual(config)
    expect(config).toMatchObject({
      server: { port: 8080 },
      projects_dir: join(homedir(), 'projects'),
      default_agent: 'claude',
    })
  })

  it.each(['', '\n', '# nothing yet\n', '...\n', 'server: {}\n'])(
    'stand where the file says nothing: %j',
    async (text) => {
      expect((await load(text)).config).toEqual((await load()).config)
    },
  )

  it('are one by one what the file leaves out', async () => {
    const { config, sources } = await load(
      'server: { port: 9000 }\nagents:\n  cat: { kind: command, command: [cat] }\n',
    )
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 9000 })
    expect(Object.keys(config.agents)).toEqual(['claude', 'cat'])
    expect(sources.get('server.port')).toBe('file')
    expect(sources.get('server.host')).toBe('default')
    expect(sources.get('repositories.protocols')).toBe('default')
  })
})

it.each([
  ['sever: { port: 1 }', 'line 1, column 1: sever: unknown field; did you mean server?'],
  ['server:\n  prot: 1', 'line 2, column 3: server.prot: unknown field; did you mean port?'],
  [
    'agents:\n  x: { kind: command, comand: [x], command: [x] }',
    'agents.x.comand: unknown field; did you mean command?',
  ],
  [
    'auth: { basic: [{ user: a, pasword: b, password: c }] }',
    'auth.basic.0.pasword: unknown field; did you mean password?',
  ],
  ['server: { port: "8080" }', 'line 1, column 11: server.port: must be a number; write digits without quotes'],
  ['server: { port: 65536 }', 'server.port:'],
  ['worker: { concurrency: 0 }', 'worker.concurrency:'],
  ['worker: { concurrency: 1.5 }', 'worker.concurrency:'],
  ['worker: { step_timeout_s: 86401 }', 'worker.step_timeout_s:'],
  ['inbox: { rescan_ms: 86400001 }', 'inbox.rescan_ms:'],
  ['inbox: { require_end_marker: yes }', 'inbox.require_end_marker: must be true or false'],
  ['tmux: { socket_name: 1.10 }', 'tmux.socket_name: must be text, got 1.10; quote it: "1.10"'],
  ...[
    'http://api.example.com',
    'https://a:b@example.com',
    'https://example.com/?x',
    'file:///x',
    'x',
    'https://x/{y}',
  ].map((url): [string, string] => [
    `github: { api_url: "${url}" }`,
    'github.api_url: is not the address of an API; use',
  ]),
  ['tmux: { socket_name: ../x }', 'tmux.socket_name: must be a plain name; use letters, digits, _ and -'],
  ['auth: { tokens: "abc" }', 'auth.tokens: must be a list'],
  ['auth: { tokens: [""] }', 'auth.tokens.0: is empty'],
  ['auth: { github_secrets: ["  "] }', 'auth.github_secrets.0: is empty'],
  ['auth: { basic: [{ user: a, password: "" }] }', 'auth.basic.0.password: is empty'],
  ['auth: { tokens: [0123] }', 'auth.tokens.0: must be text, got 0123; quote it: "0123"'],
  ['repositories: { protocols: [ftp] }', 'repositories.protocols.0:'],
  ['repositories: { credentials: { github.com: { ssh_key: a } } }', 'repositories.credentials.github.com'],
  ['agents: { claude: { kind: other } }', 'agents.claude.kind:'],
  ['agents: { x: { kind: command, command: [] } }', 'agents.x.command:'],
  ['default_agent: cluade', 'default_agent: no agent of that name under agents; did you mean claude?'],
  ['layout: wide', 'layout: there is no such layout; use default, or add a file to '],
  ['projects_dir: "/tmp/#{x}"', 'projects_dir: contains a #'],
  ['environment: [A-B]', 'environment.0'],
  ['- a', 'must be a group of fields'],
  ['server: {}\nserver: {}', 'line 2, column 1: is not valid YAML: Map keys must be unique'],
  ['__proto__: { x: 1 }', '__proto__: unknown field'],
])('%j is refused', async (text, message) => {
  expect(await refusal(`${text}\n`)).toContain(message)
})

describe('the file', () => {
  it('may be named by DEVORCH_CONFIG, and must exist then', async () => {
    const elsewhere = join(await temporaryFolder(), 'other.yaml')
    expect(await refusal(undefined, { DEVORCH_CONFIG: elsewhere })).toBe('does not exist; correct DEVORCH_CONFIG')
    await writeFile(elsewhere, 'layout: default\nserver: { port: 1 }\n')
    const { config, file } = await load('server: { port: 2 }\n', { DEVORCH_CONFIG: elsewhere })
    expect([config.server.port, file]).toEqual([1, elsewhere])
    expect((await load('server: { port: 2 }\n', { DEVORCH_CONFIG: '' })).config.server.port).toBe(2)
  })

  it('is a plain one of bounded size', async () => {
    const home = await homeWith()
    await symlink('/etc/passwd', join(home.base, 'config.yaml'))
    expect(await loadConfig(home, {})).toMatchObject({ ok: false, problems: [{ message: 'is a symbolic link' }] })
    expect(await refusal('#'.repeat(1024 * 1024 + 1))).toContain('is larger than 1 MiB')
  })

  it('has its paths made absolute, against the home', async () => {
    const { config, home } = await load(`
projects_dir: work
templates_dirs: [~/mine, /opt/theirs]
repositories:
  credentials: { github.com: { token_file: token }, example.com: { ssh_key: ~/.ssh/key, known_hosts: known } }
environment: [PLAIN, { KEY: { file: key.txt }, OTHER: { file: ~/other } }]
github: { token_file: gh-token }
`)
    expect(config.projects_dir).toBe(join(home.base, 'work'))
    expect(config.templates_dirs).toEqual([join(homedir(), 'mine'), '/opt/theirs'])
    expect(config.repositories.credentials).toEqual({
      'github.com': { token_file: join(home.base, 'token') },
      'example.com': { ssh_key: join(homedir(), '.ssh/key'), known_hosts: join(home.base, 'known') },
    })
    expect(config.environment).toEqual([
      'PLAIN',
      { KEY: { file: join(home.base, 'key.txt') }, OTHER: { file: join(homedir(), 'other') } },
    ])
    expect(config.github.token_file).toBe(join(home.base, 'gh-token'))
  })
})

describe('the variables of panes', () => {
  const lists = (list: string) => [
    `environment: ${list}`,
    `repositories: { environment: { github.com/acme/app: ${list} } }`,
    `agents: { claude: { kind: claude, environment: ${list} } }`,
  ]

  it.each(lists('[PLAIN, { KEY: { file: key.txt, panes: [agent] } }, { PASSWORD: { credential: db.password-1 } }]'))(
    'come from the daemon, a file or a credential: %s',
    async (text) => {
      const { config, home } = await load(text)
      const expected = [
        'PLAIN',
        { KEY: { file: join(home.base, 'key.txt'), panes: ['agent'] } },
        { PASSWORD: { credential: 'db.password-1' } },
      ]
      const found = [
        config.environment,
        config.repositories.environment['github.com/acme/app'],
        config.agents['claude']?.environment,
      ]
      expect(found.filter((list) => list !== undefined && list.length > 0)).toEqual([expected])
    },
  )

  it.each([
    ['[1A]', '0: must be a variable name; use letters, digits and _'],
    ['[A-B]', '0: must be a variable name'],
    ['[{ "A B": { file: x } }]', '0.A B: must be a variable name'],
    ['[UID]', '0: is the shell’s own name; use another name'],
    ['[{ RANDOM: { file: x } }]', '0.RANDOM: is the shell’s own name'],
    ['[DEVORCH_JOB]', '0: is the name by which panes are known'],
    ['[{ TMUX_PANE: { file: x } }]', '0.TMUX_PANE: is the name by which panes are known'],
    ['[{ KEY: hunter2 }]', '0.KEY: must say where the value is, and never be the value; write { file: PATH } or'],
    ['[{ KEY: { value: hunter2 } }]', '0.KEY: must say where the value is, and never be the value'],
    ['[{ KEY: {} }]', '0.KEY: must say where the value is; write one of'],
    ['[{ KEY: { file: a, credential: b } }]', '0.KEY: must say where the value is; write one of'],
    ['[{ KEY: { file: "" } }]', '0.KEY.file: is empty'],
    ['[{ KEY: { file: 17 } }]', '0.KEY.file: must be text'],
    ['[{ KEY: { credential: ../../etc/shadow } }]', '0.KEY.credential: is no name of a credential'],
    ['[{ KEY: { credential: .. } }]', '0.KEY.credential: is no name of a credential'],
    ['[{ KEY: { credential: a/b } }]', '0.KEY.credential: is no name of a credential'],
    ['[{ KEY: { file: a, panes: [shell] } }]', '0.KEY.panes.0: is no role of a pane; use agent, terminal, files or'],
    ['[{ KEY: { file: a, panes: [] } }]', '0.KEY.panes: is empty; name a role or leave it out'],
    ['[{ KEY: { file: a, panes: agent } }]', '0.KEY.panes: must be a list of roles; write [agent]'],
    ['[[KEY]]', '0: must be NAME, or NAME: { file: PATH }'],
    ['[17]', '0: must be NAME, or NAME: { file: PATH }'],
    ['KEY', 'must be a list; write lines like - NAME'],
  ])('are refused as %s', async (list, expected) => {
    for (const text of lists(list)) {
      const said = await refusal(text)
      expect(said).toContain(expected)
      expect(said).not.toContain('hunter2')
    }
  })

  it.each([
    'https://github.com/acme/app',
    'github.com',
    'github.com/*',
    'github.com/',
    '*',
    '*/acme/app',
    'github.com/*/app',
    'github.com/acme/ap*',
    'github.com/acme/../app',
    'github.com/acme/app/',
    'github.com//app',
    'github.com/acme/%61pp',
    'github.com/acme/.git',
    'github.com:0/acme/app',
    'github.com:99999/acme/app',
    'github.com:x/acme/app',
    'a:b@github.com/acme/app',
    'git hub.com/acme/app',
    'acme app/x/y',
    '/',
    '/*',
    '',
  ])('are for no such repository: %j', async (key) => {
    const said = await refusal(`repositories: { environment: { ${JSON.stringify(key)}: [A] } }`)
    expect(said).toContain(`repositories.environment.${key}: is no repository; write HOST/OWNER/NAME, or HOST/OWNER/*`)
    expect(said).toMatch(/^line 1, column \d+/)
  })
})

describe('the environment', () => {
  it('overrides host and port, and is named as their source', async () => {
    const text = 'server: { host: 10.0.0.1, port: 1 }\n'
    const { config, sources } = await load(text, { DEVORCH_HOST: '::1', DEVORCH_PORT: '0' })
    expect(config.server).toMatchObject({ host: '::1', port: 0 })
    expect([sources.get('server.host'), sources.get('server.port')]).toEqual(['environment', 'environment'])
    expect((await load(text, { DEVORCH_HOST: '', DEVORCH_PORT: '' })).config.server).toMatchObject({
      host: '10.0.0.1',
      port: 1,
    })
  })

  it.each(['65536', '-1', '80a', '1e3', ' 80', '0x50', '080000'])('is refused with the port %j', async (port) => {
    expect(await refusal(undefined, { DEVORCH_PORT: port })).toBe(
      'DEVORCH_PORT: is not a port; give a number from 0 to 65535',
    )
  })
})

describe('the credentials folder of systemd', () => {
  async function folderWith(files: Record<string, string>): Promise<Environment> {
    const folder = await temporaryFolder()
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return { CREDENTIALS_DIRECTORY: folder }
  }

  it('adds secrets to those of the file', async () => {
    const environment = await folderWith({
      'github-secrets': 'new-secret\r\nold-secret\n\n',
      tokens: '  token-one  \n',
      basic: 'ann:pass:word\nbob:x\n',
      'git-git.example.com': 'a token\n',
      'github-token': 'another\n',
      unrelated: 'x',
    })
    const { config, sources } = await load('auth: { tokens: [from-file] }\n', environment)
    expect(config.auth).toEqual({
      github_secrets: ['new-secret', 'old-secret'],
      tokens: ['from-file', 'token-one'],
      basic: [
        { user: 'ann', password: 'pass:word' },
        { user: 'bob', password: 'x' },
      ],
    })
    const folder = environment['CREDENTIALS_DIRECTORY'] ?? ''
    expect(config.repositories.credentials).toEqual({
      'git.example.com': { token_file: join(folder, 'git-git.example.com') },
    })
    expect(config.github.token_file).toBe(join(folder, 'github-token'))
    expect(sources.get('github.token_file')).toBe('credential')
    expect(sources.get('auth.tokens')).toBe('credential')
    expect(sources.get('auth.github_secrets')).toBe('credential')
    expect(sources.get('repositories.credentials.git.example.com.token_file')).toBe('credential')
    expect(sources.get('auth.basic')).toBe('credential')
  })

  it.each([
    [{ 'github-secrets': '' }, 'credential github-secrets: holds no value; put one a line into it, or do not load it'],
    [{ tokens: ' \n\r\n' }, 'credential tokens: holds no value'],
    [{ basic: 'no-colon\n' }, 'credential basic: has a line that is not user:password; correct it'],
    [{ basic: ':x\n' }, 'credential basic: has a line that is not user:password'],
    [{ basic: 'ann:\n' }, 'credential basic: has a line that is not user:password'],
    [{ tokens: 'x'.repeat(65_537) }, 'credential tokens: is larger than 65536 bytes'],
  ])('is refused where it holds no secret: %j', async (files, message) => {
    const said = await refusal(undefined, await folderWith(files))
    expect(said).toContain(message)
    expect(said).not.toContain('no-colon')
  })

  it('may lack every credential, and holds plain files', async () => {
    const environment = await folderWith({})
    expect((await load(undefined, environment)).config).toEqual((await load()).config)
    expect((await load(undefined, { CREDENTIALS_DIRECTORY: '/nowhere/at/all' })).config.auth.tokens).toEqual([])
    await mkdir(join(environment['CREDENTIALS_DIRECTORY'] ?? '', 'tokens'))
    expect(await refusal(undefined, environment)).toContain('credential tokens: is a folder')
  })
})
