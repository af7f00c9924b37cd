import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Check } from '../../src/commands/doctor/check.js'
import { makeWorkplace, type Ended, type Workplace } from './workplace.js'

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
