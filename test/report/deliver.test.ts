import { join } from 'node:path'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { createComments, type Comments } from '../../src/report/comments.js'
import { deliver } from '../../src/report/deliver.js'
import { createReports, newReport, type Report, type Reports } from '../../src/report/records.js'
import type { Said } from '../../src/report/say.js'
import { githubApi, githubToken, type Fault, type GithubApi } from '../support/github-api.js'
import { temporaryFolder } from '../support/temporary.js'

const issue = { owner: 'acme', repo: 'shop', number: 7 }
const queued: Said = { kind: 'queued', text: 'Queued.', isFinal: false }
const ready: Said = { kind: 'ready', text: 'Ready.', isFinal: false }

interface Place {
  readonly api: GithubApi
  readonly reports: Reports
  readonly comments: Comments
  /** As a daemon does that has just started: what is known is what stands on disk. */
  say(said: Said): ReturnType<typeof deliver>
}

async function makePlace(): Promise<Place> {
  const api = await githubApi()
  const reports = createReports(join(await temporaryFolder(), 'reports'))
  const about = { subject: 'acme/shop#7', api_url: api.url, project: 'shop-7', job_id: 'j' }
  await reports.write(newReport(about))
  const comments = clientFor(api.url)
  return {
    api,
    reports,
    comments,
    async say(said) {
      const report = await reports.read(api.url, 'acme/shop#7')
      if (report === undefined) throw new Error('no report')
      return await deliver(report, issue, said, { comments, reports, now: () => new Date() })
    },
  }
}

function clientFor(apiUrl: string): Comments {
  const signal = new AbortController().signal
  return createComments({ apiUrl, token: githubToken, signal, timeoutMs: 1000 })
}

const stored = async ({ reports, api }: Place): Promise<Report | undefined> => reports.read(api.url, 'ACME/shop#7')

test('a comment is created once and edited from then on', async () => {
  const place = await makePlace()
  expect(await place.say(queued)).toMatchObject({ trouble: undefined, report: { comment_id: 1001, said: 'queued' } })
  expect(await place.say(ready)).toMatchObject({ trouble: undefined, report: { comment_id: 1001, said: 'ready' } })
  expect(place.api.calls.map(({ line }) => line)).toEqual([
    'POST /repos/acme/shop/issues/7/comments',
    'PATCH /repos/acme/shop/issues/comments/1001',
  ])
  expect(place.api.comments).toMatchObject([{ body: expect.stringMatching(/^<!-- .* -->\nReady\.\n$/) as string }])
  expect(await stored(place)).toMatchObject({ comment_id: 1001, said: 'ready', gone: false })
})

const uncertain: readonly [string, Fault, number][] = [
  ['was cut off after it was carried out', { kind: 'lost' }, 1],
  ['did not come in time, though it was carried out', { kind: 'stall' }, 1],
  ['did not come in time, and it was not carried out', { kind: 'hang' }, 2],
  ['is 500', { kind: 'status', status: 500 }, 2],
  ['is 502', { kind: 'status', status: 502 }, 2],
  ['is no comment', { kind: 'odd', body: '[]' }, 2],
  ['is no JSON', { kind: 'odd', body: '<html>' }, 2],
]

test.each(uncertain)('where the answer to the post %s, there is one comment in the end', async (_, fault, posts) => {
  const place = await makePlace()
  // Somebody else's, and a copy of ours that came later.
  place.api.comments.push({ id: 1, issue: 'acme/shop#7', body: 'me too', updatedAt: new Date() })
  place.api.failWith(fault)
  expect(await place.say(queued)).toMatchObject({ trouble: { kind: 'later' }, report: { comment_id: null } })
  expect(await stored(place)).toMatchObject({ posting_since: expect.any(String) as string, comment_id: null })
  expect(await place.say(ready)).toMatchObject({ trouble: undefined, report: { comment_id: 1001 } })
  expect(place.api.comments).toMatchObject([{ id: 1, body: 'me too' }, { id: 1001 }])
  expect(place.api.comments[1]?.body).toContain('Ready.')
  const lines = place.api.calls.map(({ line }) => line.split(' ')[0])
  expect(lines.filter((method) => method === 'POST')).toHaveLength(posts)
  expect(lines[1]).toBe('GET')
})

test('ours is found behind many others, and before a copy of it', async () => {
  const place = await makePlace()
  const other = (id: number, body: string) => ({ id, issue: 'acme/shop#7', body, updatedAt: new Date() })
  place.api.comments.push(...Array.from({ length: 250 }, (_, at) => other(at + 1, `no. ${at.toString()}`)))
  place.api.failWith({ kind: 'lost' })
  await place.say(queued)
  place.api.comments.push(other(2000, place.api.comments.at(-1)?.body ?? ''))
  expect(await place.say(ready)).toMatchObject({ report: { comment_id: 1001 } })
  expect(place.api.comments).toHaveLength(252)
})

test('where it can not be searched to the end, nothing is posted', async () => {
  const place = await makePlace()
  place.api.failWith({ kind: 'lost' })
  await place.say(queued)
  place.api.comments.splice(0)
  for (let id = 1; id <= 3000; id += 1) {
    place.api.comments.push({ id, issue: 'acme/shop#7', body: 'spam', updatedAt: new Date() })
  }
  expect(await place.say(ready)).toMatchObject({ trouble: { kind: 'refused' } })
  expect(place.api.comments).toHaveLength(3000)
})

test.each([404, 410])('one that a person has deleted (%i) stays away', async (status) => {
  const place = await makePlace()
  await place.say(queued)
  place.api.comments.splice(0)
  if (status !== 404) place.api.failWith({ kind: 'status', status })
  expect(await place.say(ready)).toMatchObject({ trouble: { kind: 'missing' }, report: { gone: true, final: true } })
  expect(await stored(place)).toMatchObject({ gone: true })
  expect(place.api.comments).toEqual([])
})

test.each<[number, Record<string, string>, object]>([
  [403, { 'retry-after': '37' }, { kind: 'later', waitMs: 37_000 }],
  [429, {}, { kind: 'later', waitMs: 60_000 }],
  [403, {}, { kind: 'refused' }],
  [422, {}, { kind: 'refused' }],
  [404, {}, { kind: 'missing' }],
  [410, {}, { kind: 'missing' }],
  [401, {}, { kind: 'later', waitMs: 600_000 }],
  [503, { 'retry-after': '5' }, { kind: 'later', waitMs: 5000 }],
])(
  'a post that is answered %i %j makes nothing, and is not taken for a deleted comment',
  async (status, headers, it) => {
    const place = await makePlace()
    place.api.failWith({ kind: 'status', status, headers })
    expect(await place.say(queued)).toMatchObject({ trouble: it, report: { gone: false, comment_id: null } })
    expect(await place.say(queued)).toMatchObject({ trouble: undefined })
    expect(place.api.comments).toHaveLength(1)
  },
)

test('a redirection to another place does not take the token along', async () => {
  const seen: (string | undefined)[] = []
  const thief = createServer((request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":5}')
  })
  await new Promise<void>((resolve) => thief.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise<void>((done) =>
        thief.close(() => {
          done()
        }),
      ),
  )
  const address = thief.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const place = await makePlace()
  const location = `http://127.0.0.1:${port.toString()}/repos/acme/shop/issues/7/comments`
  place.api.failWith({ kind: 'status', status: 307, headers: { location } })
  await place.say(queued)
  expect(seen).toEqual([undefined])
})

test('GitHub that is not there is waited for, and says so without the token', async () => {
  const place = await makePlace()
  await place.api.down()
  const { trouble } = await place.say(queued)
  expect(trouble).toMatchObject({ kind: 'later', waitMs: undefined })
  expect(JSON.stringify(trouble)).not.toContain(githubToken)
  await place.api.up()
  expect(await place.say(queued)).toMatchObject({ trouble: undefined })
})
