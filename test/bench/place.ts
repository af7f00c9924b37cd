import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { startGitServer } from '../support/git-server.js'
import type { Bench } from './row.js'
import { startTmuxServer, type TmuxServer } from './tmux-server.js'

/** What the deliveries are signed with, and what other calls log in by. */
export const secret = 'secret-of-the-bench'
export const token = 'token-of-the-bench'

/** Everything that both sides use to make sessions. */
export interface Place {
  readonly bench: Bench
  readonly tmux: TmuxServer
  readonly daemon: DaemonProcess
  /** DEVORCH_HOME of the daemon. */
  readonly home: string
  readonly projects: string
  /** The address of the repository under a name that was never asked for: to the daemon, one that it has never seen. */
  newUrl(): Promise<string>
}

/**
 * Makes it: the repository served over HTTP on loopback by git's own http-backend, a tmux server, a daemon with a home of its own.
 * @param makeRepository writes a bare repository to the folder it is given
 */
export async function makePlace(bench: Bench, makeRepository: (bare: string) => Promise<unknown>): Promise<Place> {
  const { root, folder, environment, release } = bench
  const [projects, served, home] = [join(folder, 'projects'), join(folder, 'served'), join(folder, 'home')]
  await Promise.all([mkdir(projects), mkdir(served)])
  const bare = join(folder, 'repository.git')
  await makeRepository(bare)
  const server = await startGitServer(served)
  release(() => server.close())
  const tmux = await startTmuxServer(bench)
  const daemon = await startDaemonProcess({ root, home, environment, config: configOf(projects, tmux.socketName) })
  release(() => daemon.stop())
  let addresses = 0
  return {
    bench,
    tmux,
    daemon,
    home,
    projects,
    async newUrl() {
      const name = `repository-${(addresses += 1).toString()}.git`
      await symlink(bare, join(served, name))
      return `${server.url}/${name}`
    },
  }
}

function configOf(projects: string, socketName: string): Record<string, unknown> {
  return {
    projects_dir: projects,
    auth: { github_secrets: [secret], tokens: [token] },
    limits: { requests_per_minute: 0 },
    repositories: { protocols: ['http'], private_addresses: true },
    worker: { min_free_memory_mb: 0 },
    tmux: { socket_name: socketName },
    default_agent: 'cat',
    agents: { cat: { kind: 'command', command: ['cat'] } },
  }
}
