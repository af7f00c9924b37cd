import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { homeAt, type Home } from '../../src/config/home.js'
import { configSchema, type Config } from '../../src/config/schema.js'
import { startDaemon, type Daemon } from '../../src/daemon/daemon.js'
import { httpCall, postJson, type Answer } from '../support/http-call.js'
import { jobFileFields } from '../support/job-file.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'
import { makeRepository } from '../support/repositories.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux, type PrivateTmux } from '../support/tmux.js'

/** A place for daemons of the calling test's own: a home, a tmux server, repositories; the agent is `cat`. */
export interface Lab {
  readonly folder: string
  readonly home: Home
  readonly projects: string
  readonly tmux: PrivateTmux
  /** A repository with a README. */
  readonly repository: string
  /** Lines of all daemons that ran here. */
  readonly log: readonly LoggedLine[]
  readonly environment: Readonly<Record<string, string>>
  /** The settings in words of config.yaml, and what the test changes in them. */
  settings(changes?: Record<string, unknown>): Record<string, unknown>
  /** Starts a daemon in this process; the test's end stops it. */
  start(changes?: Record<string, unknown>): Promise<Daemon>
  /** Drops a file into the inbox, as `cp` does. */
  drop(name: string, text: string): Promise<void>
  /** The job files of a folder of the queue, as their fields. */
  jobs(state: 'inbox' | 'active' | 'done' | 'failed'): Promise<Record<string, unknown>[]>
  /** Resolves once as many jobs rest in done/ and failed/ alone: for a moment they are in active/ too. @throws after 60 s */
  settled(count: number): Promise<Record<string, unknown>[]>
}

export async function makeLab(): Promise<Lab> {
  const folder = await temporaryFolder()
  const tmux = privateTmux()
  const home = homeAt(join(folder, 'home'))
  const user = join(folder, 'user')
  const projects = join(folder, 'projects')
  await mkdir(user)
  const repository = await makeRepository(join(folder, 'origin'), { 'README.md': '# Shop\n' })
  const environment = {
    PATH: process.env['PATH'] ?? '',
    TMPDIR: process.env['TMPDIR'] ?? '/tmp',
    TMUX_TMPDIR: process.env['TMUX_TMPDIR'] ?? '/tmp',
    HOME: user,
    LANG: 'C.UTF-8',
  }
  const log: LoggedLine[] = []
  const settings = (changes: Record<string, unknown> = {}) => ({
    server: { port: 0 },
    projects_dir: projects,
    repositories: { protocols: ['file'], private_addresses: true },
    tmux: { socket_name: tmux.socketName },
    agents: { cat: { kind: 'command', command: ['cat'] } },
    default_agent: 'cat',
    inbox: { quiet_ms: 200, rescan_ms: 200 },
    worker: { min_free_memory_mb: 0 },
    ...changes,
  })
  const namesIn = async (state: 'inbox' | 'active' | 'done' | 'failed') =>
    (await readdir(home[state])).filter((name) => /^[^.].*\.yaml$/.test(name)).sort()
  const files = async (state: 'inbox' | 'active' | 'done' | 'failed') => {
    const names = await namesIn(state)
    const texts = await Promise.all(names.map((name) => readFile(join(home[state], name)).catch(() => undefined)))
    return texts.filter((text) => text !== undefined).map(jobFileFields)
  }
  return {
    folder,
    home,
    projects,
    tmux,
    repository,
    log,
    environment,
    settings,
    jobs: files,

    async start(changes) {
      const config: Config = configSchema.parse(settings(changes))
      const daemon = await startDaemon({ home, config, environment, log: recordedLog(log) })
      let stopped = false
      const stop = async (graceMs: number) => {
        if (stopped) return
        stopped = true
        await daemon.stop(graceMs)
      }
      onTestFinished(() => stop(0))
      return { ...daemon, stop }
    },

    async drop(name, text) {
      await mkdir(home.inbox, { recursive: true })
      await writeFile(join(folder, 'upload'), text)
      await rename(join(folder, 'upload'), join(home.inbox, name))
    },

    async settled(count) {
      const deadline = performance.now() + 60_000
      for (;;) {
        const jobs = [...(await files('done')), ...(await files('failed'))]
        if (jobs.length >= count) {
          const ids = [...(await namesIn('done')), ...(await namesIn('failed'))].map((name) =>
            name.replace('.yaml', ''),
          )
          // Hidden ones too: a file that is no job follows its record.
          const active = await readdir(home.active)
          if (!ids.some((id) => active.some((name) => name.includes(id)))) return jobs
        }
        if (performance.now() > deadline)
          throw new Error(`${jobs.length.toString()} of ${count.toString()} jobs settled`)
        await new Promise((done) => setTimeout(done, 30))
      }
    },
  }
}

/** Sends a job and waits for its outcome. */
export function createAndWait(daemon: Pick<Daemon, 'url'>, job: Record<string, unknown>): Promise<Answer> {
  return postJson(`${daemon.url}/create-session`, job, { prefer: 'wait=20' })
}

export function get(daemon: Pick<Daemon, 'url'>, path: string): Promise<Answer> {
  return httpCall(daemon.url + path)
}

/** The panes of a session with the processes in them, as tmux tells them once it knows the folder of each. */
export async function panesOf(lab: Lab, session: string): Promise<string[]> {
  const format = '#{session_id} #{pane_id} #{pane_pid} #{@devorch_role} #{pane_dead} #{pane_current_path}'
  const list = async () =>
    (await lab.tmux.tmux('list-panes', '-s', '-t', `=${session}`, '-F', format)).trim().split('\n')
  await expect.poll(list, { timeout: 10_000 }).not.toContainEqual(expect.stringMatching(/ 0 ?$/))
  return await list()
}

export async function sessionNames(lab: Lab): Promise<string[]> {
  const listed = await lab.tmux.tmux('list-sessions', '-F', '#{session_name}').catch(() => '')
  return listed
    .split('\n')
    .filter((name) => name !== '')
    .sort()
}
