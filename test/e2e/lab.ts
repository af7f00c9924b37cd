import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { childEnvironment } from '../../src/support/process.js'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { startGitServer, type GitServer } from '../support/git-server.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux, type PrivateTmux } from '../support/tmux.js'

const root = join(import.meta.dirname, '..', '..')

const jobAnswer = z.looseObject({
  job_id: z.string(),
  state: z.enum(['queued', 'active', 'done', 'failed']),
  result: z
    .looseObject({
      status: z.string(),
      commit: z.string().nullish(),
      branch: z.string().nullish(),
      reused: z.boolean().optional(),
      template: z
        .looseObject({ id: z.string(), by: z.string(), created: z.array(z.string()), skipped: z.array(z.string()) })
        .optional(),
      tracker: z.looseObject({ from: z.string(), bytes: z.number(), given: z.array(z.string()) }).optional(),
      agent: z.looseObject({ event: z.string() }).optional(),
      error: z.looseObject({ message: z.string() }).optional(),
    })
    .optional(),
})
/** A job, as far as these tests look at it. */
export type JobAnswer = z.infer<typeof jobAnswer>

const sessionAnswer = z.looseObject({
  session: z.string(),
  agent: z.looseObject({
    status: z.string(),
    since: z.iso.datetime().nullable(),
    detail: z.string().optional(),
    until: z.iso.datetime().optional(),
  }),
  panes: z.array(z.looseObject({ id: z.string(), role: z.string() })),
})

export interface LabOptions {
  readonly config?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  /** Headers of every call: an Authorization. */
  readonly headers?: Readonly<Record<string, string>>
}

/** The real daemon as a process of its own, a git server and a private tmux; the calling test's end takes all away. */
export interface Lab {
  readonly folder: string
  /** HOME of the daemon and all that it starts. */
  readonly home: string
  /** DEVORCH_HOME */
  readonly base: string
  readonly projects: string
  /** What lies in here, the git server serves. */
  readonly served: string
  readonly git: GitServer
  readonly daemon: DaemonProcess
  readonly tmux: PrivateTmux
  /** Posts a job's fields as they stand, gives the id of the job. */
  post(body: string, headers?: Readonly<Record<string, string>>): Promise<string>
  /** Posts a job and waits until it rests. */
  build(job: Readonly<Record<string, unknown>>): Promise<JobAnswer>
  settled(id: string): Promise<JobAnswer>
  session(name: string): Promise<z.infer<typeof sessionAnswer> | undefined>
  /** What the pane of that role shows. */
  screen(session: string, role: string): Promise<string>
  /** Waits up to 30 s. @throws with what the agent's pane shows where it is not so by then. */
  until(session: string, what: string, isSo: () => boolean | Promise<boolean>): Promise<void>
}

/** `configure` is told where things are before the daemon starts; `login` is what the git server asks for. */
export async function startLab(
  configure: (place: { readonly folder: string; readonly url: string }) => LabOptions,
  login?: { readonly user: string; readonly password: string },
): Promise<Lab> {
  const folder = await temporaryFolder()
  const home = join(folder, 'home')
  const base = join(folder, 'devorch')
  const projects = join(folder, 'projects')
  const served = join(folder, 'served')
  const temporary = join(folder, 'tmp')
  for (const made of [home, projects, served, temporary]) await mkdir(made, { mode: 0o700 })
  const tmux = privateTmux()
  const git = await startGitServer(served, login === undefined ? {} : { basic: login })
  onTestFinished(() => git.close())
  const options = configure({ folder, url: git.url })
  const daemon = await startDaemonProcess({
    root,
    home: base,
    environment: {
      ...childEnvironment(process.env),
      HOME: home,
      SHELL: '/bin/sh',
      TMPDIR: temporary,
      ...options.environment,
    },
    config: {
      projects_dir: projects,
      limits: { requests_per_minute: 0 },
      repositories: { protocols: ['http'], private_addresses: true },
      worker: { min_free_memory_mb: 0 },
      tmux: { socket_name: tmux.socketName },
      ...options.config,
    },
  })
  onTestFinished(() => daemon.stop())
  const get = async (path: string) => await fetch(`${daemon.url}${path}`, { headers: { ...options.headers } })

  const lab: Lab = {
    folder,
    home,
    base,
    projects,
    served,
    git,
    daemon,
    tmux,
    async post(body, headers = options.headers ?? {}) {
      const response = await fetch(`${daemon.url}/create-session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      })
      const text = await response.text()
      if (response.status !== 202) throw new Error(`${response.status.toString()}: ${text}`)
      return z.looseObject({ job_id: z.string() }).parse(JSON.parse(text)).job_id
    },
    async build(job) {
      return await lab.settled(await lab.post(JSON.stringify(job)))
    },
    async settled(id) {
      for (let tries = 0; tries < 600; tries += 1) {
        const job = jobAnswer.parse(await (await get(`/jobs/${id}`)).json())
        if (job.state === 'done' || job.state === 'failed') return job
        await sleep(50)
      }
      throw new Error(`the job ${id} does not settle:\n${daemon.log()}`)
    },
    async session(name) {
      const response = await get(`/sessions/${name}`)
      return response.status === 404 ? undefined : sessionAnswer.parse(await response.json())
    },
    async screen(session, role) {
      const panes = await tmux.tmux('list-panes', '-s', '-t', `=${session}:`, '-F', '#{pane_id} #{@devorch_role}')
      const pane = panes.split('\n').find((line) => line.endsWith(` ${role}`))
      if (pane === undefined) throw new Error(`${session} has no pane for ${role}`)
      return await tmux.capture(pane.split(' ')[0] ?? '')
    },
    async until(session, what, isSo) {
      const deadline = Date.now() + 30_000
      while (!(await isSo())) {
        if (Date.now() > deadline) {
          const screen = await lab.screen(session, 'agent').catch(String)
          throw new Error(`not within 30 s: ${what}\n${screen}\n${daemon.log()}`)
        }
        await sleep(30)
      }
    },
  }
  return lab
}
