import { describe, expect, test } from 'vitest'
import { agentEventNames, type AgentEvent, type AgentEventName } from '../../src/agent/events.js'
import type { ClaudeState } from '../../src/agent/claude-state.js'
import { agentStatus } from '../../src/agent/status.js'

/** One event a second, from second 1; `exited 3` has the detail 3. */
function events(...words: readonly string[]): AgentEvent[] {
  return words.map((word, index) => {
    const [first, ...rest] = word.split(' ')
    const name: AgentEventName | undefined = agentEventNames.find((known) => known === first)
    if (name === undefined) throw new Error(`no event: ${word}`)
    const detail = rest.length === 0 ? {} : { detail: rest.join(' ') }
    return { at: new Date((index + 1) * 1000), name, ...detail }
  })
}

const alive = { kind: 'alive' } as const
const dead = { kind: 'dead' } as const
const unknown = { kind: 'unknown' } as const
const second = (count: number) => new Date(count * 1000)

describe('Claude Code', () => {
  test.each([
    [[], { status: 'starting', since: null }],
    [['started'], { status: 'starting', since: second(1) }],
    [['started', 'session-start'], { status: 'starting', since: second(1) }],
    [['started', 'session-start', 'working'], { status: 'working', since: second(3) }],
    [['started', 'session-start', 'working', 'working'], { status: 'working', since: second(3) }],
    [['started', 'session-start', 'working', 'waiting'], { status: 'waiting', since: second(4) }],
    [['started', 'working', 'waiting', 'waiting'], { status: 'waiting', since: second(3) }],
    [['started', 'working', 'approval', 'approval'], { status: 'waiting', since: second(3), detail: 'approval' }],
    [['started', 'working', 'approval', 'working'], { status: 'working', since: second(4) }],
    [['started', 'working', 'failed'], { status: 'waiting', since: second(3), detail: 'api failure' }],
    [['started', 'working', 'session-end', 'session-start clear'], { status: 'idle', since: second(4) }],
    [['started', 'working', 'session-end'], { status: 'exited', since: second(3) }],
    [['started', 'working', 'session-end', 'exited 1'], { status: 'exited', since: second(4), detail: 'code 1' }],
    [['missing npm i'], { status: 'exited', since: second(1), detail: 'missing: npm i' }],
    [['started', 'exited 1', 'started'], { status: 'starting', since: second(3) }],
    [['missing x', 'started', 'session-start', 'working'], { status: 'working', since: second(4) }],
    [['working'], { status: 'working', since: second(1) }],
    [['started', 'working', 'limited'], { status: 'limited', since: second(3) }],
    [['started', 'working', 'limited', 'waiting'], { status: 'limited', since: second(3) }],
    [['started', 'working', 'failed', 'waiting'], { status: 'waiting', since: second(3), detail: 'api failure' }],
    [['started', 'working', 'limited', 'working'], { status: 'working', since: second(4) }],
    [
      ['started', 'working', 'exited 137', 'resuming 2 30'],
      { status: 'exited', since: second(3), detail: 'code 137', until: second(34) },
    ],
    [
      ['started', 'exited 1', 'resuming 1 5', 'started', 'exited 1', 'given-up 1'],
      { status: 'exited', since: second(5), detail: 'code 1' },
    ],
    [['started', 'exited 1', 'resuming 1 5', 'given-up'], { status: 'exited', since: second(2), detail: 'code 1' }],
    [['started', 'exited 1', 'resuming x'], { status: 'exited', since: second(2), detail: 'code 1', until: second(3) }],
  ] as const)('%j in a living pane', (words, expected) => {
    expect(agentStatus(events(...words), alive, 'claude')).toEqual(expected)
  })
})

test('another program works from its start on', () => {
  expect(agentStatus(events('started'), alive, 'command')).toEqual({ status: 'working', since: second(1) })
  expect(agentStatus(events('started', 'exited 0'), alive, 'command')).toEqual({
    status: 'exited',
    since: second(2),
    detail: 'code 0',
  })
})

describe('the pane', () => {
  test('a dead one ends whatever the agent last said', () => {
    expect(agentStatus(events('started', 'working'), dead, 'claude')).toEqual({ status: 'exited', since: null })
  })

  test('one that can not be looked at is unknown, not gone', () => {
    expect(agentStatus(events('started', 'working'), unknown, 'claude')).toEqual({ status: 'unknown', since: null })
    expect(agentStatus([], unknown, 'claude')).toEqual({ status: 'unknown', since: null })
  })

  test('takes nothing from an agent that said that it ended', () => {
    for (const pane of [alive, dead, unknown])
      expect(agentStatus(events('started', 'exited 7'), pane, 'claude').detail).toBe('code 7')
  })
})

describe('what Claude Code says of itself', () => {
  const told = (status: 'busy' | 'idle' | 'waiting', since: number, waitingFor?: string): ClaudeState => ({
    kind: 'told',
    status,
    since: second(since),
    waitingFor,
    sessionId: undefined,
    configFolder: '/home/dev/.claude',
  })
  const ask = (words: readonly string[], state: ClaudeState, now: number) =>
    agentStatus(events(...words), alive, 'claude', { state, now: second(now) })
  const working = ['started', 'session-start', 'working']

  test.each([
    ['a prompt that was interrupted', working, told('idle', 5), 6, 'waiting', 5, 'interrupted'],
    ['the same just now, since its hook may be on its way', working, told('idle', 5), 5.5, 'working', 3, undefined],
    ['the same, where the hook of the prompt was slow', working, told('idle', 2.9), 6, 'waiting', 2.9, 'interrupted'],
    ['a prompt of just now', working, told('idle', 2), 4, 'working', 3, undefined],
    ['an approval that was given', [...working, 'approval'], told('busy', 5), 5, 'working', 5, undefined],
    ['one that is just asked for', [...working, 'approval'], told('busy', 3), 5, 'waiting', 4, 'approval'],
    ['one that was refused', [...working, 'approval'], told('idle', 5), 6, 'waiting', 5, 'interrupted'],
    ['one that no hook told of', working, told('waiting', 5, 'permission prompt'), 5, 'waiting', 5, 'approval'],
    ['a menu', [...working, 'waiting'], told('waiting', 9, 'dialog open'), 9, 'waiting', 9, 'dialog'],
    ['a dialog of an unknown kind', [...working, 'waiting'], told('waiting', 9), 9, 'waiting', 9, 'dialog'],
    ['an end that was told', [...working, 'waiting'], told('busy', 3), 5, 'waiting', 4, undefined],
    ['work that goes on behind it', [...working, 'waiting'], told('busy', 5), 9, 'working', 5, undefined],
    ['a failure', [...working, 'failed'], told('idle', 5), 9, 'waiting', 4, 'api failure'],
    ['a limit', [...working, 'limited'], told('idle', 5), 9, 'limited', 4, undefined],
    ['the start, before the first prompt', ['started', 'session-start'], told('idle', 3), 60, 'starting', 1, undefined],
    ['a process that is gone', working, { kind: 'gone' } as const, 60, 'exited', null, undefined],
  ] as const)('%s', (_, words, state, now, status, since, detail) => {
    expect(ask(words, state, now)).toEqual({
      status,
      since: since === null ? null : second(since),
      ...(detail === undefined ? {} : { detail }),
    })
  })

  test('counts for nothing where the agent or its pane has ended', () => {
    expect(ask(['started', 'exited 137'], told('busy', 9), 9)).toMatchObject({ status: 'exited', detail: 'code 137' })
    const given = { state: told('busy', 9), now: second(9) }
    expect(agentStatus(events(...working), dead, 'claude', given)).toEqual({ status: 'exited', since: null })
    expect(agentStatus(events(...working), unknown, 'claude', given)).toEqual({ status: 'unknown', since: null })
  })
})

test('nobody starts an agent again whose pane was closed', () => {
  const ended = events('started', 'exited 137', 'resuming 1 5')
  expect(agentStatus(ended, dead, 'claude')).toEqual({ status: 'exited', since: second(2), detail: 'code 137' })
})
