import { readdir } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import { parseJobId } from '../../src/job/id.js'
import { httpCall } from '../support/http-call.js'
import { bearer, job, secrets, sign, startReceiver } from './receiver.js'

/** What HTTP allows in a header (RFC 9110, 5.5), without blanks at the ends. */
const headerValue = fc.stringMatching(/^[\x21-\x7e\x80-\xff]([\x20-\x7e\x80-\xff]{0,40}[\x21-\x7e\x80-\xff])?$/)
const anyText = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }))
const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9._/\\-]{0,70}$/),
  anyText,
  fc.constantFrom('../x', '..', 'a.b', '__proto__'),
)
const field = fc.oneof(anyText, fc.jsonValue({ maxDepth: 3 }), name)

const fields = fc
  .record(
    {
      project_name: name,
      repo_url: fc.oneof(fc.constant(job.repo_url), anyText, fc.webUrl()),
      branch: field,
      template_hint: field,
      requirements_summary: field,
      tracker: field,
      tracker_url: field,
      agent: field,
      layout: field,
      action: fc.oneof(fc.constantFrom('create', 'destroy', 'send', 'restart'), field),
      text: field,
      idempotency_key: field,
      origin: field,
    },
    { requiredKeys: [] },
  )
  .map((value) => Buffer.from(JSON.stringify(value)))
const sound = fc
  .record({ project_name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/), repo_url: fc.constant(job.repo_url) })
  .map((value) => Buffer.from(JSON.stringify(value)))
const body = fc.oneof(
  fields,
  { weight: 3, arbitrary: sound },
  fc.json().map((value) => Buffer.from(value)),
  fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value)),
)

const headers = fc.dictionary(
  fc.constantFrom(
    'authorization',
    'x-hub-signature-256',
    'x-hub-signature',
    'x-github-event',
    'x-github-delivery',
    'x-forwarded-for',
    'idempotency-key',
    'origin',
    'accept',
    'x-http-method-override',
  ),
  fc.oneof(headerValue, fc.constantFrom('sha256=', 'Bearer', 'Basic Og==', 'Basic =', 'ping', '127.0.0.1')),
)
const proof = fc.constantFrom('none', 'token', 'signature')
const type = fc.oneof({ weight: 6, arbitrary: fc.constant('application/json') }, { weight: 1, arbitrary: headerValue })
const path = fc.oneof(
  { weight: 6, arbitrary: fc.constant('/create-session') },
  { weight: 1, arbitrary: fc.stringMatching(/^\/(jobs|sessions|create-session)?[!-~]{0,30}$/) },
)
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH') },
)

it('whatever is called: no defect, no file elsewhere, no job without proof', { timeout: 120_000 }, async () => {
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
  let jobs = 0
  await fc.assert(
    fc.asyncProperty(
      fc.record({ body, headers, proof, type, path, method }),
      async ({ body: bytes, headers: given, proof: how, type: media, path: where, method: verb }) => {
        const shown: Record<string, string> =
          how === 'token' ? bearer : how === 'signature' ? { 'x-hub-signature-256': sign(bytes) } : {}
        const all = { ...given, 'content-type': media, ...shown }
        const answer = await httpCall(receiver.url + where, { method: verb, body: bytes, headers: all })
        expect([200, 202, 400, 401, 404, 405, 413, 415, 422, 501]).toContain(answer.status)
        // Only this one looks for a signature, and then for nothing else.
        const wantsSignature = where.startsWith('/create-session') && 'x-hub-signature-256' in given
        const authorised = how === 'signature' || (how === 'token' && !wantsSignature)
        if (answer.status === 202) {
          jobs += 1
          expect(authorised).toBe(true)
          expect((answer.json as { session_name: string }).session_name).toMatch(/^[A-Za-z0-9_-]+-dev$/)
        }
        if (!authorised && !['/healthz', '/readyz'].includes(where) && verb !== 'OPTIONS') {
          expect(answer.status).toBeGreaterThanOrEqual(400)
        }
        expect(answer.text).not.toContain(secrets.tokens[0])
        expect(await receiver.inbox()).toHaveLength(jobs)
      },
    ),
    { numRuns: 600 },
  )
  expect(jobs).toBeGreaterThan(10)
  expect(await tree()).toEqual(before)
  const names = await receiver.inbox()
  expect(names.filter((one) => parseJobId(one.replace(/\.yaml$/, '')) === undefined)).toEqual([])
  for (const one of names) expect(await receiver.spool.claim(one)).toMatchObject({ kind: 'claimed' })
  expect(receiver.log.filter((line) => line.level === 'error')).toEqual([])
  expect(unhandled).toEqual([])
})
