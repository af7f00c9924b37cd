import { mkdir } from 'node:fs/promises'
import { layoutFoldersOf, type Home } from '../config/home.js'
import type { Config } from '../config/schema.js'
import { templateFolders } from '../config/template-folders.js'
import { createInbox, type Inbox } from '../job/inbox.js'
import { createSpool, type Spool } from '../job/spool.js'
import type { Credential, RepositoryTools } from '../repo/tools.js'
import { createRegistry } from '../session/registry.js'
import type { SessionTools } from '../session/tools.js'
import { childEnvironment } from '../support/process.js'
import type { Logger } from '../support/log.js'
import { knownSecrets, type KnownSecrets } from '../support/redact.js'
import type { Catalogue } from '../template/catalogue.js'
import { createTmux } from '../tmux/tmux.js'
import { createControl, type Control } from './control.js'

/**
 * The parts that the daemon and the commands share, put together for one home and configuration. `config` and `tools` are
 * replaced together by `reconfigure`: what is to follow a reload reads them here at each use, a job under way keeps its own.
 */
export interface Workshop {
  readonly home: Home
  config: Config
  readonly spool: Spool
  readonly inbox: Inbox
  readonly control: Control
  tools: SessionTools
}

/** Makes the folders that are missing, each for this user alone; the inbox keeps the mode it has. */
export async function makeFolders(home: Home): Promise<void> {
  await mkdir(home.inbox, { recursive: true })
  const { active, done, failed, sessions, mirrors, trash, reports, control, logs } = home
  for (const folder of [active, done, failed, sessions, mirrors, trash, reports, control, logs]) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  }
}

export function assemble(
  home: Home,
  config: Config,
  ownEnvironment: Readonly<Record<string, string | undefined>>,
  log: Logger,
  secrets: KnownSecrets = knownSecrets(),
): Workshop {
  const workshop: Workshop = {
    home,
    config,
    spool: createSpool(home),
    inbox: createInbox({
      folder: home.inbox,
      get quietMs() {
        return workshop.config.inbox.quiet_ms
      },
      get requireEndMarker() {
        return workshop.config.inbox.require_end_marker
      },
      monotonicMs: () => performance.now(),
    }),
    control: createControl(home.control),
    tools: sessionTools(home, config, ownEnvironment, log, secrets),
  }
  return workshop
}

/** Puts another configuration in force for what begins from now on. */
export function reconfigure(workshop: Workshop, config: Config): void {
  const { home, ownEnvironment, log, secrets } = workshop.tools
  workshop.tools = sessionTools(home, config, ownEnvironment, log, secrets)
  workshop.config = config
}

function sessionTools(
  home: Home,
  config: Config,
  ownEnvironment: Readonly<Record<string, string | undefined>>,
  log: Logger,
  secrets: KnownSecrets,
): SessionTools {
  const environment = childEnvironment(ownEnvironment)
  const tmux = createTmux({
    socketName: config.tmux.socket_name,
    environment,
    // NOTIFY_SOCKET is set by systemd for the daemon's unit (sd_notify(3)): there the tmux server is another unit's.
    mayStartServer: ownEnvironment['NOTIFY_SOCKET'] === undefined,
  })
  return {
    config,
    home,
    tmux,
    registry: createRegistry(home.sessions),
    repositories: repositoryTools(home, config, environment),
    layoutFolders: layoutFoldersOf(home),
    loadCatalogue: lateCatalogue(templateFolders(home, config).map(({ folder }) => folder)),
    environment,
    ownEnvironment,
    secrets,
    log,
    now: () => new Date(),
  }
}

/** The catalogue, whose code is loaded at its first use: most commands need none of it. */
function lateCatalogue(folders: readonly string[]): () => Promise<Catalogue> {
  let catalogue: Promise<() => Promise<Catalogue>> | undefined
  return async () => {
    catalogue ??= import('../template/catalogue.js').then(({ createCatalogue }) => createCatalogue(folders))
    return (await catalogue)()
  }
}

/** How repositories are reached, as the configuration says. */
export function repositoryTools(
  home: Home,
  config: Config,
  environment: Readonly<Record<string, string>>,
): RepositoryTools {
  return {
    policy: {
      protocols: config.repositories.protocols,
      hosts: config.repositories.hosts,
      privateAddresses: config.repositories.private_addresses,
    },
    credentials: credentials(config),
    mirrorsFolder: home.mirrors,
    stepTimeoutMs: config.worker.step_timeout_s * 1000,
    environment,
  }
}

function credentials(config: Config): Record<string, Credential> {
  return Object.fromEntries(
    Object.entries(config.repositories.credentials).map(([host, entry]): [string, Credential] => [
      host,
      'token_file' in entry
        ? { kind: 'token', tokenFile: entry.token_file }
        : { kind: 'ssh', keyFile: entry.ssh_key, knownHostsFile: entry.known_hosts },
    ]),
  )
}
