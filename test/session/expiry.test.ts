import { describe, expect, test } from 'vitest'
import { expiryOf, type Use } from '../../src/session/expiry.js'
import type { SessionRecord } from '../../src/session/registry.js'

const dayMs = 24 * 60 * 60 * 1000
const now = new Date('2026-11-23T12:00:00.000Z')
const ago = (days: number) => new Date(now.getTime() - days * dayMs).toISOString()

function record(fields: Partial<SessionRecord>): SessionRecord {
  return {
    ...{
      name: 'shop-dev',
      project: 'shop',
      repository: 'r',
      repository_key: 'r',
      working_copy: '/p/shop',
      job_id: 'j',
    },
    created_at: ago(10),
    agent: { name: 'cat', kind: 'command', conversation_id: 'c', instructions: false, tracker_as_data: false },
    ...fields,
  }
}

const standing: Use = { standing: true, isAttached: false, lastMs: now.getTime() - 5 * dayMs }

describe('the time of a session', () => {
  test.each<[string, Partial<SessionRecord>, Partial<Use>, [ttl: number, idle: number], RegExp | undefined]>([
    ['is never over by default', {}, {}, [0, 0], undefined],
    ['is over when it is too old', {}, {}, [9, 0], /older than sessions.ttl_days \(9\)/],
    ['is not over a day before', {}, {}, [11, 0], undefined],
    ['counts from when it was brought back', { restored_at: ago(2) }, {}, [9, 0], undefined],
    ['is over when nothing has happened for long', {}, {}, [0, 4], /nothing has happened .*\(4\)/],
    ['is not over while something happens', {}, { lastMs: now.getTime() - dayMs }, [0, 4], undefined],
    ['is not over where it was brought back lately', { restored_at: ago(2) }, {}, [0, 4], undefined],
    ['is never over while a client is attached', {}, { isAttached: true }, [1, 1], undefined],
    ['is never over where tmux gives no answer', {}, { standing: undefined }, [1, 1], undefined],
    ['is not judged by idleness where it was lost', {}, { standing: false }, [0, 4], undefined],
    ['is over where a person has ended it long ago', { ended_at: ago(5) }, { standing: false }, [0, 4], /nothing has/],
    ['is not over where a person has just ended it', { ended_at: ago(1) }, { standing: false }, [0, 4], undefined],
  ])('%s', (_, fields, use, [ttl_days, idle_days], expected) => {
    const why = expiryOf(record(fields), { ...standing, ...use }, { ttl_days, idle_days }, now)
    if (expected === undefined) expect(why).toBeUndefined()
    else expect(why).toMatch(expected)
  })
})
