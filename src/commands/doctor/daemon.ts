import { access, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Home } from '../../config/home.js'
import type { ConfigResult } from '../../config/load.js'
import { templateFolders } from '../../config/template-folders.js'
import { refuseOpenAddress } from '../../daemon/listen.js'
import { hasSecrets } from '../../receiver/authenticate.js'
import { formatFieldProblem } from '../../support/field-problem.js'
import { lockFile } from '../../support/lock.js'
import { codeOf, messageOf, Problem } from '../../support/problem.js'
import { childEnvironment } from '../../support/process.js'
import { loadCatalogue, type BrokenTemplate } from '../../template/catalogue.js'
import { fail, ok, warn, type Check } from './check.js'
import type { InstallationFacts } from './installation.js'

type Loaded = Extract<ConfigResult, { ok: true }>

/** What is known of the daemon on a home, and of what it would start with. */
export interface DaemonFacts {
  /** `unknown`: its lock could not be asked. */
  readonly daemon: 'runs' | 'none' | 'unknown'
  /** Why the address can't be listened on; undefined where it can, or where it was not tried. */
  readonly addressTaken: string | undefined
  /** Permission bits of config.yaml; undefined where there is none. */
  readonly configMode: number | undefined
  readonly templates: number
  readonly broken: readonly BrokenTemplate[]
}

/** Looks at the lock, the address, the file and the catalogue. The lock is let go at once where it was free. */
export async function probeDaemon(
  home: Home,
  loaded: Loaded,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DaemonFacts> {
  const { config, file } = loaded
  const daemon = await daemonOn(home, environment)
  const catalogue = await loadCatalogue(templateFolders(home, config).map(({ folder }) => folder))
  return {
    daemon,
    addressTaken: daemon === 'none' ? await addressTaken(config.server) : undefined,
    configMode: await stat(file).then(
      (stats) => stats.mode & 0o777,
      () => undefined,
    ),
    templates: catalogue.templates.size,
    broken: catalogue.broken,
  }
}

/** Judges the configuration file. Pure. */
export function checkConfig(result: ConfigResult, mode: number | undefined): Check[] {
  if (!result.ok) {
    return result.problems.map((problem) =>
      fail(
        'configuration',
        `${result.file}: ${formatFieldProblem({ ...problem, remedy: '' })}`.replace(/; $/, ''),
        problem.remedy,
      ),
    )
  }
  const { auth } = result.config
  if (mode !== undefined && (mode & 0o077) !== 0 && hasSecrets(auth)) {
    return [warn('configuration', `${result.file} holds secrets and others may read it`, `chmod 600 ${result.file}`)]
  }
  return [
    ok('configuration', result.fileExists ? result.file : `${result.file} is not there: every setting has its default`),
  ]
}

/** Judges the rest. Pure. @param installation of this home, where it has one */
export function checkDaemon(facts: DaemonFacts, loaded: Loaded, installation?: InstallationFacts): Check[] {
  const { server } = loaded.config
  const address = `${server.host}:${server.port.toString()}`
  return [
    checkAuthentication(loaded, installation),
    installation === undefined ? checkRunning(facts, address) : checkService(facts),
    facts.broken.length === 0
      ? ok('templates', `${facts.templates.toString()} in the catalogue`)
      : ok('templates', `${facts.templates.toString()} in the catalogue, ${facts.broken.length.toString()} left out`),
    ...facts.broken.map((broken) => warn('templates', `${broken.folder}: ${broken.because}`, broken.remedy)),
  ]
}

function checkRunning(facts: DaemonFacts, address: string): Check {
  switch (facts.daemon) {
    case 'runs':
      return ok('daemon', 'runs on this home')
    case 'none':
      return facts.addressTaken === undefined
        ? ok('daemon', `none runs on this home, and ${address} is free; devorch serve starts it`)
        : fail('daemon', `could not listen on ${address}: ${facts.addressTaken}`, 'set server.port, or DEVORCH_PORT')
    case 'unknown':
      return warn('daemon', 'it can’t be told whether one runs', 'run doctor as the user who runs the daemon')
  }
}

/** The address is systemd's. */
function checkService(facts: DaemonFacts): Check {
  switch (facts.daemon) {
    case 'runs':
      return ok('daemon', 'runs on this home')
    case 'none':
      return fail('daemon', 'none runs on this home', 'sudo systemctl start dev-orchestrator')
    case 'unknown':
      return warn('daemon', 'it can’t be told whether one runs', 'run doctor as the user who runs the daemon')
  }
}

function checkAuthentication({ config }: Loaded, installation: InstallationFacts | undefined): Check {
  const { github_secrets: secrets, tokens, basic } = config.auth
  const credentials = installation?.credentials.map(({ name }) => name).filter((name) => !name.startsWith('git-')) ?? []
  if (credentials.length > 0)
    return ok('authentication', `required, by systemd’s credentials: ${credentials.join(', ')}`)
  if (hasSecrets(config.auth)) {
    const words = [
      `${secrets.length.toString()} webhook secrets`,
      `${tokens.length.toString()} tokens`,
      `${basic.length.toString()} passwords`,
    ]
    return ok('authentication', `required: ${words.join(', ')}`)
  }
  try {
    refuseOpenAddress(config.server.host, false)
    return ok('authentication', 'none is configured: only this user and root, on this machine, are served')
  } catch (error) {
    if (error instanceof Problem) return fail('authentication', error.because, error.remedy)
    throw error
  }
}

async function daemonOn(
  home: Home,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DaemonFacts['daemon']> {
  const path = join(home.control, '.daemon.lock')
  try {
    // Taking a lock makes its file, and doctor changes nothing.
    await access(path)
    const lock = await lockFile(path, { waitMs: 0, environment: childEnvironment(environment) })
    if (lock === 'held') return 'runs'
    await lock.release()
    return 'none'
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'none' : 'unknown'
  }
}

/** Listens for a moment. */
async function addressTaken(address: { readonly host: string; readonly port: number }): Promise<string | undefined> {
  const server = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address.port, address.host, resolve)
    })
    return undefined
  } catch (error) {
    return codeOf(error) === 'EADDRINUSE' ? 'the port is taken' : messageOf(error)
  } finally {
    server.close()
  }
}
