import { expect, test } from 'vitest'
import { atLeast } from '../../../src/commands/doctor/check.js'
import { checkFolders, mountOf, parseMounts, type FoldersFacts } from '../../../src/commands/doctor/folders.js'
import { checkInstallation, type InstallationFacts } from '../../../src/commands/doctor/installation.js'
import { checkMachine, type MachineFacts } from '../../../src/commands/doctor/machine.js'

const version = (line: string) => ({ kind: 'version', line }) as const
const machine: MachineFacts = {
  nodeVersion: '20.19.0',
  git: version('git version 2.39.5'),
  tmux: version('tmux 3.3a'),
  ranger: version('ranger version: ranger 1.9.3'),
  flock: version('flock from util-linux 2.38.1'),
  timeout: version('timeout (GNU coreutils) 9.1'),
  tmuxSocket: 'default',
  tmuxServer: { kind: 'no-server' },
  freeMemoryMb: 2048,
  freeDiskMb: { home: 5000 },
  freeFiles: { home: 10_000 },
  inotify: { instances: { limit: 128, used: 124 }, watches: { limit: 8192, used: 8128 }, refused: undefined },
  nowMs: Date.UTC(2026, 10, 22),
  installedMs: Date.UTC(2026, 10, 1),
  newestJobMs: Date.UTC(2026, 10, 22) + 60_000,
}

function bad(change: Partial<MachineFacts>): string[] {
  return checkMachine({ ...machine, ...change }, 1024).flatMap((check) =>
    check.level === 'OK' ? [] : [`${check.level} ${check.subject}`],
  )
}

test('nothing is wrong with the least that will do', () => {
  expect(bad({})).toEqual([])
})

test.each<[string, Partial<MachineFacts>, string[]]>([
  ['an old node', { nodeVersion: '20.18.3' }, ['FAIL node']],
  ['an old git', { git: version('git version 2.36.0') }, ['FAIL git']],
  ['an old tmux', { tmux: version('tmux 3.1c') }, ['FAIL tmux']],
  ['a tmux that does not work', { tmux: { kind: 'silent' } }, ['FAIL tmux']],
  [
    'a tmux server that hangs',
    { tmuxServer: { kind: 'unknown', because: 'it did not finish within 10 s' } },
    ['FAIL tmux server'],
  ],
  ['no ranger', { ranger: { kind: 'missing' } }, ['WARN ranger']],
  ['no timeout', { timeout: { kind: 'missing' } }, ['FAIL timeout']],
  ['little memory', { freeMemoryMb: 1023 }, ['WARN memory']],
  ['unknown memory', { freeMemoryMb: undefined }, ['WARN memory']],
  ['little disk', { freeDiskMb: { home: 1023, projects: undefined } }, ['WARN disk of home', 'WARN disk of projects']],
  ['room for few files', { freeFiles: { home: 9999 } }, ['WARN disk of home']],
  ['few watches', { inotify: { ...machine.inotify, watches: { limit: 8192, used: 8129 } } }, ['WARN inotify']],
  ['few instances', { inotify: { ...machine.inotify, instances: { limit: 128, used: 125 } } }, ['WARN inotify']],
  ['no instance', { inotify: { ...machine.inotify, refused: 'EMFILE' } }, ['WARN inotify']],
  ['no watch', { inotify: { ...machine.inotify, refused: 'ENOSPC' } }, ['WARN inotify']],
  ['unknown limits', { inotify: { ...machine.inotify, watches: { limit: undefined, used: 0 } } }, ['WARN inotify']],
  ['a clock before the program', { nowMs: 0 }, ['FAIL clock']],
  ['a clock before the newest job', { newestJobMs: machine.nowMs + 60_001 }, ['WARN clock']],
  ['no job yet', { newestJobMs: undefined }, []],
])('%s', (_, change, expected) => {
  expect(bad(change)).toEqual(expected)
})

test.each([
  ['3.3a', true],
  ['next-3.6', true],
  ['3.2', true],
  ['3.10', true],
  ['3.1c', false],
  ['2.9', false],
  ['master', undefined],
])('%s is at least 3.2: %s', (text, expected) => {
  expect(atLeast(text, 3, 2)).toBe(expected)
})

test('the mount of a path is the longest mount point above it, spaces and all', () => {
  const text = [
    '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '40 22 8:2 / /srv rw - ext4 /dev/sdb1 rw',
    '41 22 8:2 /a /srv/my\\040inbox rw - ext4 /dev/sdb1 rw',
    '',
  ].join('\n')
  const mounts = parseMounts(text)
  expect(mounts).toEqual(['/', '/srv', '/srv/my inbox'])
  expect(mountOf('/srv/my inbox/x', mounts)).toBe('/srv/my inbox')
  expect(mountOf('/srv', mounts)).toBe('/srv')
  expect(mountOf('/srvx/inbox', mounts)).toBe('/')
})

test('an inbox and a state on two mounts fail, also where one is yet to be made', () => {
  const folder = (path: string, mount: string) => ({
    path,
    fact: { kind: 'folder', mode: 0o700, group: 0, usable: true, mount } as const,
  })
  const facts = (inboxMount: string): FoldersFacts => ({
    base: folder('/h', '/'),
    inbox: folder('/h/inbox', inboxMount),
    inboxTrouble: undefined,
    ownGroup: 0,
    logs: folder('/h/logs', '/'),
    own: [
      folder('/h/state/active', '/'),
      { path: '/h/state/done', fact: { kind: 'missing', creatable: true, mount: '/' } },
    ],
    projects: undefined,
  })
  const level = (inboxMount: string) =>
    checkFolders(facts(inboxMount)).find(({ subject }) => subject === 'filesystem')?.level
  expect(level('/')).toBe('OK')
  expect(level('/h/inbox')).toBe('FAIL')
})

const unit = { active: 'active', enabled: 'enabled', listen: '' }
const installation: InstallationFacts = {
  manifest: {
    version: '1.0.0',
    program: 'one',
    main: '/opt/d/dist/main.js',
    user: 'dev',
    home: '/var/lib/dev-orchestrator',
    projects: '/home/dev/projects',
    socket_name: 'default',
    group: { name: 'devorch', made: true },
    files: { '/etc/systemd/system/dev-orchestrator.service': ['hash'] },
  },
  missing: [],
  changed: [],
  isThisProgram: true,
  isUpToDate: true,
  units: {
    'dev-orchestrator.service': unit,
    'dev-orchestrator.socket': unit,
    'dev-orchestrator-tmux.service': unit,
  },
  credentials: [{ name: 'tokens', file: 'unknown' }],
  groupGid: 900,
  isServiceUser: true,
}

test('an installation that is as install left it is in order; what differs is told with its remedy', () => {
  expect(checkInstallation(installation).map(({ level }) => level)).toEqual(['OK', 'OK', 'OK', 'OK', 'OK', 'OK'])
  const told = (facts: Partial<InstallationFacts>) =>
    checkInstallation({ ...installation, ...facts }).filter(({ level }) => level !== 'OK')
  const units = { ...installation.units, 'dev-orchestrator.socket': { ...unit, active: 'failed' } }
  expect(told({ units })).toMatchObject([{ level: 'FAIL', subject: 'dev-orchestrator.socket', finding: 'is failed' }])
  const disabled = { ...installation.units, 'dev-orchestrator-tmux.service': { ...unit, enabled: 'disabled' } }
  expect(told({ units: disabled })).toMatchObject([
    { level: 'WARN', remedy: 'sudo systemctl enable dev-orchestrator-tmux.service' },
  ])
  expect(told({ missing: ['/x'], changed: ['/y'] })).toMatchObject([{ level: 'FAIL', remedy: 'sudo devorch install' }])
  expect(told({ changed: ['/y'] })).toMatchObject([{ level: 'WARN', finding: expect.stringContaining('/y') as string }])
  expect(told({ isUpToDate: false })).toMatchObject([{ level: 'WARN', remedy: 'sudo devorch install' }])
  expect(told({ isThisProgram: false })).toMatchObject([{ level: 'WARN', subject: 'installation' }])
  expect(told({ isServiceUser: false })).toMatchObject([{ level: 'WARN', remedy: 'sudo -u dev -i devorch doctor' }])
  expect(told({ credentials: [{ name: 'tokens', file: 'missing' }] })).toMatchObject([
    { level: 'FAIL', finding: expect.stringContaining('tokens') as string },
  ])
})
