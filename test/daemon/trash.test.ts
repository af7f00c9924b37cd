import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { httpCall } from '../support/http-call.js'
import { fillDisk } from '../faults/place.js'
import { mountTmpfs } from '../support/mount.js'
import { createAndWait, get, makeLab, sessionNames, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })
const waitMs = { timeout: 60_000, interval: 100 }
const dayMs = 24 * 60 * 60 * 1000
const ago = (days: number) => new Date(Date.now() - days * dayMs).toISOString()

async function build(lab: Lab, ...projects: readonly string[]): Promise<void> {
  const daemon = await lab.start()
  for (const project of projects) await createAndWait(daemon, { project_name: project, repo_url: lab.repository })
  await daemon.stop(0)
}

async function change(path: string, from: RegExp, to: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  expect(text).toMatch(from)
  await writeFile(path, text.replace(from, to))
}

const inTrash = async (lab: Lab) =>
  (await readdir(lab.projects))
    .flatMap((name) => /^\.devorch-trash-\w+-(.*)-[0-9a-f]{16}$/.exec(name)?.[1] ?? [])
    .sort()

test('a session that is too old is removed by a job; one with a client, and one that is young, stay', async () => {
  const lab = await makeLab()
  await build(lab, 'old', 'used', 'young')
  for (const project of ['old', 'used']) {
    await change(join(lab.home.sessions, `${project}-dev.yaml`), /created_at: .*/, `created_at: ${ago(31)}`)
  }
  // A pane as a client's terminal.
  const { socketName } = lab.tmux
  await lab.tmux.tmux('new-session', '-d', '-s', 'mine', `env -u TMUX tmux -L ${socketName} attach -t =used-dev`)
  await expect.poll(() => lab.tmux.tmux('list-clients', '-t', '=used-dev'), waitMs).not.toBe('')
  await lab.start({ sessions: { ttl_days: 30 } })
  await expect.poll(() => inTrash(lab), waitMs).toEqual(['old'])
  const jobs = await lab.settled(4)
  expect(jobs.filter((job) => job['action'] === 'destroy')).toMatchObject([
    { project_name: 'old', origin: { kind: 'daemon' }, result: { status: 'destroyed' } },
  ])
  expect(await sessionNames(lab)).toEqual(['mine', 'used-dev', 'young-dev'])
  const [record] = (await readdir(lab.home.trash)).filter((name) => name.endsWith('.yaml'))
  expect(await readFile(join(lab.home.trash, record ?? ''), 'utf8')).toContain('older than sessions.ttl_days (30)')
})

test('a job of the daemon finds that somebody has come back', async () => {
  const lab = await makeLab()
  await build(lab, 'shop')
  await change(join(lab.home.sessions, 'shop-dev.yaml'), /created_at: .*/, `created_at: ${ago(31)}`)
  await mkdir(lab.home.control, { recursive: true })
  await writeFile(join(lab.home.control, 'paused'), '')
  const daemon = await lab.start({ sessions: { ttl_days: 30 } })
  await expect.poll(async () => (await lab.jobs('inbox')).length, waitMs).toBe(1)
  const { socketName } = lab.tmux
  await lab.tmux.tmux('new-session', '-d', '-s', 'mine', `env -u TMUX tmux -L ${socketName} attach -t =shop-dev`)
  await expect.poll(() => lab.tmux.tmux('list-clients', '-t', '=shop-dev'), waitMs).not.toBe('')
  await rm(join(lab.home.control, 'paused'))
  const jobs = await lab.settled(2)
  expect(jobs.find((job) => job['action'] === 'destroy')).toMatchObject({ result: { status: 'existing' } })
  expect(await get(daemon, '/sessions/shop-dev')).toMatchObject({ json: { session: 'standing' } })
})

test('what has been in the trash for too long goes, with what is unsaved in it', async () => {
  const lab = await makeLab()
  await build(lab, 'shop', 'store')
  const first = await lab.start()
  for (const project of ['shop', 'store']) {
    await writeFile(join(lab.projects, project, 'mine.txt'), 'mine')
    const gone = await httpCall(`${first.url}/sessions/${project}-dev`, {
      method: 'DELETE',
      headers: { prefer: 'wait=20' },
    })
    expect(gone).toMatchObject({ status: 200, json: { job: { result: { unsaved: ['1 untracked file'] } } } })
  }
  await first.stop(0)
  const record = (await readdir(lab.home.trash)).find((name) => /-shop-.*\.yaml$/.test(name)) ?? ''
  await change(join(lab.home.trash, record), / at: .*/, ` at: ${ago(15)}`)
  await lab.start()
  await expect.poll(() => inTrash(lab), waitMs).toEqual(['store'])
  await expect.poll(async () => (await readdir(lab.home.trash)).length, waitMs).toBe(2)
  expect(lab.log.filter(({ message }) => message === 'removed a session from the trash')).toMatchObject([
    { level: 'info', fields: { session: 'shop-dev' } },
  ])
})

test('where the disk is short, what holds nothing unsaved goes before its time, the oldest first, and no more', async (context) => {
  const lab = await makeLab()
  await mkdir(lab.projects)
  const refusal = await mountTmpfs(lab.projects, '64m')
  if (refusal !== undefined) context.skip(refusal)
  await build(lab, 'clean', 'dirty')
  const first = await lab.start({ retention: { trash_free_gb: 0 } })
  await writeFile(join(lab.projects, 'dirty', 'mine.txt'), 'mine')
  for (const project of ['dirty', 'clean']) {
    await httpCall(`${first.url}/sessions/${project}-dev`, { method: 'DELETE', headers: { prefer: 'wait=20' } })
  }
  await first.stop(0)
  const second = await lab.start()
  await sleep(1000)
  expect(await inTrash(lab)).toEqual(['clean', 'dirty'])
  await second.stop(0)
  await fillDisk(lab.projects)
  await lab.start()
  await expect.poll(() => inTrash(lab), waitMs).toEqual(['dirty'])
  await expect
    .poll(() => lab.log.map(({ message }) => message), waitMs)
    .toContain('the disk is short; what is in the trash holds unsaved work')
  expect(await inTrash(lab)).toEqual(['dirty'])
})
