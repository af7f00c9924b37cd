import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { postJson } from '../support/http-call.js'
import { commitFiles } from '../support/repositories.js'
import { makeLab, panesOf, sessionNames, type Lab } from './lab.js'

const root = join(import.meta.dirname, '..', '..')
const kills = 10

/** `devorch serve`, ended with the test. One session more than there are jobs would not be allowed. */
async function serve(lab: Lab): Promise<DaemonProcess> {
  const config = lab.settings({ worker: { min_free_memory_mb: 0, max_sessions: kills + 5 } })
  const daemon = await startDaemonProcess({ root, home: lab.home.base, config, environment: lab.environment })
  onTestFinished(() => daemon.stop('SIGKILL'))
  return daemon
}

/** Which folders hold a job file of the project; under whatever name. */
async function whereabouts(lab: Lab, project: string): Promise<string[]> {
  const found: string[] = []
  for (const state of ['inbox', 'active', 'done', 'failed'] as const) {
    for (const name of await readdir(lab.home[state])) {
      const text = await readFile(join(lab.home[state], name), 'utf8')
      if (text.includes(`project_name: ${project}\n`)) found.push(state)
    }
  }
  return found
}

/** Waits until the worker has claimed the job of a project; it may have settled it already. */
async function claimed(lab: Lab, project: string): Promise<void> {
  const names = async () =>
    (await Promise.all((['active', 'done', 'failed'] as const).map((state) => readdir(lab.home[state])))).flat()
  await expect.poll(names, { interval: 1, timeout: 60_000 }).toContainEqual(expect.stringContaining(`-${project}-`))
}

it(
  'whenever the daemon is killed: one session a job, one record in one folder, nothing half-made',
  { timeout: 240_000 },
  async () => {
    const lab = await makeLab()
    const files = Array.from({ length: 200 }, (_, at) => [`src/${at.toString()}.txt`, `${at.toString()}\n`.repeat(100)])
    await commitFiles(lab.repository, Object.fromEntries(files) as Record<string, string>)
    const send = (daemon: DaemonProcess, project: string, prefer: string) =>
      postJson(`${daemon.url}/create-session`, { project_name: project, repo_url: lab.repository }, { prefer })

    let daemon = await serve(lab)
    expect(await send(daemon, 'first', 'wait=20')).toMatchObject({ status: 200 })
    // Of a repository that is known, as those of all that follow.
    const measured = send(daemon, 'measured', 'wait=20')
    await claimed(lab, 'measured')
    const begunMs = performance.now()
    expect(await measured).toMatchObject({ status: 200 })
    const wholeMs = performance.now() - begunMs
    const projects = ['first', 'measured']
    for (let kill = 0; kill < kills; kill += 1) {
      const project = `p${kill.toString()}`
      projects.push(project)
      // On a slow disk a job may be built before the call that brought it is answered.
      const sent = send(daemon, project, 'return=minimal').catch(() => undefined)
      await claimed(lab, project)
      await sleep((wholeMs * kill) / kills)
      await daemon.stop('SIGKILL')
      await sent
      daemon = await serve(lab)
    }
    // Also while calls are answered: what was acknowledged is there, what was not may be.
    const burst = ['q0', 'q1', 'q2'].map(async (project) => {
      const answer = await send(daemon, project, 'return=minimal').catch(() => undefined)
      return answer?.status === 202 ? project : undefined
    })
    await sleep(8)
    await daemon.stop('SIGKILL')
    projects.push(...(await Promise.all(burst)).filter((project) => project !== undefined))
    await serve(lab)

    // One whose call was cut off may be there too.
    await expect.poll(() => readdir(lab.home.inbox), { timeout: 60_000 }).toEqual([])
    await expect.poll(() => readdir(lab.home.active), { timeout: 60_000 }).toEqual([])
    const jobs = await lab.settled(projects.length)
    expect(jobs.map((job) => (job['result'] as { status: string }).status)).toEqual(jobs.map(() => 'created'))
    // Else no kill came while a job was being built.
    expect(jobs.filter((job) => Number(job['attempts']) > 1).length).toBeGreaterThan(1)
    for (const project of projects) {
      expect(await whereabouts(lab, project), project).toEqual(['done'])
      expect(await panesOf(lab, `${project}-dev`), project).toHaveLength(4)
      expect((await readdir(join(lab.projects, project))).sort(), project).toEqual([
        '.git',
        'PROGRESS_TRACKER.md',
        'README.md',
        'src',
      ])
      expect(await readdir(join(lab.projects, project, 'src')), project).toHaveLength(200)
    }
    const sessions = await sessionNames(lab)
    expect(new Set(sessions).size).toBe(sessions.length)
    expect(sessions).toHaveLength(jobs.length)
    expect((await readdir(lab.projects)).filter((name) => name.startsWith('.devorch-'))).toEqual([])
    for (const state of ['inbox', 'active', 'failed'] as const)
      expect(await readdir(lab.home[state]), state).toEqual([])
  },
)
