import { lstat, readdir, readFile, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { homeAt } from '../../config/home.js'
import { packageRoot, packageVersion, programFile } from '../../support/package.js'
import { exists, readBounded } from '../../support/files.js'
import { codeOf, Problem } from '../../support/problem.js'
import { describeFailure } from '../../support/process.js'
import { findGroup, findUser, runAs, unitStates, type UnitState, type User } from './ask.js'
import { fingerprint } from './fingerprint.js'
import { credentialsFolder, isInstalled, readManifest, type Manifest } from './manifest.js'
import { commandPath, dropInPath, groupName, unitFolder, unitNames, type UnitName } from './unit-files.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What stands at a path. `odd`: not what belongs there, and what it is instead. */
export type Standing =
  | { readonly kind: 'missing' }
  | { readonly kind: 'odd'; readonly what: string }
  | { readonly kind: 'text'; readonly text: string }

export type StandingFolder =
  | { readonly kind: 'missing' }
  | { readonly kind: 'odd' }
  | { readonly kind: 'folder'; readonly uid: number; readonly gid: number; readonly mode: number }

/** All that a plan of install is made from. */
export interface InstallFacts {
  readonly user: User
  /** The number of the group that may drop jobs; undefined: there is none yet. */
  readonly groupGid: number | undefined
  readonly program: {
    readonly version: string
    readonly fingerprint: string
    readonly node: string
    readonly main: string
    /** Where a checkout's program is called by another name, its home is the checkout. */
    readonly isCheckout: boolean
  }
  readonly settings: ConfiguredSettings
  readonly base: string
  readonly folders: { readonly base: StandingFolder; readonly inbox: StandingFolder }
  readonly hasConfig: boolean
  /** Of the folder of the projects, as the user finds it. */
  readonly projects: 'usable' | 'missing' | 'closed'
  readonly files: ReadonlyMap<string, Standing>
  /** The names of the credentials that are there. */
  readonly credentials: readonly string[]
  readonly manifest: Manifest | undefined
  readonly shipped: Readonly<Record<UnitName, string>>
  readonly units: Readonly<Record<UnitName, UnitState>>
}

/** What the configuration, as the user's daemon will read it, says of the installation. */
export interface ConfiguredSettings {
  readonly projects: string
  readonly socketName: string
  readonly host: string
  readonly port: number
  readonly publicHost: string | null
}

const maxFileBytes = 256 * 1024
/** systemd.exec(5): emptied at a boot, or by age. */
const passing = /^\/(tmp|var\/tmp|run|dev\/shm)\/|\/_npx\//

/** Looks at the machine; changes nothing. @throws Problem where it can't be installed for that user */
export async function readFacts(
  request: { readonly user: string | undefined; readonly home: string | undefined },
  environment: Environment,
): Promise<InstallFacts> {
  const manifest = await readManifest()
  const user = await wantedUser(request.user ?? manifest?.user, environment)
  if (isInstalled(manifest) && manifest.user !== user.name) {
    const remedy = 'remove that first: devorch uninstall'
    throw new Problem({ doing: 'install', because: `it is installed for ${manifest.user}`, remedy })
  }
  const base = request.home ?? manifest?.home ?? '/var/lib/dev-orchestrator'
  const program = await readProgram(user, environment)
  const settings = await readSettings(user, base, program, environment)
  const home = homeAt(base)
  const unitPaths = Object.values(unitNames).flatMap((unit) => [`${unitFolder}/${unit}`, dropInPath(unit)])
  const paths = [...new Set([commandPath, ...unitPaths, ...Object.keys(manifest?.files ?? {})])]
  return {
    user,
    groupGid: await findGroup(groupName, environment),
    program,
    settings,
    base,
    folders: { base: await lookAtFolder(home.base), inbox: await lookAtFolder(home.inbox) },
    hasConfig: await exists(join(base, 'config.yaml')),
    projects: await lookAtProjects(user, settings.projects, environment),
    files: new Map(await Promise.all(paths.map(async (path) => [path, await lookAtFile(path)] as const))),
    credentials: await credentialNames(),
    manifest,
    shipped: await readShipped(),
    units: await unitStates(environment),
  }
}

async function wantedUser(name: string | undefined, environment: Environment): Promise<User> {
  const refuse = (because: string, remedy: string) => new Problem({ doing: 'install', because, remedy })
  if (name === undefined) {
    throw refuse('it is not said whose sessions they are to be', 'name the user: devorch install --for USER')
  }
  const user = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(name) ? await findUser(name, environment) : undefined
  if (user === undefined) {
    const shown = JSON.stringify(name.slice(0, 60))
    throw refuse(`there is no user ${shown}`, 'name one who is there, or make one: useradd --create-home')
  }
  if (user.uid === 0) throw refuse('agents would run as root', 'name the user whose sessions they are to be')
  if (/\/(nologin|false)$/.test(user.shell)) {
    throw refuse(`${name} has no shell (${user.shell}), in which the sessions would run`, `chsh -s /bin/bash ${name}`)
  }
  const home = await lookAtFolder(user.home)
  if (home.kind !== 'folder' || home.uid !== user.uid) {
    throw refuse(
      `${user.home}, the home of ${name}, is not a folder of that user`,
      `give one: mkhomedir_helper ${name}`,
    )
  }
  return user
}

/** Where this program is, and that the user can run it, now and after a boot. */
async function readProgram(user: User, environment: Environment): Promise<InstallFacts['program']> {
  const [node, main] = [await realpath(process.execPath), programFile('main.js')]
  const refuse = (because: string) =>
    new Problem({
      doing: `install for ${user.name}`,
      because,
      remedy: 'put it where every user can read it and it stays: npm install --global, or a checkout in /opt',
    })
  for (const path of [node, main]) if (passing.test(path)) throw refuse(`${path} is in a folder that is emptied`)
  const tried = await runAs(user, [node, main, '--help'], environment)
  if (tried.ended !== 'exited' || tried.code !== 0) {
    throw refuse(`${user.name} can’t run ${node} ${main}: ${describeFailure(tried)}`)
  }
  return {
    version: await packageVersion(),
    fingerprint: await fingerprint(packageRoot),
    node,
    main,
    isCheckout: await exists(join(packageRoot, 'src', 'main.ts')),
  }
}

const printedConfig = z.object({ settings: z.array(z.object({ key: z.string(), value: z.unknown() })) })

/** Asked of the program as the user: `~` is the user's, and what the daemon can't read must not count. */
async function readSettings(
  user: User,
  base: string,
  program: { readonly node: string; readonly main: string },
  environment: Environment,
): Promise<ConfiguredSettings> {
  const args = [program.node, program.main, '--home', base, 'config', '--json']
  const result = await runAs(user, args, environment)
  if (result.ended !== 'exited' || result.code !== 0) {
    throw new Problem({
      doing: `read the configuration of ${base}`,
      because: result.stderr.trim() || describeFailure(result),
      remedy: 'correct it, then install again',
    })
  }
  const { settings } = printedConfig.parse(JSON.parse(result.stdout))
  const value = (key: string) => settings.find((setting) => setting.key === key)?.value
  return {
    projects: z.string().parse(value('projects_dir')),
    socketName: z.string().parse(value('tmux.socket_name')),
    host: z.string().parse(value('server.host')),
    port: z.number().parse(value('server.port')),
    publicHost: z.string().nullable().parse(value('server.public_host')),
  }
}

async function lookAtProjects(user: User, path: string, environment: Environment): Promise<InstallFacts['projects']> {
  const holds = async (test: string) => {
    const result = await runAs(user, ['test', test, path], environment)
    return result.ended === 'exited' && result.code === 0
  }
  if (!(await exists(path))) return 'missing'
  return (await holds('-d')) && (await holds('-w')) ? 'usable' : 'closed'
}

async function lookAtFolder(path: string): Promise<StandingFolder> {
  try {
    const stats = await lstat(path)
    if (!stats.isDirectory()) return { kind: 'odd' }
    return { kind: 'folder', uid: stats.uid, gid: stats.gid, mode: stats.mode & 0o7777 }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'missing' }
    throw error
  }
}

/** Public for uninstall, which compares too. */
export async function lookAtFile(path: string): Promise<Standing> {
  const read = await readBounded(path, maxFileBytes)
  switch (read.kind) {
    case 'missing':
      return { kind: 'missing' }
    case 'odd':
      return { kind: 'odd', what: read.what }
    case 'too-large':
      return { kind: 'odd', what: 'a large file' }
    case 'file':
      return { kind: 'text', text: read.bytes.toString('utf8') }
  }
}

/** The names that the daemon knows (docs/configuration.md); no file of an editor. */
async function credentialNames(): Promise<string[]> {
  try {
    const names = await readdir(credentialsFolder)
    return names.filter((name) => /^(github-secrets|github-token|tokens|basic|git-[A-Za-z0-9.-]+)$/.test(name)).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

async function readShipped(): Promise<Record<UnitName, string>> {
  const read = (unit: UnitName) => readFile(join(packageRoot, 'systemd', unit), 'utf8')
  const { service, socket, tmux } = unitNames
  return { [service]: await read(service), [socket]: await read(socket), [tmux]: await read(tmux) }
}
