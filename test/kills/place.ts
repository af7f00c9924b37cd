import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { homeAt, type Home } from '../../src/config/home.js'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { startGitServer } from '../support/git-server.js'
import { git, makeBareRepository } from '../support/repositories.js'

const exec = promisify(execFile)

/** What the deliveries are signed with, and what other calls log in by. */
export const secret = 'secret-of-the-faults'
export const token = 'token-of-the-faults'

/** What all rounds use: repositories and their server, a tracker's address, an agent. */
export interface Ground {
  /** The root of the checkout. */
  readonly root: string
  readonly folder: string
  /** A repository with two files, as a folder. */
  readonly repository: string
  readonly commit: string
  /** The server's: `/small.git`, `/empty.git`, `/slow/small.git`, `/hangs/small.git`, `/flaky/NAME.git`. */
  readonly serverUrl: string
  readonly trackerUrl: string
  readonly agent: string
  /** Serves the repository as `/flaky/NAME.git` from the second call on; the first finds the server out of order. */
  addFlaky(name: string): Promise<string>
  close(): Promise<void>
}

const slowMs = 700

export async function makeGround(root: string): Promise<Ground> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'devorch-faults-')))
  const served = join(folder, 'served')
  for (const name of ['slow', 'hangs', 'flaky']) await mkdir(join(served, name), { recursive: true })
  const files = { 'README.md': '# Shop\n', 'src/cart.txt': 'apples\n'.repeat(50) }
  const { bare, work } = await makeBareRepository(join(served, 'small.git'), files)
  await makeBareRepository(join(served, 'empty.git'))
  for (const name of ['slow', 'hangs']) await symlink(bare, join(served, name, 'small.git'))
  const asked = new Set<string>()
  const server = await startGitServer(served, {
    async gate(path) {
      if (path.startsWith('/hangs/')) return await new Promise<never>(() => undefined)
      if (path.startsWith('/slow/') && path.endsWith('/git-upload-pack')) await sleep(slowMs)
      const flaky = /^\/flaky\/[^/]+/.exec(path)?.[0]
      if (flaky === undefined || asked.has(flaky)) return true
      asked.add(flaky)
      return false
    },
  })
  const trackers = createServer((_request, response) => response.end('# Tracker\n\nFrom an address.\n'))
  await new Promise<void>((done) => trackers.listen(0, '127.0.0.1', done))
  const agent = join(folder, 'agent.sh')
  // Of each start: in which working copy, and in which session of which tmux server.
  await writeFile(agent, '#!/bin/sh\nprintf "%s %s\\n" "${PWD##*/}" "${TMUX#*,}" >>"$1"\nexec cat\n')
  await chmod(agent, 0o755)
  return {
    root,
    folder,
    repository: work,
    commit: await git(work, 'rev-parse', 'HEAD'),
    serverUrl: server.url,
    trackerUrl: `http://127.0.0.1:${(trackers.address() as AddressInfo).port.toString()}/tracker.md`,
    agent,
    async addFlaky(name) {
      await symlink(bare, join(served, 'flaky', `${name}.git`))
      return `${server.url}/flaky/${name}.git`
    },
    async close() {
      await server.close()
      await new Promise((done) => trackers.close(done))
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}

/** A round's own: home, projects, tmux server. */
export interface Place {
  readonly ground: Ground
  /** `r00012`: always of one length. */
  readonly name: string
  readonly folder: string
  readonly home: Home
  readonly projects: string
  readonly environment: Readonly<Record<string, string>>
  /** The agents' starts, a line each. */
  readonly starts: string
  tmux(...args: readonly string[]): Promise<string>
  /** Starts the daemon; `injected` gives node's options and what they are told. */
  start(injected?: Injected): Promise<DaemonProcess>
}

export interface Injected {
  readonly kill: string
  readonly trace: string
}

const socketName = 'faults'
/** This file, compiled, is .cache/kills/test/kills/place.js. */
const injector = join(import.meta.dirname, 'inject.js')

export async function makePlace(ground: Ground, name: string): Promise<Place> {
  const folder = join(ground.folder, name)
  const user = join(folder, 'user')
  const programs = join(folder, 'programs')
  const projects = join(folder, 'projects')
  for (const one of [user, programs, projects]) await mkdir(one, { recursive: true })
  // ranger takes longer to start than the daemon, and changes nothing.
  await writeFile(join(programs, 'ranger'), '#!/bin/sh\nexec cat\n', { mode: 0o755 })
  const environment = {
    PATH: `${programs}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    HOME: user,
    SHELL: '/bin/sh',
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    TMPDIR: folder,
    TMUX_TMPDIR: folder,
  }
  const home = homeAt(join(folder, 'home'))
  const starts = join(folder, 'starts')
  await writeFile(starts, '')
  return {
    ground,
    name,
    folder,
    home,
    projects,
    environment,
    starts,
    tmux: (...args) => runTmux(environment, args),
    start: (injected) =>
      startDaemonProcess({
        root: ground.root,
        home: home.base,
        environment: {
          ...environment,
          ...(injected && { DEVORCH_FAULTS_KILL: injected.kill, DEVORCH_FAULTS_TRACE: injected.trace }),
        },
        nodeOptions: injected === undefined ? [] : ['--import', injector],
        config: {
          projects_dir: projects,
          auth: { github_secrets: [secret], tokens: [token] },
          repositories: { protocols: ['http', 'file'], private_addresses: true },
          // Two deaths and a server that is out of order once take three attempts; each job can still be done.
          worker: { min_free_memory_mb: 0, attempts: 4 },
          inbox: { quiet_ms: 100, rescan_ms: 200 },
          tmux: { socket_name: socketName },
          default_agent: 'lab',
          watch: 'off',
          agents: { lab: { kind: 'command', command: [ground.agent, starts] } },
        },
      }),
  }
}

/** Ends the place's tmux server with all its panes. */
export async function endSessions(place: Place): Promise<void> {
  const pids = await place.tmux('list-panes', '-a', '-F', '#{pane_pid}').catch(() => '')
  await place.tmux('kill-server').catch(() => undefined)
  for (const pid of pids.split('\n').filter((one) => one !== '')) {
    try {
      process.kill(-Number(pid), 'SIGKILL')
    } catch {
      // ESRCH: it has ended, which is what was wanted.
    }
  }
}

async function runTmux(environment: Readonly<Record<string, string>>, args: readonly string[]): Promise<string> {
  const { stdout } = await exec('tmux', ['-L', socketName, ...args], { env: { ...environment }, timeout: 20_000 })
  return stdout.trimEnd()
}
