import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { assemble } from '../../src/daemon/assemble.js'
import { keepFigures } from '../../src/daemon/keep-figures.js'
import { configSchema } from '../../src/config/schema.js'
import { readFigures } from '../../src/session/figures.js'
import { createAndWait, get, makeLab, type Lab } from './lab.js'
import { recordedLog } from '../support/recorded-log.js'
import { commitFiles } from '../support/repositories.js'

vi.setConfig({ testTimeout: 240_000 })
const waitMs = { timeout: 90_000, interval: 200 }

const viewFields = z.looseObject({
  git: z.looseObject({ at: z.string(), dirty: z.number().nullable(), ahead: z.number().nullable() }).nullable(),
  processes: z.looseObject({ at: z.string(), count: z.number(), cpu: z.number().nullable() }).nullable(),
  disk: z.looseObject({ at: z.string(), bytes: z.number().nullable() }).nullable(),
})

/** A session that stands, made by a daemon that has ended. */
async function withSession(): Promise<Lab> {
  const lab = await makeLab()
  const daemon = await lab.start()
  const answer = await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
  expect(answer).toMatchObject({ status: 200 })
  await daemon.stop(10_000)
  return lab
}

const view = async (daemon: Parameters<typeof get>[0]) =>
  viewFields.parse((await get(daemon, '/sessions/shop-dev')).json)

test('figures of git, processes and disk are kept, follow the work, and outlive the daemon', async () => {
  const lab = await withSession()
  const folder = join(lab.projects, 'shop')
  await writeFile(join(folder, 'large'), Buffer.alloc(3 * 1024 * 1024, 7))
  const daemon = await lab.start()
  await vi.waitFor(async () => {
    const { git, processes, disk } = await view(daemon)
    expect(git).toMatchObject({ branch: 'main', subject: 'Change', ahead: 0, behind: 0 })
    expect(git?.dirty).toBeGreaterThan(0)
    // Four panes.
    expect(processes?.count).toBeGreaterThanOrEqual(4)
    expect(processes).toMatchObject({ memory_bytes: expect.any(Number) as unknown })
    expect(disk?.bytes).toBeGreaterThan(3 * 1024 * 1024)
    expect(disk?.bytes).toBeLessThan(30 * 1024 * 1024)
  }, waitMs)
  const before = await view(daemon)

  await commitFiles(folder, { 'new.txt': 'new\n' })
  // One that left its pane and its terminal, and is busy.
  const busy = "setsid --fork timeout 200 sh -c 'while :; do :; done'; cat"
  await lab.tmux.tmux('new-window', '-d', '-t', '=shop-dev:', busy)
  await vi.waitFor(async () => {
    const { git, processes } = await view(daemon)
    expect(git).toMatchObject({ ahead: 1, dirty: 0 })
    expect(processes?.count).toBeGreaterThan(before.processes?.count ?? Infinity)
    expect(processes?.cpu).toBeGreaterThan(0)
  }, waitMs)
  expect((await get(daemon, '/sessions')).json).toMatchObject({
    sessions: [{ name: 'shop-dev', git: { ahead: 1 } }],
  })

  await daemon.stop(10_000)
  const text = await readFile(join(lab.home.sessions, 'figures.json'), 'utf8')
  expect(JSON.parse(text)).toMatchObject({ sessions: { 'shop-dev': { git: { ahead: 1 }, disk: before.disk } } })
  const panes = await lab.tmux.tmux('list-panes', '-a', '-F', '#{@devorch_job}')
  const again = await lab.start()
  expect(await view(again)).toMatchObject({ git: { ahead: 1 }, disk: before.disk })
  expect(await lab.tmux.tmux('list-panes', '-a', '-F', '#{@devorch_job}')).toBe(panes)
  const removed = await createAndWait(again, { project_name: 'shop', action: 'destroy' })
  expect(removed).toMatchObject({ status: 200 })
})

test('a working copy that is gone has no figures, and harms no other session', async () => {
  const lab = await withSession()
  const first = await lab.start()
  await createAndWait(first, { project_name: 'other', repo_url: lab.repository })
  await first.stop(10_000)
  await rm(join(lab.projects, 'shop'), { recursive: true })
  const damaged = join(lab.home.sessions, 'figures.json')
  await writeFile(damaged, '{"sessions": 7}')
  const daemon = await lab.start()
  await vi.waitFor(async () => {
    const sessions = (await get(daemon, '/sessions')).json
    expect(sessions).toMatchObject({
      sessions: [
        { name: 'other-dev', git: { branch: 'main' } },
        { name: 'shop-dev', git: null, disk: { bytes: null } },
      ],
    })
  }, waitMs)
  expect(lab.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
})

test.each([
  ['one working copy is looked at in a turn while a job runs', true, 1],
  ['all are while none does', false, 3],
])('%s', async (_, hasJobs, count) => {
  const lab = await withSession()
  const maker = await lab.start()
  for (const project of ['other', 'third']) {
    await createAndWait(maker, { project_name: project, repo_url: lab.repository })
  }
  await maker.stop(10_000)
  await rm(join(lab.home.sessions, 'figures.json'), { force: true })
  const log = recordedLog([])
  const workshop = assemble(lab.home, configSchema.parse(lab.settings()), lab.environment, log)
  const keeper = keepFigures(workshop, log, () => hasJobs)
  onTestFinished(keeper.stop)
  // After the first turn of git; the next one comes 10 seconds later.
  await vi.waitFor(async () => {
    expect((await readFigures(lab.home)).size).toBe(3)
  }, waitMs)
  const figures = [...(await readFigures(lab.home)).values()]
  expect(figures.filter(({ git }) => git !== null)).toHaveLength(count)
})

test('where the figures can not be written, the daemon says so once and goes on', async () => {
  const lab = await withSession()
  await rm(join(lab.home.sessions, 'figures.json'), { force: true })
  await mkdir(join(lab.home.sessions, 'figures.json', 'in-the-way'), { recursive: true })
  const daemon = await lab.start()
  const told = () => lab.log.filter(({ message }) => message.includes('figures of the sessions could not be kept'))
  await vi.waitFor(() => {
    expect(told()).toHaveLength(1)
  }, waitMs)
  expect(await view(daemon)).toMatchObject({ git: null })
  await rm(join(lab.home.sessions, 'figures.json'), { recursive: true })
  await vi.waitFor(async () => {
    expect(await view(daemon)).toMatchObject({ git: { branch: 'main' } })
  }, waitMs)
  expect(told()).toHaveLength(1)
})
