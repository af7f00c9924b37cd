import { describe, expect, test } from 'vitest'
import { newJobId } from '../../src/job/id.js'
import type { JobView } from '../../src/job/record.js'
import { sayOf, type ReportFacts } from '../../src/report/say.js'
import type { SessionView } from '../../src/session/view.js'
import { redactor } from '../../src/support/redact.js'

const at = '2026-11-23T05:00:00.000Z'
const secret = 'hunter2-hunter2'

function job(changes: Partial<JobView> = {}, action: 'create' | 'restart' | 'destroy' | 'restore' = 'create'): JobView {
  const id = newJobId('shop-7', new Date(at))
  const nothing = { origin: null, retryOf: undefined, file: undefined, result: undefined }
  return {
    id,
    state: 'queued',
    job: { project_name: 'shop-7', action },
    receivedAt: at,
    attempts: 0,
    ...nothing,
    ...changes,
  }
}

function session(changes: Partial<SessionView> = {}, status: SessionView['agent']['status'] = 'working'): SessionView {
  return {
    name: 'shop-7-dev',
    project: 'shop-7',
    repository: 'https://github.com/acme/shop.git',
    working_copy: '/srv/dev/projects/shop-7',
    job_id: 'j',
    created_at: at,
    session: 'standing',
    ended_at: null,
    agent: { name: 'claude', status, since: null, detail: undefined, until: undefined, last_event: null },
    git: null,
    processes: null,
    disk: null,
    attach_command: 'ssh -t dev.example.com tmux attach -t shop-7-dev',
    panes: [],
    ...changes,
  }
}

function say(facts: Partial<ReportFacts>) {
  return sayOf({ job: job(), session: 'none', before: null, clean: redactor([secret]), ...facts })
}

const created = job({ state: 'done', result: { status: 'created', finished_at: at, session: 'shop-7-dev' } })
const failed = (message: string, action: 'create' | 'destroy' = 'create') =>
  job({ state: 'failed', result: { status: 'failed', finished_at: at, error: { message } } }, action)

describe('what is said', () => {
  test.each<[string, Partial<ReportFacts>, string | undefined]>([
    ['a queued create', {}, 'queued'],
    ['a queued destroy: what was said is still true', { job: job({}, 'destroy') }, undefined],
    ['an active create', { job: job({ state: 'active' }) }, 'building'],
    ['an active restart', { job: job({ state: 'active' }, 'restart') }, 'restarting'],
    ['an active destroy', { job: job({ state: 'active' }, 'destroy') }, 'ending'],
    ['a session that stands', { job: created, session: session() }, 'ready'],
    ['one whose agent is idle', { job: created, session: session({}, 'idle') }, 'ready'],
    ['one whose agent waits', { job: created, session: session({}, 'waiting') }, 'waiting'],
    ['one that went down', { job: created, session: session({ session: 'gone' }) }, 'down'],
    ['one that a person ended', { job: created, session: session({ session: 'ended' }) }, 'ended'],
    ['tmux that gives no answer', { job: created, session: session({ session: 'unknown' }) }, undefined],
    ['a record that can not be read', { job: created, session: 'unknown' }, undefined],
    ['one that was removed', { job: created }, 'closed'],
    ['a failure', { job: failed('x') }, 'failed'],
    [
      'a job whose record is pruned, its session not',
      { job: undefined, session: session(), before: 'waiting' },
      'ready',
    ],
    ['a pruned failure', { job: undefined, before: 'failed' }, undefined],
  ])('of %s', (_, facts, kind) => {
    expect(say(facts)?.kind).toBe(kind)
  })

  test('only what nothing but another job changes is final', () => {
    expect(say({ job: created })).toMatchObject({ kind: 'closed', isFinal: true })
    expect(say({ job: failed('x') })).toMatchObject({ isFinal: true })
    expect(say({ job: created, session: session() })).toMatchObject({ isFinal: false })
  })

  test('the attach command is said where somebody may want it, the working copy never', () => {
    for (const status of ['working', 'waiting'] as const) {
      const text = say({ job: created, session: session({}, status) })?.text
      expect(text).toContain('```text\nssh -t dev.example.com tmux attach -t shop-7-dev\n```')
      expect(text).not.toContain('/srv/dev')
    }
  })
})

test('a limit is told with its end', () => {
  const agent = { ...session().agent, status: 'limited', until: '2026-11-23T09:00:00.000Z' } as const
  const said = say({ job: created, session: session({ agent }) })
  expect(said).toMatchObject({ kind: 'limited', isFinal: false })
  expect(said?.text).toContain('goes on after 2026-11-23T09:00:00.000Z')
})

describe('the reason of a failure', () => {
  const reason = (message: string) => say({ job: failed(message) })?.text.split('\n\n')[1]

  test('stays data, whatever is in it', () => {
    const text = reason('`a` ```b``` <!-- x --> @acme/all #1 ![x](https://example.com/a.png)\n````\n# Title')
    const [fence = '', line = '', end, ...rest] = text?.split('\n') ?? []
    expect(fence).toBe('`````text')
    expect(end).toBe('`````')
    expect(rest).toEqual([])
    expect(line).toContain('@acme/all')
    expect(line).toContain('\\u000a````')
  })

  test.each([
    ['clone https://ann:pass@example.com/acme/shop.git failed', 'https://[redacted]@example.com/acme/shop.git'],
    [`the token ${secret} was refused`, 'the token [redacted] was refused'],
    ['ghp_0123456789abcdefghijABCDEFGHIJ012345', '[redacted]'],
    ['/srv/dev/projects/shop-7/README.md is odd', '…/README.md is odd'],
    ['~/projects/shop is not empty', '…/shop is not empty'],
    ['open "/var/lib/dev-orchestrator/config.yaml"', 'open "…/config.yaml"'],
    ['ENOENT:/etc/dev/x', 'ENOENT:…/x'],
    ['clone file:///srv/git/shop.git', 'clone file://…'],
    ['clone https://example.com/acme/shop.git: no such host', 'https://example.com/acme/shop.git: no such host'],
    ['the label dev/session and 1/2', 'the label dev/session and 1/2'],
  ])('has neither secrets nor the machine’s paths: %s', (message, shown) => {
    const text = reason(message)
    expect(text).toContain(shown)
    expect(text).not.toMatch(/\/(srv|var|etc|home)\/|hunter2|:pass@/)
  })

  test('is cut', () => {
    expect(reason('x'.repeat(100_000))?.length).toBeLessThan(700)
  })
})
