import { readdir } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { parseJobId } from '../../../src/job/id.js'
import { httpCall } from '../../support/http-call.js'
import { sign, startReceiver } from '../receiver.js'

const person = { login: 'ann', type: 'User' }
const repository = {
  name: 'shop',
  full_name: 'acme/shop',
  clone_url: 'https://github.com/acme/shop.git',
  description: '',
}
const label = { name: 'dev-session:react-typescript' }
const issue = {
  number: 7,
  title: 'Totals',
  body: 'They are wrong.',
  html_url: 'https://github.com/acme/shop/issues/7',
  state: 'open',
  author_association: 'OWNER',
  user: person,
  labels: [label],
}
const head = { ref: 'totals', repo: repository }
const command = (body: string) => ({ comment: { body, author_association: 'OWNER', user: person }, issue })

/** Deliveries that the default rules make jobs of, as they stand. */
const known: readonly (readonly [event: string, payload: object])[] = [
  ['issues', { action: 'labeled', issue, label }],
  ['issues', { action: 'closed', issue }],
  ['pull_request', { action: 'labeled', pull_request: { ...issue, head }, label }],
  ['pull_request', { action: 'closed', pull_request: { ...issue, head } }],
  ['issue_comment', { action: 'created', ...command('/dev') }],
  ['issue_comment', { action: 'created', ...command('/dev restart') }],
  ['issue_comment', { action: 'created', ...command('/dev stop\nplease') }],
  ['issue_comment', { action: 'created', ...command('/dev say go on\nplease') }],
  ['repository', { action: 'created', organization: { login: 'acme' } }],
]

const oddText = fc.constantFrom(
  ...['', '..', '../../x', '/etc/passwd', '-rf', '--upload-pack=x', '$(id)', '`id`', '{{ subject.title }}', '{% if %}'],
  ...[
    '#{pane_id}',
    'a\u0000b',
    'a\nb',
    '\ud800',
    '\u202e',
    '...',
    '--- x',
    '__proto__',
    'file:///etc',
    'ext::sh -c id',
  ],
  ...['x'.repeat(70), 'x'.repeat(300), '👩‍💻', '/dev', 'dev-session', 'dev-session:', `dev-session:${'x'.repeat(300)}`],
)
const oddObject = fc.constantFrom<unknown>(
  JSON.parse('{"__proto__": {"login": "ann"}, "constructor": {"prototype": {}}}'),
  JSON.parse('{"toString": 1, "length": -1}'),
  Array.from({ length: 300 }, () => label),
)
const value = fc.oneof(
  oddText,
  oddObject,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(0, -1, 7.5, 1e300, 2 ** 53, null, true),
  fc.constantFrom<unknown>(issue, label, person, repository),
)

/** Replaces what stands at a place of a JSON value; the numbers choose the way there. */
function changed(whole: unknown, way: readonly number[], to: (before: unknown) => unknown): unknown {
  const [step, ...rest] = way
  if (step === undefined || typeof whole !== 'object' || whole === null) return to(whole)
  const keys = Object.keys(whole)
  const key = keys[step % keys.length] ?? 'added'
  const part = changed((whole as Record<string, unknown>)[key], rest, to)
  if (Array.isArray(whole)) return whole.map((one: unknown, index) => (index.toString() === key ? part : one))
  return { ...whole, [key]: part }
}

const way = fc.array(fc.nat(40), { minLength: 1, maxLength: 4 })
const changes = fc.array(
  fc.oneof(
    // Another text, which GitHub might well send.
    fc.tuple(way, fc.oneof(oddText, fc.string({ unit: 'binary', maxLength: 40 }))).map(([to, text]) => ({
      way: [...to, 0, 0, 0],
      to: (before: unknown) => (typeof before === 'string' ? text : before),
    })),
    // Anything, or nothing.
    fc.tuple(way, fc.option(value, { nil: undefined })).map(([to, after]) => ({ way: to, to: () => after })),
  ),
  { maxLength: 3 },
)
const deliveries = fc
  .tuple(fc.constantFrom(...known), changes, fc.nat(10_000), fc.constantFrom('shop', 'a.b', 'Ünï'))
  .map(([[event, payload], all, number, name]) => {
    const text = JSON.stringify({ ...payload, repository: { ...repository, name }, sender: person })
    const whole = JSON.parse(text.replaceAll('"number":7', `"number":${number.toString()}`)) as unknown
    return { event, body: JSON.stringify(all.reduce((now, one) => changed(now, one.way, one.to), whole)) }
  })

/** What HTTP allows in a header (RFC 9110, 5.5), without blanks at the ends. */
const headerValue = fc.oneof(
  fc.uuid(),
  fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]{0,80}[\x21-\x7e\x80-\xff])?$/),
  fc.constantFrom('../../x', '/etc/passwd', '.', '%2e%2e%2f', 'x'.repeat(4000), '\u00e9'),
)
const delivery = fc.option(headerValue, { nil: '', freq: 9 })
const key = fc.option(headerValue, { nil: '' })
const otherEvent = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.oneof(headerValue, fc.constantFrom('ping', 'push', 'label', 'issues', '__proto__')) },
)

it('whatever is delivered: an answer, at most one job, and no file elsewhere', { timeout: 120_000 }, async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
  })
  const receiver = await startReceiver()
  const tree = async () =>
    (await readdir(receiver.home.base, { recursive: true })).filter((one) => !one.startsWith('inbox/')).sort()
  const before = await tree()
  const given = { queued: 0, duplicate: 0, ignored: 0, ok: 0, error: 0 }
  await fc.assert(
    fc.asyncProperty(deliveries, delivery, key, otherEvent, async ({ event, body }, id, idempotencyKey, other) => {
      const answer = await httpCall(`${receiver.url}/create-session`, {
        body,
        headers: {
          'content-type': 'application/json',
          'x-github-event': other === '' ? event : other,
          'x-github-delivery': id,
          'idempotency-key': idempotencyKey,
          'x-hub-signature-256': sign(body),
        },
      })
      const { status } = answer.json as { status: keyof typeof given }
      given[status] += 1
      const expected = { queued: 202, duplicate: 200, ignored: 200, ok: 200, error: 400 }
      expect(answer.status, answer.text).toBe(expected[status])
      // A delivery without an id is the only one that is refused.
      if (status === 'error') expect(id).toBe('')
      expect(await receiver.inbox()).toHaveLength(given.queued)
    }),
    { numRuns: 1500 },
  )
  // Else it was not looked at where it matters.
  expect(given.queued).toBeGreaterThan(50)
  expect(given.ignored).toBeGreaterThan(50)
  expect(await tree()).toEqual(before)
  const names = await receiver.inbox()
  expect(names.filter((one) => parseJobId(one.replace(/\.yaml$/, '')) === undefined)).toEqual([])
  for (const one of names) expect(await receiver.spool.claim(one)).toMatchObject({ kind: 'claimed' })
  expect(receiver.log.filter((line) => line.level === 'error')).toEqual([])
  expect(unhandled).toEqual([])
})
