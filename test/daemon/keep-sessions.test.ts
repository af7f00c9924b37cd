import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { lockSession } from '../../src/daemon/lock-session.js'
import { createSpool } from '../../src/job/spool.js'
import { parseSessionName } from '../../src/session/name.js'
import type { Lock } from '../../src/support/lock.js'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { createAndWait, get, makeLab, panesOf, sessionNames, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })

const root = join(import.meta.dirname, '..', '..')
const four = ['agent', 'terminal', 'files', 'apps']
const waitMs = { timeout: 60_000, interval: 50 }

const jobFields = z.looseObject({
  project_name: z.string(),
  action: z.string(),
  job_id: z.string(),
  origin: z.looseObject({ kind: z.string() }),
  result: z.looseObject({ status: z.string(), error: z.looseObject({ message: z.string() }).optional() }).optional(),
})
const recordFields = z.looseObject({
  ended_at: z.string().optional(),
  tmux_server: z.looseObject({ boot_id: z.string(), pid: z.number(), start_time: z.number() }).optional(),
})

/** The jobs that the daemon made for itself, in the order of their ids. */
async function restores(lab: Lab, state: 'inbox' | 'active' | 'done' | 'failed'): Promise<z.infer<typeof jobFields>[]> {
  return (await lab.jobs(state)).map((job) => jobFields.parse(job)).filter((job) => job.action === 'restore')
}

const projectsOf = (jobs: readonly { project_name: string }[]) => jobs.map((job) => job.project_name)

async function recordOf(lab: Lab, project: string): Promise<z.infer<typeof recordFields>> {
  return recordFields.parse(parse(await readFile(join(lab.home.sessions, `${project}-dev.yaml`), 'utf8')))
}

/** Builds sessions with a daemon that has ended when this resolves. */
async function build(lab: Lab, projects: readonly string[]): Promise<void> {
  const daemon = await lab.start()
  for (const project of projects) {
    const answer = await createAndWait(daemon, { project_name: project, repo_url: lab.repository })
    expect(answer).toMatchObject({ status: 200, json: { status: 'success' } })
  }
  await daemon.stop(0)
}

/** Ends the tmux server as a failure does. */
async function killServer(lab: Lab): Promise<void> {
  process.kill(Number(await lab.tmux.tmux('display-message', '-p', '#{pid}')), 'SIGKILL')
  await vi.waitFor(() => expect(lab.tmux.tmux('list-sessions')).rejects.toThrow(), waitMs)
}

/** As if the records had been written before the machine was booted. */
async function reboot(lab: Lab, projects: readonly string[]): Promise<void> {
  await killServer(lab)
  for (const project of projects) {
    const path = join(lab.home.sessions, `${project}-dev.yaml`)
    const text = await readFile(path, 'utf8')
    expect(text).toMatch(/boot_id: [0-9a-f-]{36}\n/)
    await writeFile(path, text.replace(/boot_id: .*/, 'boot_id: 00000000-0000-4000-8000-000000000000'))
  }
}

/** Holds the locks of sessions, so that jobs on them begin and wait. */
async function lockAll(lab: Lab, projects: readonly string[]): Promise<Map<string, Lock>> {
  const locks = new Map<string, Lock>()
  for (const project of projects) {
    const name = parseSessionName(`${project}-dev`)
    const lock = name === undefined ? 'held' : await lockSession(name, lab, { waitMs: 5000 })
    if (lock === 'held') throw new Error(`${project} is locked`)
    locks.set(project, lock)
    onTestFinished(() => lock.release())
  }
  return locks
}

async function expectWhole(lab: Lab, projects: readonly string[]): Promise<void> {
  expect(await sessionNames(lab)).toEqual(projects.map((project) => `${project}-dev`).sort())
  for (const project of projects) {
    const folder = join(lab.projects, project)
    await expect
      .poll(async () => (await panesOf(lab, `${project}-dev`)).map((pane) => pane.split(' ').slice(3)), waitMs)
      .toEqual(four.map((role) => [role, '0', folder]))
  }
}

async function expectStanding(lab: Lab, project: string): Promise<void> {
  const panes = async () => (await panesOf(lab, `${project}-dev`)).map((pane) => pane.split(' ')[3])
  await expect.poll(panes, waitMs).toEqual(four)
}

describe('after a boot', () => {
  it('a session for which a job waits is left to that job', async () => {
    const lab = await makeLab()
    await build(lab, ['shop'])
    await reboot(lab, ['shop'])
    const origin = {
      kind: 'http',
      address: null,
      delivery_id: null,
      subject: null,
      sender: null,
      trusted: true,
    } as const
    await createSpool(lab.home).drop({ project_name: 'shop', action: 'restart' }, origin)
    const locks = await lockAll(lab, ['shop'])
    await lab.start()
    await expect.poll(async () => (await lab.jobs('active')).length, waitMs).toBe(1)
    await locks.get('shop')?.release()
    await lab.settled(2)
    await expectWhole(lab, ['shop'])
    for (const state of ['inbox', 'active', 'done', 'failed'] as const) expect(await restores(lab, state)).toEqual([])
  })

  it('every session comes back with its four panes, in the order of their creation, and its agent at work', async () => {
    const lab = await makeLab()
    const projects = ['zebra', 'mouse', 'ape']
    await build(lab, projects)
    const note = join(lab.projects, 'mouse', 'note.txt')
    await writeFile(note, 'mine\n')
    await reboot(lab, projects)
    const daemon = await lab.start({ worker: { concurrency: 1, max_sessions: 1, min_free_memory_mb: 0 } })
    await lab.settled(6)
    const done = await restores(lab, 'done')
    expect(projectsOf(done)).toEqual(projects)
    expect(done.map((job) => [job.origin.kind, job.result?.status])).toEqual(projects.map(() => ['daemon', 'restored']))
    await expectWhole(lab, projects)
    expect(await readFile(note, 'utf8')).toBe('mine\n')
    for (const project of projects) {
      const answer = await get(daemon, `/sessions/${project}-dev`)
      expect(answer).toMatchObject({ json: { session: 'standing', ended_at: null, agent: { status: 'working' } } })
      const pid = Number(await lab.tmux.tmux('display-message', '-p', '#{pid}'))
      expect((await recordOf(lab, project)).tmux_server?.pid).toBe(pid)
    }
    // A further start finds all as it was noted.
    await daemon.stop(0)
    const before = await panesOf(lab, 'ape-dev')
    await (await lab.start()).stop(0)
    expect(await panesOf(lab, 'ape-dev')).toEqual(before)
    expect([await restores(lab, 'inbox'), await restores(lab, 'active')]).toEqual([[], []])
    expect(await restores(lab, 'done')).toHaveLength(3)
  })

  it('a session that a person had ended stays away, until a restart', async () => {
    const lab = await makeLab()
    await build(lab, ['kept', 'killed'])
    const first = await lab.start()
    await lab.tmux.tmux('kill-session', '-t', '=killed-dev')
    await vi.waitFor(async () => {
      expect((await recordOf(lab, 'killed')).ended_at).toMatch(/Z$/)
    }, waitMs)
    expect(await get(first, '/sessions/killed-dev')).toMatchObject({ json: { session: 'ended' } })
    expect((await recordOf(lab, 'kept')).ended_at).toBeUndefined()
    await first.stop(0)

    await reboot(lab, ['kept', 'killed'])
    const daemon = await lab.start()
    await lab.settled(3)
    expect(projectsOf(await restores(lab, 'done'))).toEqual(['kept'])
    await expectWhole(lab, ['kept'])
    // Nor by a restore that somebody asks for.
    const asked = await createAndWait(daemon, { project_name: 'killed', action: 'restore' })
    expect(asked).toMatchObject({ status: 500 })
    expect((asked.json as { message: string }).message).toMatch(/a person has ended it; .*devorch restart killed-dev/)

    const again = await createAndWait(daemon, { project_name: 'killed', action: 'restart' })
    expect(again).toMatchObject({ status: 200 })
    expect((await recordOf(lab, 'killed')).ended_at).toBeUndefined()
    await expectWhole(lab, ['kept', 'killed'])
  })

  it('nothing comes back by itself where sessions.restore is off', async () => {
    const lab = await makeLab()
    await build(lab, ['shop'])
    await reboot(lab, ['shop'])
    const daemon = await lab.start({ sessions: { restore: false } })
    const lines = () => lab.log.filter((line) => line.message.includes('sessions.restore is off'))
    await vi.waitFor(() => {
      expect(lines()).toHaveLength(1)
    }, waitMs)
    expect(await restores(lab, 'inbox')).toEqual([])
    expect(await get(daemon, '/sessions/shop-dev')).toMatchObject({ json: { session: 'gone', ended_at: null } })
    expect(await sessionNames(lab)).toEqual([])
    await daemon.stop(0)
    // It is still lost, so a daemon that may brings it back.
    await lab.start()
    await lab.settled(2)
    await expectWhole(lab, ['shop'])
  })

  it('what can’t come back fails with the reason, harms nothing and is not tried again and again', async () => {
    const lab = await makeLab()
    await build(lab, ['taken', 'moved', 'agentless', 'well'])
    await reboot(lab, ['taken', 'moved', 'agentless', 'well'])
    await rename(join(lab.projects, 'moved'), join(lab.projects, 'elsewhere'))
    await lab.tmux.tmux('new-session', '-d', '-s', 'taken-dev', 'cat')
    const record = join(lab.home.sessions, 'agentless-dev.yaml')
    await writeFile(record, (await readFile(record, 'utf8')).replace('name: cat', 'name: ghost'))
    const before = await panesOf(lab, 'taken-dev')
    const daemon = await lab.start()
    await lab.settled(8)
    const failed = await restores(lab, 'failed')
    const reasons = Object.fromEntries(failed.map((job) => [job.project_name, job.result?.error?.message ?? '']))
    expect(Object.keys(reasons).sort()).toEqual(['agentless', 'moved', 'taken'])
    expect(reasons['taken']).toMatch(/a tmux session of that name stands which dev-orchestrator did not make/)
    expect(reasons['moved']).toMatch(/its working copy .*moved is gone; put it back and devorch restart moved-dev/)
    expect(reasons['agentless']).toMatch(/no agent is called ghost; put it back under agents in config\.yaml/)
    expect(await panesOf(lab, 'taken-dev')).toEqual(before)
    expect(await sessionNames(lab)).toEqual(['taken-dev', 'well-dev'])
    for (const project of ['taken', 'moved', 'agentless']) {
      expect(await get(daemon, `/sessions/${project}-dev`)).toMatchObject({ json: { session: 'gone' } })
    }
    // Longer than from one look to the next.
    await sleep(12_000)
    expect(await restores(lab, 'failed')).toHaveLength(3)

    await rename(join(lab.projects, 'elsewhere'), join(lab.projects, 'moved'))
    expect(await createAndWait(daemon, { project_name: 'moved', action: 'restore' })).toMatchObject({ status: 200 })
    expect(await sessionNames(lab)).toEqual(['moved-dev', 'taken-dev', 'well-dev'])
  })
})

describe('while the machine is up', () => {
  it('sessions that went with their last server’s last session are taken for ended, once that is sure', async () => {
    const lab = await makeLab()
    await build(lab, ['shop'])
    await lab.tmux.tmux('kill-session', '-t', '=shop-dev')
    await expect.poll(() => lab.tmux.tmux('list-sessions').catch(() => 'none'), waitMs).toBe('none')
    const daemon = await lab.start()
    // Time for the first look, which alone is not enough.
    await sleep(3000)
    expect(await get(daemon, '/sessions/shop-dev')).toMatchObject({ json: { session: 'gone' } })
    await vi.waitFor(async () => {
      expect(await get(daemon, '/sessions/shop-dev')).toMatchObject({ json: { session: 'ended' } })
    }, waitMs)
    await lab.tmux.tmux('new-session', '-d', '-s', 'mine', 'cat')
    await daemon.stop(0)
    await (await lab.start()).stop(0)
    expect(await restores(lab, 'inbox')).toEqual([])
    expect(await sessionNames(lab)).toEqual(['mine'])
  })

  it('sessions whose server failed come back on the next one, and a person’s session there is left alone', async () => {
    const lab = await makeLab()
    await build(lab, ['shop'])
    await killServer(lab)
    await lab.tmux.tmux('new-session', '-d', '-s', 'mine', 'cat')
    const before = await panesOf(lab, 'mine')
    await lab.start()
    await lab.settled(2)
    expect(await restores(lab, 'done')).toMatchObject([{ project_name: 'shop', result: { status: 'restored' } }])
    expect(await sessionNames(lab)).toEqual(['mine', 'shop-dev'])
    expect(await panesOf(lab, 'mine')).toEqual(before)
  })

  it('under systemd it waits for the tmux server, which is another unit’s', async () => {
    const lab = await makeLab()
    await build(lab, ['shop'])
    await reboot(lab, ['shop'])
    const underSystemd = { ...lab.environment, NOTIFY_SOCKET: join(lab.folder, 'notify') }
    const daemon = await serve(lab, 2, underSystemd)
    // Until the first look is over.
    await sleep(2000)
    expect([await restores(lab, 'inbox'), await restores(lab, 'failed')]).toEqual([[], []])
    await lab.tmux.tmux('new-session', '-d', '-s', 'of-the-unit', 'cat')
    await lab.settled(2)
    expect(await sessionNames(lab)).toEqual(['of-the-unit', 'shop-dev'])
    await daemon.stop()
  })
})

const six = ['s1', 's2', 's3', 's4', 's5', 's6']

async function serve(lab: Lab, concurrency: number, environment = lab.environment): Promise<DaemonProcess> {
  const config = lab.settings({ worker: { min_free_memory_mb: 0, concurrency } })
  const daemon = await startDaemonProcess({ root, home: lab.home.base, config, environment })
  onTestFinished(() => daemon.stop('SIGKILL'))
  return daemon
}

describe('where sessions.killed is restore', () => {
  it('a session that was killed comes back each time, and a pane that a person closed stays closed', async () => {
    const lab = await makeLab()
    await build(lab, ['kept', 'shop'])
    const daemon = await lab.start({ sessions: { killed: 'restore' } })
    const agent = (await panesOf(lab, 'kept-dev'))[0]?.split(' ')[1] ?? ''
    await lab.tmux.tmux('kill-pane', '-t', agent)
    const rest = await panesOf(lab, 'kept-dev')
    expect(rest).toHaveLength(3)
    for (const count of [1, 2]) {
      await lab.tmux.tmux('kill-session', '-t', '=shop-dev')
      await vi.waitFor(async () => {
        expect(projectsOf(await restores(lab, 'done'))).toEqual(Array(count).fill('shop'))
      }, waitMs)
      await expectStanding(lab, 'shop')
    }
    expect(await get(daemon, '/sessions/shop-dev')).toMatchObject({ json: { session: 'standing', ended_at: null } })
    expect(await panesOf(lab, 'kept-dev')).toEqual(rest)
    await daemon.stop(0)
    const again = await lab.start({ sessions: { killed: 'restore' } })
    // Until its first look is over.
    await sleep(3000)
    expect(await panesOf(lab, 'kept-dev')).toEqual(rest)
    expect(await get(again, '/sessions/kept-dev')).toMatchObject({ json: { agent: { status: 'exited' } } })
    expect(await restores(lab, 'done')).toHaveLength(2)
  })
})

describe('many sessions', () => {
  it('come back at most `worker.concurrency` at once, the oldest first', async () => {
    const lab = await makeLab()
    await build(lab, six)
    await reboot(lab, six)
    const locks = await lockAll(lab, six)
    await lab.start({ worker: { concurrency: 2, min_free_memory_mb: 0 } })
    for (let begun = 0; begun < six.length; begun += 1) {
      const expected = six.slice(begun, begun + 2)
      await vi.waitFor(async () => {
        expect(projectsOf(await restores(lab, 'active'))).toEqual(expected)
        expect(projectsOf(await restores(lab, 'inbox'))).toEqual(six.slice(begun + 2))
      }, waitMs)
      // Time in which a further one would begin.
      await sleep(300)
      expect(projectsOf(await restores(lab, 'active'))).toEqual(expected)
      expect(projectsOf(await restores(lab, 'inbox'))).toEqual(six.slice(begun + 2))
      await locks.get(six[begun] ?? '')?.release()
      locks.delete(six[begun] ?? '')
    }
    await lab.settled(12)
    expect((await restores(lab, 'done')).map((job) => job.result?.status)).toEqual(six.map(() => 'restored'))
    await expectWhole(lab, six)
  })

  it('come back once each, also where the daemon is killed in between', async () => {
    const lab = await makeLab()
    await build(lab, six)
    await reboot(lab, six)
    const locks = await lockAll(lab, six)
    const isUnderWay = async (done: readonly string[], active: readonly string[]) => {
      expect(projectsOf(await restores(lab, 'done'))).toEqual(done)
      expect(projectsOf(await restores(lab, 'active'))).toEqual(active)
    }
    const first = await serve(lab, 2)
    await vi.waitFor(() => isUnderWay([], ['s1', 's2']), waitMs)
    await locks.get('s1')?.release()
    await vi.waitFor(() => isUnderWay(['s1'], ['s2', 's3']), waitMs)
    await first.stop('SIGKILL')
    const before = await panesOf(lab, 's1-dev')

    await serve(lab, 2)
    // Until its first look at the sessions is over.
    await sleep(2000)
    await isUnderWay(['s1'], ['s2', 's3'])
    for (const project of six.slice(1)) await locks.get(project)?.release()
    await lab.settled(12)
    await expectWhole(lab, six)
    const done = await restores(lab, 'done')
    expect(done.map((job) => [job.project_name, job.result?.status])).toEqual(six.map((one) => [one, 'restored']))
    expect(await panesOf(lab, 's1-dev')).toEqual(before)
    for (const state of ['inbox', 'active', 'failed'] as const) expect(await restores(lab, state), state).toEqual([])
  })

  it('come back whole, whenever the daemon is killed', async () => {
    const lab = await makeLab()
    await build(lab, six)
    await reboot(lab, six)
    for (const count of [1, 3]) {
      const daemon = await serve(lab, 2)
      await vi.waitFor(async () => {
        expect((await restores(lab, 'done')).length).toBeGreaterThanOrEqual(count)
      }, waitMs)
      await daemon.stop('SIGKILL')
    }
    const early = projectsOf(await restores(lab, 'done'))
    const before = await Promise.all(early.map((project) => panesOf(lab, `${project}-dev`)))
    await serve(lab, 2)
    await lab.settled(12)
    await expectWhole(lab, six)
    const done = await restores(lab, 'done')
    // One whose job was cut off after its session stood is found standing by its next attempt.
    expect([...new Set(projectsOf(done))].sort()).toEqual(six)
    const restored = projectsOf(done.filter((job) => job.result?.status === 'restored'))
    expect(new Set(restored).size).toBe(restored.length)
    expect(done.every((job) => ['restored', 'existing'].includes(job.result?.status ?? ''))).toBe(true)
    expect(await Promise.all(early.map((project) => panesOf(lab, `${project}-dev`)))).toEqual(before)
    expect(await restores(lab, 'failed')).toEqual([])
  })
})
