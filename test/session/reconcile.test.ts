import { describe, expect, test } from 'vitest'
import { byAge, fateOf, standingOn, type Fate, type Seen } from '../../src/session/reconcile.js'
import type { SessionRecord } from '../../src/session/registry.js'
import type { LivePane, TmuxServer } from '../../src/tmux/types.js'

const server: TmuxServer = { pid: 100, startTime: 1000, exitEmpty: true }
const noted = { boot_id: 'boot-1', pid: 100, start_time: 1000, exit_empty: true }
const endedAt = '2026-11-23T00:00:00.000Z'

const record: SessionRecord = {
  name: 'shop-dev',
  project: 'shop',
  repository: 'https://example.com/shop.git',
  repository_key: 'example.com/shop',
  working_copy: '/projects/shop',
  job_id: 'job-1',
  created_at: '2026-11-22T10:00:00.000Z',
  tmux_server: noted,
  agent: { name: 'cat', kind: 'command', conversation_id: 'c', instructions: false, tracker_as_data: false },
}
const { tmux_server: _noted, ...old } = record

const pane: LivePane = {
  sessionId: '$1',
  sessionName: 'shop-dev',
  jobId: 'job-1',
  paneId: '%1',
  role: 'agent',
  pid: 200,
  dead: false,
  currentCommand: 'cat',
}
const persons = { ...pane, sessionId: '$2', jobId: null }

const sees = (panes: readonly LivePane[], changes: Partial<TmuxServer> = {}): Seen => ({
  listing: { kind: 'panes', server: { ...server, ...changes }, panes },
  bootId: 'boot-1',
})
const noServer: Seen = { listing: { kind: 'no-server' }, bootId: 'boot-1' }
const noAnswer: Seen = { listing: { kind: 'unknown', because: 'slow' }, bootId: 'boot-1' }
const afterReboot = (seen: Seen): Seen => ({ ...seen, bootId: 'boot-2' })
const outliving = { ...record, tmux_server: { ...noted, exit_empty: false } }

describe('what became of a session', () => {
  test.each<[what: string, record: SessionRecord, seen: Seen, fate: Fate]>([
    ['it stands as noted', record, sees([pane]), 'noted'],
    ['a person renamed it', record, sees([{ ...pane, sessionName: 'mine' }]), 'noted'],
    ['it stands on another server than noted', record, sees([pane], { pid: 101 }), 'standing'],
    ['the same process id, started later', record, sees([pane], { startTime: 1001 }), 'standing'],
    ['it stands, noted in another boot', record, afterReboot(sees([pane])), 'standing'],
    ['it stands, and its record names no server', old, sees([pane]), 'standing'],
    ['it stands again after it was ended', { ...record, ended_at: endedAt }, sees([pane]), 'standing'],

    ['its server is there without it', record, sees([]), 'ended'],
    ['a person’s session has its name', record, sees([persons]), 'ended'],
    ['its server went with its last session', record, noServer, 'ended'],

    ['the machine was booted, no server yet', record, afterReboot(noServer), 'lost'],
    ['the machine was booted, an empty server', record, afterReboot(sees([])), 'lost'],
    ['booted, a server of the same numbers', record, afterReboot(sees([persons])), 'lost'],
    ['another server is there', record, sees([], { pid: 101 }), 'lost'],
    ['another server of the same process id', record, sees([], { startTime: 1001 }), 'lost'],
    ['another server, with a person’s session of its name', record, sees([persons], { pid: 101 }), 'lost'],
    ['its server was one that outlives its sessions', outliving, sees([], { pid: 101 }), 'lost'],
    ['the same, after a boot', outliving, afterReboot(noServer), 'lost'],

    ['a server that outlives its sessions is gone', outliving, noServer, 'unknown'],
    ['no server was ever noted', old, sees([]), 'unknown'],
    ['the same, after a boot', old, afterReboot(noServer), 'unknown'],
    ['tmux gives no answer', record, noAnswer, 'unknown'],
    ['tmux gives no answer after a boot', record, afterReboot(noAnswer), 'unknown'],

    ['it was ended before', { ...record, ended_at: endedAt }, sees([]), 'noted'],
    ['ended, and the server went too', { ...record, ended_at: endedAt }, sees([], { pid: 101 }), 'noted'],
    ['ended, and the machine was booted', { ...record, ended_at: endedAt }, afterReboot(noServer), 'noted'],
  ])('%s', (_what, known, seen, fate) => {
    expect(fateOf(known, seen)).toBe(fate)
  })
})

test('a session that stands is noted so that nothing is left to note', () => {
  const seen = sees([pane], { pid: 101, exitEmpty: false })
  const next = standingOn({ ...record, ended_at: endedAt }, { ...server, pid: 101, exitEmpty: false }, 'boot-1')
  expect(next).toEqual({ ...record, tmux_server: { ...noted, pid: 101, exit_empty: false } })
  expect(fateOf(next, seen)).toBe('noted')
})

test('lost sessions come back in the order in which they were created', () => {
  const of = (name: string, createdAt: string) => ({ ...record, name, created_at: createdAt })
  const records = [
    of('c', '2026-11-22T11:00:00.000Z'),
    of('b', '2026-11-22T10:00:00.000Z'),
    of('a', '2026-11-22T10:00:00.000Z'),
    of('d', '2026-11-21T12:00:00.000Z'),
  ]
  expect(records.sort(byAge).map(({ name }) => name)).toEqual(['d', 'a', 'b', 'c'])
})
