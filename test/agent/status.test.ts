import { describe, expect, test } from 'vitest'
import { agentEventNames, type AgentEvent, type AgentEventName } from '../../src/agent/events.js'
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
