import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseJobId } from '../../../src/job/id.js'
import { httpCall, type Answer } from '../../support/http-call.js'
import { githubExample, sign, startReceiver, type Receiver } from '../receiver.js'

interface Example {
  readonly event: string
  readonly payload: Record<string, unknown>
}

function fail(): never {
  throw new Error('no job')
}

/** The payloads that GitHub's own documentation was made from, of github.com and of GitHub Enterprise Server. */
async function examplesOf(server: string): Promise<Example[]> {
  const main = createRequire(import.meta.url).resolve('@octokit/webhooks-examples')
  const text = await readFile(join(dirname(dirname(main)), server, 'index.json'), 'utf8')
  const definitions = JSON.parse(text) as { name: string; examples: Record<string, unknown>[] }[]
  return definitions.flatMap(({ name, examples }) => examples.map((payload) => ({ event: name, payload })))
}

function deliver(
  receiver: Receiver,
  event: string,
  payload: unknown,
  delivery: string = randomUUID(),
): Promise<Answer> {
  const body = JSON.stringify(payload)
  return httpCall(`${receiver.url}/create-session`, {
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': delivery,
      'x-hub-signature-256': sign(body, githubExample.secret),
    },
  })
}

const repository = { name: 'shop', full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' }
const person = { login: 'ann', type: 'User' }
const issue = { number: 7, title: 'Totals', body: 'wrong', state: 'open', author_association: 'OWNER', user: person }
const labeled = { action: 'labeled', repository, sender: person, issue, label: { name: 'dev-session' } }
const closed = { action: 'closed', repository, sender: person, issue: { ...issue, state: 'closed' } }

describe('every example of GitHub', () => {
  test.each([
    ['api.github.com', 200, 3],
    ['ghes-35', 100, 0],
    ['ghes-34', 40, 0],
    ['ghes-33', 40, 0],
    ['ghes-32', 40, 0],
    ['ghes-31', 40, 0],
  ] as const)(
    'of %s is answered 2xx, and a second time makes no further job',
    async (server, atLeast, jobs) => {
      const receiver = await startReceiver()
      const examples = (await examplesOf(server)).flatMap(({ event, payload }) => [
        { event, payload },
        // The same, as if the label were ours.
        ...(payload['action'] === 'labeled'
          ? [{ event, payload: { ...payload, label: { name: 'dev-session:go' } } }]
          : []),
      ])
      expect(examples.length).toBeGreaterThan(atLeast)
      const deliveries = examples.map(() => randomUUID())
      const statuses = async () => {
        const given: string[] = []
        for (const [index, { event, payload }] of examples.entries()) {
          const begunMs = performance.now()
          const answer = await deliver(receiver, event, payload, deliveries[index])
          expect(performance.now() - begunMs).toBeLessThan(10_000)
          expect([200, 202], `${event}: ${answer.text}`).toContain(answer.status)
          given.push((answer.json as { status: string }).status)
        }
        return given
      }
      const first = await statuses()
      const inbox = (await receiver.inbox()).sort()
      expect(inbox.length).toBeGreaterThanOrEqual(jobs)
      expect(inbox.length).toBe(first.filter((status) => status === 'queued').length)
      const second = await statuses()
      expect(second).toEqual(first.map((status) => (status === 'queued' ? 'duplicate' : status)))
      expect((await receiver.inbox()).sort()).toEqual(inbox)
    },
    120_000,
  )
})

describe('a delivery', () => {
  test('becomes a job whose origin tells of it, and whose text is not trusted', async () => {
    const receiver = await startReceiver()
    const answer = await deliver(receiver, 'issues', labeled, 'd-1')
    expect(answer).toMatchObject({ status: 202, json: { status: 'queued', session_name: 'shop-7-dev' } })
    expect(await receiver.onlyJob()).toMatchObject({
      project_name: 'shop-7',
      origin: { kind: 'github', delivery_id: 'd-1', subject: 'acme/shop#7', sender: 'ann', trusted: false },
    })
    expect(receiver.log.map((line) => line.fields)).toContainEqual(
      expect.objectContaining({ event: 'issues', delivery: 'd-1', sender: 'ann', rule: 'issue labelled' }),
    )
  })

  test('that comes 50 times at once is one job', async () => {
    const receiver = await startReceiver()
    const answers = await Promise.all(Array.from({ length: 50 }, () => deliver(receiver, 'issues', labeled, 'd-1')))
    const statuses = answers.map((answer) => (answer.json as { status: string }).status)
    expect(statuses.filter((status) => status === 'queued')).toHaveLength(1)
    expect(statuses.filter((status) => status === 'duplicate')).toHaveLength(49)
    expect(await receiver.inbox()).toHaveLength(1)
  })

  test.each(['../../x', '/etc/passwd', 'x'.repeat(4000), '#(id)', '\u00e9'])(
    'with the id %j writes one file, in the inbox',
    async (delivery) => {
      const receiver = await startReceiver()
      const answer = await deliver(receiver, 'issues', labeled, delivery)
      expect(answer.status).toBe(202)
      const [name, ...others] = await receiver.inbox()
      expect(others).toEqual([])
      expect(parseJobId(String(name).replace('.yaml', ''))).toBeDefined()
    },
  )

  test('without an id is refused', async () => {
    const receiver = await startReceiver()
    expect((await deliver(receiver, 'issues', labeled, '')).status).toBe(400)
  })

  test('of a subject whose job is pending is a duplicate', async () => {
    const receiver = await startReceiver()
    const { job_id: id } = (await deliver(receiver, 'issues', labeled)).json as { job_id: string }
    expect((await deliver(receiver, 'issues', labeled)).json).toMatchObject({ status: 'duplicate', job_id: id })
  })

  test('of a subject whose session stands is a duplicate', async () => {
    const made = parseJobId('20261122T210431123Z-shop-7-0123456789abcdef')
    const receiver = await startReceiver({ ports: { standingJob: () => Promise.resolve(made) } })
    expect((await deliver(receiver, 'issues', labeled)).json).toMatchObject({ status: 'duplicate', job_id: made })
    expect(await receiver.inbox()).toEqual([])
  })

  test('that closes ends the session there is, and is ignored where there is none', async () => {
    const receiver = await startReceiver()
    expect((await deliver(receiver, 'issues', closed)).json).toMatchObject({
      status: 'ignored',
      reason: 'no session stands for acme/shop#7',
    })
    await deliver(receiver, 'issues', labeled)
    expect(await deliver(receiver, 'issues', closed)).toMatchObject({ status: 202 })
    // It is asked for again while the end of the first is still to come: that is a new session.
    expect((await deliver(receiver, 'issues', labeled)).json).toMatchObject({ status: 'queued' })
  })

  const saying = (body: string, from = repository, association = 'OWNER') => ({
    action: 'created',
    repository: from,
    sender: person,
    issue,
    comment: { body, author_association: association, user: person },
  })

  test('that says something is told to the session of its issue, once, and is ignored where there is none', async () => {
    const receiver = await startReceiver()
    const none = { status: 'ignored', reason: 'no session stands for acme/shop#7' }
    expect((await deliver(receiver, 'issue_comment', saying('/dev say go on'))).json).toMatchObject(none)
    await deliver(receiver, 'issues', labeled)
    const said = await deliver(receiver, 'issue_comment', saying('/dev say go on\r\nplease'), 'd-1')
    const { job_id: id } = said.json as { job_id: string }
    expect(said).toMatchObject({ status: 202 })
    expect(await receiver.spool.find(parseJobId(id) ?? fail())).toMatchObject({
      job: { action: 'send', project_name: 'shop-7', text: 'go on\r\nplease' },
      origin: { kind: 'github', subject: 'acme/shop#7', sender: 'ann' },
    })
    const again = (await deliver(receiver, 'issue_comment', saying('/dev say go on\r\nplease'), 'd-1')).json
    expect(again).toMatchObject({ status: 'duplicate', job_id: id })
  })

  test('that says something, of a stranger, with an escape, or of another repository’s issue, is ignored', async () => {
    const receiver = await startReceiver()
    await deliver(receiver, 'issues', labeled)
    const other = { ...repository, full_name: 'evil/shop' }
    for (const [payload, reason] of [
      [saying('/dev say go on', repository, 'NONE'), /may not do this/],
      [saying('/dev say \u001b[201~\rrm -rf ~'), /text: has the control character/],
      [saying('/dev say go on', other), /the session of that name is about acme\/shop#7/],
    ] as const) {
      const { json } = await deliver(receiver, 'issue_comment', payload)
      expect(json).toMatchObject({ status: 'ignored' })
      expect((json as { reason: string }).reason).toMatch(reason)
    }
    expect(await receiver.inbox()).toHaveLength(1)
  })

  test('whose job failed is a new attempt', async () => {
    const receiver = await startReceiver()
    const { job_id: first } = (await deliver(receiver, 'issues', labeled, 'd-1')).json as { job_id: string }
    const claim = await receiver.spool.claim(`${first}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    const finished = { finished_at: new Date().toISOString(), error: { message: 'no network' } }
    await receiver.spool.settle(claim.record, { status: 'failed', ...finished })
    const second = (await deliver(receiver, 'issues', labeled, 'd-1')).json as { job_id: string }
    expect(second).toMatchObject({ status: 'queued' })
    expect(second.job_id).not.toBe(first)
    expect((await deliver(receiver, 'issues', labeled, 'd-1')).json).toMatchObject({ status: 'duplicate' })
  })
})
