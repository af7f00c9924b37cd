import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from '../support/repositories.js'
import type { Client } from './client.js'
import type { Place } from './place.js'

/** How the files of one sender's wish must end. */
export interface Wish {
  /** A text that stands in each file of it, and in no other. */
  readonly marker: string
  /** `result.status` of its records, in the order of their ids; `raw`: a file that was no job, beside its reason. */
  readonly ends: readonly string[]
}

/** Something that people do with the daemon, so short that it can be done hundreds of times. */
export interface Scenario {
  readonly name: string
  /** What is there before the first start. */
  prepare?(place: Place): Promise<void>
  /** Begun anew after each start. */
  drive(client: Client): Promise<void>
  readonly wishes: readonly Wish[]
  /** The projects that have a session in the end. */
  readonly sessions: readonly string[]
  /** The working copies that are there in the end, with or without a session. */
  readonly projects: readonly string[]
  /** The projects whose session was removed: working copy, record and files are in the trash, whole and once. */
  readonly trash?: readonly string[]
  /** Of a project, how often a session was asked for; 1 where nothing is said. */
  readonly starts?: Readonly<Record<string, number>>
}

const putBackId = '20261122T100000000Z-again-0123456789abcdef'

export const scenarios: readonly Scenario[] = [
  {
    name: 'calls',
    async drive(client) {
      const { ground } = client.place
      const posted = await client.post('key-1', { project_name: 'one', repo_url: ground.repository })
      const delivered = await client.deliver('delivery-1', 7, `${ground.serverUrl}/small.git`)
      await client.settled(posted)
      await client.settled(delivered)
    },
    wishes: [
      { marker: 'key-1', ends: ['created'] },
      { marker: 'delivery-1', ends: ['created'] },
    ],
    sessions: ['one', 'shop-7'],
    projects: ['one', 'shop-7'],
  },
  {
    name: 'files',
    async prepare({ home, ground }) {
      await mkdir(home.failed, { recursive: true, mode: 0o700 })
      const record = {
        project_name: 'again',
        repo_url: ground.repository,
        requirements_summary: 'put-back',
        job_id: putBackId,
        origin: { kind: 'http', trusted: true },
        received_at: '2026-11-22T10:00:00.000Z',
        attempts: 1,
        result: { status: 'failed', finished_at: '2026-11-22T10:00:01.000Z', error: { message: 'the disk was full' } },
      }
      await writeFile(join(home.failed, `${putBackId}.yaml`), `${JSON.stringify(record)}\n...\n`)
    },
    async drive(client) {
      const { repository } = client.place.ground
      const lines = (name: string) =>
        `project_name: ${name}\nrepo_url: ${repository}\nrequirements_summary: file-${name}\n`
      await client.drop('whole.yaml', `# mine\n${lines('whole')}...\n`)
      await client.drop('open.yaml', lines('open'))
      await client.drop('wrong.yaml', 'project: marker-of-wrong\n...\n')
      await client.putBack(putBackId)
      await client.idle(4)
    },
    wishes: [
      { marker: 'file-whole', ends: ['created'] },
      { marker: 'file-open', ends: ['created'] },
      { marker: 'marker-of-wrong', ends: ['raw'] },
      { marker: 'put-back', ends: ['created'] },
    ],
    sessions: ['again', 'open', 'whole'],
    projects: ['again', 'open', 'whole'],
  },
  {
    name: 'contents',
    async prepare({ projects, ground }) {
      await git(projects, 'clone', '--quiet', '--template=', ground.repository, 'standing')
    },
    async drive(client) {
      const { repository, serverUrl, trackerUrl } = client.place.ground
      const fresh = { project_name: 'fresh', repo_url: `${serverUrl}/empty.git`, template_hint: 'node-cli' }
      const first = await client.post('key-1', { ...fresh, tracker: '# Tracker\n\nGiven along.\n' })
      const there = { project_name: 'standing', repo_url: repository, tracker_url: trackerUrl }
      const second = await client.post('key-2', there)
      await client.settled(first)
      await client.settled(second)
    },
    wishes: [
      { marker: 'key-1', ends: ['created'] },
      { marker: 'key-2', ends: ['created'] },
    ],
    sessions: ['fresh', 'standing'],
    projects: ['fresh', 'standing'],
  },
  {
    name: 'retries',
    async drive(client) {
      const flaky = await client.flaky()
      const later = await client.post('key-1', { project_name: 'later', repo_url: flaky })
      const branchless = { project_name: 'branchless', repo_url: client.place.ground.repository, branch: 'nowhere' }
      const failed = await client.post('key-2', branchless)
      await client.settled(failed)
      await client.settled(await client.retry(failed))
      await client.settled(later)
    },
    wishes: [
      { marker: 'key-1', ends: ['created'] },
      { marker: 'key-2', ends: ['failed', 'failed'] },
    ],
    sessions: ['later'],
    projects: ['later'],
  },
  {
    name: 'endings',
    async drive(client) {
      const { repository, serverUrl } = client.place.ground
      const hanging = await client.post('key-1', { project_name: 'never', repo_url: `${serverUrl}/hangs/small.git` })
      const kept = await client.post('key-2', { project_name: 'kept', repo_url: repository })
      const ended = await client.post('key-3', { project_name: 'ended', repo_url: repository })
      await client.begun(hanging)
      await client.cancel(hanging)
      await client.settled(kept)
      const restart = await client.post('key-4', { project_name: 'kept', action: 'restart' })
      await client.settled(ended)
      const destroy = await client.post('key-5', { project_name: 'ended', action: 'destroy' })
      await client.settled(restart)
      await client.settled(destroy)
      await client.settled(hanging)
    },
    wishes: [
      { marker: 'key-1', ends: ['cancelled'] },
      { marker: 'key-2', ends: ['created'] },
      { marker: 'key-3', ends: ['created'] },
      { marker: 'key-4', ends: ['restarted'] },
      { marker: 'key-5', ends: ['destroyed'] },
    ],
    sessions: ['kept'],
    projects: ['kept'],
    trash: ['ended'],
    starts: { kept: 2 },
  },
  {
    name: 'slow clone',
    async drive(client) {
      const { serverUrl } = client.place.ground
      const slow = await client.post('key-1', { project_name: 'slow', repo_url: `${serverUrl}/slow/small.git` })
      await client.settled(slow)
    },
    wishes: [{ marker: 'key-1', ends: ['created'] }],
    sessions: ['slow'],
    projects: ['slow'],
  },
]
