import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { Check } from '../../src/commands/doctor/check.js'
import { newJobId } from '../../src/job/id.js'
import { mountTmpfs } from '../support/mount.js'
import { makeWorkplace, root, runProgram, type Ended, type Workplace } from './workplace.js'

function checks(ended: Ended): Check[] {
  expect(ended.stderr).toBe('')
  return JSON.parse(ended.stdout) as Check[]
}

async function doctor(place: Workplace, environment: Readonly<Record<string, string>> = {}) {
  const ended = await place.devorch(['doctor', '--json'], { environment })
  return { code: ended.code, of: (subject: string) => checks(ended).filter((check) => check.subject === subject) }
}

const portZero = { server: { port: 0 } }

test('a home that nothing is wrong with: 0, a line each, and nothing is made in it', async () => {
  const place = await makeWorkplace()
  await place.configure(portZero)
  const ended = await place.devorch(['doctor'])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).toMatch(/^OK {4}tmux +\d+\.\d+\S*$/m)
  expect(ended.stdout).toMatch(/^OK {4}agent cat +\/\S+\/cat$/m)
  expect(ended.stdout).toMatch(/\n\n0 to mend, \d+ to know, \d+ in order\n$/)
  expect(await readdir(place.home)).toEqual(['config.yaml'])
})

test('every subject is looked at, and each finding that is not OK has a remedy', async () => {
  const place = await makeWorkplace()
  await place.configure(portZero)
  const found = checks(await place.devorch(['doctor', '--json']))
  const subjects = ['node', 'git', 'tmux', 'tmux server', 'flock', 'timeout', 'ranger', 'memory', 'disk of home']
  const more = ['disk of projects', 'inotify', 'clock', 'configuration', 'home', 'inbox', 'state', 'logs', 'filesystem']
  const rest = ['projects', 'authentication', 'daemon', 'templates', 'agent claude', 'agent cat']
  expect([...new Set(found.map(({ subject }) => subject))].sort()).toEqual([...subjects, ...more, ...rest].sort())
  for (const check of found) if (check.level !== 'OK') expect(check.remedy).not.toBe('')
})

test('a missing default agent fails, another is only worth knowing; a program that is missing names its package', async () => {
  const place = await makeWorkplace()
  await place.configure({ ...portZero, default_agent: 'claude' })
  const { code, of } = await doctor(place)
  expect(code).toBe(1)
  expect(of('agent claude')).toMatchObject([{ level: 'FAIL', remedy: 'npm install -g @anthropic-ai/claude-code' }])

  await place.configure(portZero)
  expect((await doctor(place)).of('agent claude')).toMatchObject([{ level: 'WARN' }])
  const bare = await doctor(place, { PATH: join(place.folder, 'nothing') })
  expect(bare.code).toBe(1)
  for (const [subject, name] of Object.entries({ git: 'git', tmux: 'tmux', flock: 'util-linux' })) {
    expect(bare.of(subject)).toMatchObject([
      { level: 'FAIL', remedy: expect.stringMatching(`apt-get install -y ${name}$`) as string },
    ])
  }
  expect(bare.of('ranger')).toMatchObject([{ level: 'WARN' }])
})

test('a Claude Code is asked for its version, and only whether there is a login, never what it is', async () => {
  const place = await makeWorkplace()
  const bin = join(place.folder, 'user', '.local', 'bin')
  await mkdir(bin, { recursive: true })
  await writeFile(join(bin, 'claude'), '#!/bin/sh\necho "1.0.0 (Claude Code)"\n', { mode: 0o755 })
  await place.configure({ ...portZero, default_agent: 'claude', environment: ['ANTHROPIC_API_KEY'] })
  expect((await doctor(place)).of('agent claude')).toMatchObject([
    { level: 'WARN', finding: expect.stringContaining('is 1.0.0; tested is') as string },
    { level: 'WARN', finding: expect.stringContaining('no login') as string },
  ])
  const given = await place.devorch(['doctor'], { environment: { ANTHROPIC_API_KEY: 'sk-ant-do-not-show' } })
  expect(given.stdout).toContain('logs in with ANTHROPIC_API_KEY')
  expect(given.stdout).not.toContain('do-not-show')

  await mkdir(join(place.folder, 'user', '.claude'))
  await writeFile(join(place.folder, 'user', '.claude', '.credentials.json'), '{"do":"not-show"}', { mode: 0o600 })
  expect((await doctor(place)).of('agent claude')[1]).toMatchObject({ level: 'OK' })
})

test('a wrong config.yaml is told with its place, and the machine is looked at all the same', async () => {
  const place = await makeWorkplace()
  await place.configure({ servr: {} })
  const { code, of } = await doctor(place)
  expect(code).toBe(1)
  expect(of('configuration')).toMatchObject([{ level: 'FAIL', remedy: 'did you mean server?' }])
  expect(of('tmux')).toMatchObject([{ level: 'OK' }])
})

test('folders that others could use, and secrets that others could read', async () => {
  const place = await makeWorkplace()
  await place.configure({ ...portZero, auth: { tokens: ['a-long-token'] } })
  await place.devorch(['jobs'])
  expect((await doctor(place)).code).toBe(0)
  await chmod(join(place.home, 'inbox'), 0o777)
  await chmod(join(place.home, 'state', 'sessions'), 0o755)
  await chmod(join(place.home, 'config.yaml'), 0o644)
  const { code, of } = await doctor(place)
  expect(code).toBe(1)
  expect(of('inbox')).toMatchObject([{ level: 'FAIL', remedy: `chmod o-w ${join(place.home, 'inbox')}` }])
  expect(of('state')).toMatchObject([{ level: 'WARN', remedy: `chmod 700 ${join(place.home, 'state', 'sessions')}` }])
  expect(of('configuration')).toMatchObject([{ level: 'WARN', remedy: `chmod 600 ${join(place.home, 'config.yaml')}` }])
})

test('a file where a folder should be, and a projects folder that can not be made', async () => {
  const place = await makeWorkplace()
  await writeFile(join(place.home, 'inbox'), '')
  await writeFile(join(place.folder, 'file'), '')
  await place.configure({ ...portZero, projects_dir: join(place.folder, 'file', 'projects') })
  const { code, of } = await doctor(place)
  expect(code).toBe(1)
  expect(of('inbox')).toMatchObject([{ level: 'FAIL' }])
  expect(of('projects')).toMatchObject([{ level: 'FAIL' }])
})

test('the token for comments is looked at where one is configured', async () => {
  const place = await makeWorkplace()
  const file = join(place.folder, 'github-token')
  await place.configure({ ...portZero, github: { token_file: file } })
  expect((await doctor(place)).of('github')).toMatchObject([{ level: 'FAIL', finding: `${file} does not exist` }])
  await writeFile(file, 'ghp_x\n', { mode: 0o644 })
  expect((await doctor(place)).of('github')).toMatchObject([{ level: 'WARN', remedy: `chmod 600 ${file}` }])
  await chmod(file, 0o600)
  expect((await doctor(place)).of('github')).toMatchObject([{ level: 'OK' }])
  await writeFile(file, 'two\nlines\n')
  expect((await doctor(place)).of('github')).toMatchObject([{ level: 'FAIL' }])
  await place.configure({ ...portZero, github: { token_file: file, comment: false } })
  expect((await doctor(place)).of('github')).toEqual([])
})

test('a daemon that runs is seen and not disturbed; its port is another home’s obstacle', async () => {
  const place = await makeWorkplace()
  const daemon = await place.serve()
  const port = Number(new URL(daemon.url).port)
  await place.configure({ server: { port } })
  expect((await doctor(place)).of('daemon')).toMatchObject([{ level: 'OK', finding: 'runs on this home' }])
  expect((await fetch(`${daemon.url}/healthz`)).status).toBe(200)

  const other = await makeWorkplace()
  await other.configure({ server: { port } })
  const { code, of } = await doctor(other)
  expect(code).toBe(1)
  expect(of('daemon')).toMatchObject([
    { level: 'FAIL', finding: expect.stringContaining('the port is taken') as string },
  ])
})

test('broken templates are listed, and an open address without a secret fails', async () => {
  const place = await makeWorkplace()
  await mkdir(join(place.home, 'templates', 'odd'), { recursive: true })
  await writeFile(join(place.home, 'templates', 'odd', 'template.yaml'), 'titel: Odd\n')
  await place.configure({ server: { host: '0.0.0.0', port: 0 } })
  const { code, of } = await doctor(place)
  expect(code).toBe(1)
  expect(of('templates')).toMatchObject([
    { level: 'OK', finding: expect.stringContaining('1 left out') as string },
    { level: 'WARN', finding: expect.stringContaining('odd') as string },
  ])
  expect(of('authentication')).toMatchObject([{ level: 'FAIL' }])
})

const exec = promisify(execFile)

test('an inbox on a mount of its own, full, without room for files, or read-only', async ({ skip }) => {
  const place = await makeWorkplace()
  await place.configure(portZero)
  await place.devorch(['jobs'])
  const inbox = join(place.home, 'inbox')
  const because = await mountTmpfs(inbox, '64k')
  if (because !== undefined) skip(because)
  // The root of a tmpfs is open to everybody.
  await chmod(inbox, 0o755)
  const small = await doctor(place)
  expect(small.code).toBe(1)
  expect(small.of('filesystem')).toMatchObject([{ level: 'FAIL' }])
  expect(small.of('inbox')).toMatchObject([
    { level: 'FAIL', finding: expect.stringContaining('is full') as string, remedy: 'make room on its disk' },
  ])
  await exec('mount', ['-o', 'remount,size=64m,nr_inodes=50', inbox])
  expect((await doctor(place)).of('inbox')).toMatchObject([
    { level: 'FAIL', finding: expect.stringContaining('more files only') as string },
  ])
  await exec('mount', ['-o', 'remount,size=64m,nr_inodes=0', inbox])
  expect((await doctor(place)).of('inbox')).toMatchObject([{ level: 'OK' }])
  await exec('mount', ['-o', 'remount,ro', inbox])
  expect((await doctor(place)).of('inbox')).toMatchObject([{ level: 'FAIL' }])
})

test('a disk with little space, and one with room for few files', async ({ skip }) => {
  const place = await makeWorkplace()
  const because = await mountTmpfs(place.home, '64m')
  if (because !== undefined) skip(because)
  await place.configure(portZero)
  expect((await doctor(place)).of('disk of home')).toMatchObject([
    { level: 'WARN', remedy: 'make room: du -xh --max-depth=2' },
  ])
  await exec('mount', ['-o', 'remount,size=4g,nr_inodes=5000', place.home])
  expect((await doctor(place)).of('disk of home')).toMatchObject([
    { level: 'WARN', finding: expect.stringMatching(/room for \d+ files/) as string },
  ])
})

test('inotify without an instance or a watch left, as in a user namespace with limits of its own', async ({ skip }) => {
  const place = await makeWorkplace()
  await place.configure(portZero)
  const limited = (limit: string) =>
    runProgram(
      'unshare',
      [
        ...['--user', '--map-root-user', 'sh', '-c'],
        ...[`echo 0 > /proc/sys/user/${limit} && exec "$@"`, 'sh', process.execPath, join(root, 'dist', 'main.js')],
        ...['--home', place.home, 'doctor', '--json'],
      ],
      { environment: place.environment },
    )
  const instances = await limited('max_inotify_instances')
  if (instances.stdout === '') skip(`user namespaces can not be had here: ${instances.stderr}`)
  const inotify = (ended: Ended) => checks(ended).filter((check) => check.subject === 'inotify')
  expect(inotify(instances)).toMatchObject([{ level: 'WARN', finding: 'no instance is left for this user' }])
  expect(inotify(await limited('max_inotify_watches'))).toMatchObject([
    { level: 'WARN', finding: 'no watch is left for this user' },
  ])
})

test('a clock that is behind the newest record', async () => {
  const place = await makeWorkplace()
  await place.configure(portZero)
  await place.devorch(['jobs'])
  const file = (at: number) => join(place.home, 'state', 'done', `${newJobId('shop', new Date(at))}.yaml`)
  await writeFile(file(Date.now() - 1000), '')
  expect((await doctor(place)).of('clock')).toMatchObject([{ level: 'OK' }])
  await writeFile(file(Date.now() + 3_600_000), '')
  expect((await doctor(place)).of('clock')).toMatchObject([
    { level: 'WARN', finding: expect.stringContaining('before the newest job') as string },
  ])
})

test('an inbox that another group may write into, and logs that others may read', async ({ skip }) => {
  if (process.getuid?.() !== 0) skip('giving a folder to another group needs root')
  const place = await makeWorkplace()
  await place.configure(portZero)
  await place.devorch(['jobs'])
  const inbox = join(place.home, 'inbox')
  await chmod(inbox, 0o770)
  expect((await doctor(place)).of('inbox')).toMatchObject([{ level: 'OK' }])
  await chown(inbox, 0, 12_345)
  await chmod(join(place.home, 'logs'), 0o755)
  const { of } = await doctor(place)
  expect(of('inbox')).toMatchObject([
    {
      level: 'WARN',
      finding: expect.stringContaining('group 12345') as string,
      remedy: expect.stringContaining('chmod g-w ') as string,
    },
  ])
  expect(of('logs')).toMatchObject([{ level: 'WARN', remedy: `chmod 700 ${join(place.home, 'logs')}` }])
})

test('a file with the value of a variable: that it can be read, by this user alone', async () => {
  const place = await makeWorkplace()
  const file = join(place.folder, 'key')
  const entry = { KEY: { file } }
  const repositories = { environment: { 'github.com/acme/*': [entry] } }
  await place.configure({ ...portZero, environment: ['HOME', entry, { OTHER: { credential: 'other' } }], repositories })
  const credentials = { CREDENTIALS_DIRECTORY: place.folder }
  const missing = await doctor(place, credentials)
  expect(missing.code).toBe(1)
  expect(missing.of('environment')).toMatchObject([
    { level: 'FAIL', finding: `${file} is not there; sessions with environment.KEY fail` },
    { level: 'FAIL', remedy: expect.stringMatching(/LoadCredential=.* or correct environment\.OTHER/) as string },
    { level: 'FAIL', finding: expect.stringContaining('repositories.environment.github.com/acme/*.KEY') as string },
  ])
  await writeFile(join(place.folder, 'other'), 'secret', { mode: 0o400 })
  await writeFile(file, 'secret')
  await chmod(file, 0o640)
  expect((await doctor(place, credentials)).of('environment')).toMatchObject([
    { level: 'WARN', finding: `others may read ${file}, the value of environment.KEY`, remedy: `chmod 600 ${file}` },
    { level: 'WARN' },
  ])
  await chmod(file, 0o600)
  expect((await doctor(place, credentials)).of('environment')).toMatchObject([{ level: 'OK' }])
})
