import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { startGitServer, type GitServer } from '../support/git-server.js'
import { makeBareRepository } from '../support/repositories.js'
import { watchSessions, type Watch } from './standing.js'

const exec = promisify(execFile)

/** What the deliveries are signed with, and what other calls log in by. */
export const secret = 'secret-of-the-bench'
export const token = 'token-of-the-bench'

/** Everything that both sides use, in one folder that is removed in the end. */
export interface Place {
  readonly root: string
  readonly socketName: string
  /** DEVORCH_HOME of the daemon. */
  readonly home: string
  readonly projects: string
  readonly environment: Readonly<Record<string, string>>
  readonly server: GitServer
  readonly daemon: DaemonProcess
  readonly watch: Watch
  /** Ends a session with its panes, and waits until it is gone. */
  endSession(name: string): Promise<void>
  close(): Promise<void>
}

/** Content of repositories, by the name under which they are served. */
export type Contents = Readonly<Record<string, Readonly<Record<string, string>>>>

/**
 * Makes it: `copies` repositories of each content, served over HTTP as `/NAME-INDEX.git`; a tmux server that stands
 * already, as it does on a machine that is worked on; a daemon with a home of its own.
 */
export async function makePlace(root: string, contents: Contents, copies: number): Promise<Place> {
  const releases: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const release of releases.splice(0).reverse()) await release()
  }
  try {
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'devorch-bench-')))
    releases.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
    const projects = join(folder, 'projects')
    const home = join(folder, 'home')
    await Promise.all([mkdir(projects), mkdir(home)])
    const environment = {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      HOME: home,
      SHELL: '/bin/sh',
      TERM: 'xterm',
      LANG: 'C.UTF-8',
      TMPDIR: folder,
      TMUX_TMPDIR: folder,
    }
    await makeRepositories(join(folder, 'served'), contents, copies)
    const server = await startGitServer(join(folder, 'served'))
    releases.push(() => server.close())

    const socketName = 'bench'
    const tmux = async (...args: readonly string[]) =>
      (await exec('tmux', ['-L', socketName, '-f', '/dev/null', ...args], { env: environment, timeout: 10_000 })).stdout
    await tmux('new-session', '-d', '-s', 'keeper', 'cat')
    const serverPid = Number(await tmux('display-message', '-p', '#{pid}'))
    releases.push(async () => {
      await tmux('kill-server')
      await gone(serverPid)
    })
    const watch = watchSessions(socketName, 'keeper', environment)
    releases.push(() => watch.close())

    const daemon = await startDaemonProcess({
      root,
      home: join(folder, 'devorch'),
      environment,
      config: {
        projects_dir: projects,
        auth: { github_secrets: [secret], tokens: [token] },
        limits: { requests_per_minute: 0 },
        repositories: { protocols: ['http'], private_addresses: true },
        worker: { min_free_memory_mb: 0 },
        tmux: { socket_name: socketName },
        default_agent: 'cat',
        agents: { cat: { kind: 'command', command: ['cat'] } },
      },
    })
    releases.push(() => daemon.stop())
    return {
      root,
      socketName,
      home: join(folder, 'devorch'),
      projects,
      environment,
      server,
      daemon,
      watch,
      async endSession(name) {
        const panes = (await tmux('list-panes', '-s', '-t', `=${name}:`, '-F', '#{pane_pid}')).trim().split('\n')
        await tmux('kill-session', '-t', `=${name}`)
        for (const pid of panes) await gone(Number(pid))
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function makeRepositories(served: string, contents: Contents, copies: number): Promise<void> {
  for (const [name, files] of Object.entries(contents)) {
    const { bare, work } = await makeBareRepository(join(served, `${name}.git`), files)
    for (let index = 0; index < copies; index += 1) {
      await cp(bare, join(served, `${name}-${index.toString()}.git`), { recursive: true })
    }
    await rm(work, { recursive: true })
  }
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 250; tries += 1) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await sleep(20)
  }
  throw new Error(`the process ${pid.toString()} does not end`)
}
