import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createJobNews, type JobNews } from '../../src/daemon/job-news.js'
import { newJobId, type JobId } from '../../src/job/id.js'
import type { Origin } from '../../src/job/job.js'
import type { JobState, JobView } from '../../src/job/record.js'
import { createReports, type Reports } from '../../src/report/records.js'
import { recordedLog } from '../support/recorded-log.js'
import { temporaryFolder } from '../support/temporary.js'

const apiUrl = 'https://api.github.com'
const hourMs = 60 * 60 * 1000

interface Place {
  readonly reports: Reports
  readonly news: JobNews
  /** Puts a job into a folder; gives its id. */
  readonly put: (about: {
    readonly subject?: string
    readonly kind?: Origin['kind']
    readonly action?: 'create' | 'destroy' | 'restart' | 'send'
    readonly repository?: string
    readonly state?: JobState
    readonly ageMs?: number
  }) => JobId
  /** The subjects that a look gives. */
  readonly look: () => Promise<string[]>
}

async function makePlace(): Promise<Place> {
  const jobs = new Map<JobId, JobView>()
  const spool = {
    list: (state: JobState) =>
      Promise.resolve([...jobs.values()].filter((job) => job.state === state).map(({ id }) => id)),
    find: (id: JobId) => Promise.resolve(jobs.get(id)),
  }
  const reports = createReports(join(await temporaryFolder(), 'reports'))
  const news = createJobNews({ spool }, reports, recordedLog([]))
  let made = 0
  return {
    reports,
    news,
    look: async () => (await news.look(apiUrl)).map(({ subject }) => subject),
    put({ subject = 'acme/shop#7', kind = 'github', action = 'create', repository, state = 'queued', ageMs = 0 }) {
      made += 1
      const id = newJobId('shop-7', new Date(Date.now() - ageMs + made))
      const repo_url = repository ?? (action === 'create' ? 'https://github.com/acme/shop.git' : undefined)
      const origin = { kind, subject, address: null, delivery_id: null, sender: 'ann', trusted: false }
      const nothing = { retryOf: undefined, file: undefined, result: undefined, attempts: 0 }
      const job = { project_name: 'shop-7', action, ...(repo_url === undefined ? {} : { repo_url }) }
      jobs.set(id, { id, state, job, origin, receivedAt: new Date().toISOString(), ...nothing })
      return id
    },
  }
}

test.each<[string, Parameters<Place['put']>[0]]>([
  ['came by a call', { kind: 'http' }],
  ['came as a file', { kind: 'file' }],
  ['is about no issue', { subject: 'acme/shop shop' }],
  ['would lead to another address', { subject: 'acme/..#7' }],
  ['is about another server’s', { repository: 'https://gitea.example.com/acme/shop.git' }],
  ['only ends a session of which nothing was told', { action: 'destroy' }],
  ['only speaks to one', { action: 'send' }],
  ['was settled long ago', { state: 'done', ageMs: 25 * hourMs }],
])('a job that %s begins no report', async (_, job) => {
  const place = await makePlace()
  place.put(job)
  expect(await place.look()).toEqual([])
  expect(await place.reports.list()).toEqual([])
})

test('the newest job of an issue is the one that counts, also after a restart', async () => {
  const place = await makePlace()
  place.put({ state: 'done', ageMs: hourMs })
  expect(await place.look()).toEqual(['acme/shop#7'])
  const last = place.put({ action: 'destroy' })
  place.put({ ageMs: 2 * hourMs, state: 'failed' })
  expect(await place.look()).toEqual(['acme/shop#7'])
  const [report] = await place.reports.list()
  expect(report).toMatchObject({ job_id: last, project: 'shop-7' })
  if (report === undefined) throw new Error('no report')
  await place.news.keep({ ...report, final: true })
  expect(await place.look()).toEqual([])
  place.put({})
  expect(await place.look()).toEqual(['acme/shop#7'])
  await place.news.keep({ ...report, gone: true })
  place.put({})
  expect(await place.look()).toEqual([])
})

test('a flood of jobs is read, and its reports are given, a part at a time and all in the end', async () => {
  const place = await makePlace()
  for (let number = 1; number <= 620; number += 1) place.put({ subject: `acme/shop#${number.toString()}` })
  const given = await place.look()
  expect(given).toHaveLength(100)
  expect(await place.reports.list()).toHaveLength(500)
  for (let looks = 0; looks < 7; looks += 1) given.push(...(await place.look()))
  expect(await place.reports.list()).toHaveLength(620)
  expect(new Set(given).size).toBe(620)
})
