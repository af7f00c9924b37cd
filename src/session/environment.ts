import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { environmentFile } from '../agent/environment.js'
import type { LaunchFile } from '../agent/launch.js'
import { variablesOf, type EnvironmentEntries, type ValueSource } from '../config/environment.js'
import type { Config } from '../config/schema.js'
import type { Layout, PaneRole } from '../layout/layout.js'
import { anyRepository, parseRepository } from '../repo/repository-url.js'
import { readBounded, unlinkIfThere, type BoundedRead } from '../support/files.js'
import { codeOf, Problem } from '../support/problem.js'
import type { SessionTools } from './tools.js'

/** A pane by what it is for in its layout; `none`: the layout gives it no role. */
type PaneKind = PaneRole | 'none'

/** What the configuration gives to the panes of a session. The values are secrets. */
export type PaneEnvironments = ReadonlyMap<PaneKind, Readonly<Record<string, string>>>

/** Of which session the environment is. */
export interface EnvironmentOf {
  /** The repository that it was made for: a job chooses its project's name freely, so that the name earns no secret. */
  readonly repositoryKey: string
  readonly agentName: string
  readonly layout: Layout
}

const maxValueBytes = 64 * 1024
/** execve(2) takes two MiB of arguments and environment, where the stack may have eight. */
const maxPaneBytes = 1024 * 1024
/** Shorter values are words that a log needs. */
const minSecretLength = 8

/**
 * The variables that the configuration gives to the panes of a session, read anew at each call; only the operator decides
 * which. Each pane gets those that are for it, of one name the one of the list that counts most.
 * @throws Problem where a value can't be read
 */
export async function readEnvironments(of: EnvironmentOf, tools: SessionTools): Promise<PaneEnvironments> {
  const lists = listsFor(of, tools.config)
  /** A source is read once, for however many panes and names. */
  const values = new Map<string, Promise<string>>()
  const valueOf = async (name: string, { key, source }: Given): Promise<string | undefined> => {
    if (source === 'own') {
      const own = tools.ownEnvironment[name]
      if (own === undefined) tools.log.warn('a configured variable is not set', { variable: name, key })
      return own
    }
    const place = placeOf(source, tools.ownEnvironment)
    const id = `${place.kind} ${place.name}`
    const value = values.get(id) ?? readValue(name, key, place)
    values.set(id, value)
    return await value
  }
  const environments = await Promise.all(
    kindsIn(of.layout).map(async (kind) => {
      const pairs = await Promise.all(
        [...givenTo(kind, lists)].map(async ([name, given]) => [name, await valueOf(name, given)] as const),
      )
      const set = pairs.flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]]))
      return [kind, boundedPane(kind, set)] as const
    }),
  )
  tools.secrets.add((await Promise.all(values.values())).filter((value) => value.length >= minSecretLength))
  return new Map(environments)
}

/** A list of the configuration that counts for a session. */
interface List {
  readonly key: string
  readonly entries: EnvironmentEntries
  /** For the entries that name none; undefined: all. */
  readonly panes: readonly PaneKind[] | undefined
}

/** Where the value of a variable is, and which key of config.yaml says so. */
interface Given {
  readonly key: string
  readonly source: ValueSource | 'own'
}

/**
 * The lists that count for a session, of one name the later one: for all, for the repositories of an owner, for the
 * repository, for the agent. Pure.
 */
function listsFor({ repositoryKey, agentName }: EnvironmentOf, config: Config): readonly List[] {
  const lists = Object.entries(config.repositories.environment).map(([pattern, entries]) => ({
    key: `repositories.environment."${pattern}"`,
    entries,
    panes: undefined,
    match: matchOf(pattern, repositoryKey),
  }))
  const agent = Object.hasOwn(config.agents, agentName) ? config.agents[agentName] : undefined
  return [
    { key: 'environment', entries: config.environment, panes: undefined },
    ...lists.filter(({ match }) => match === 'owner'),
    ...lists.filter(({ match }) => match === 'repository'),
    ...(agent === undefined
      ? []
      : [{ key: `agents.${agentName}.environment`, entries: agent.environment, panes: ['agent' as const] }]),
  ]
}

/** What a key of `repositories.environment` has to do with a repository. Pure. */
export function matchOf(pattern: string, repositoryKey: string): 'repository' | 'owner' | 'none' {
  const isOwner = pattern.endsWith('/*')
  const written = isOwner ? `${pattern.slice(0, -1)}any` : pattern
  const protocol = /^[^/]*@/.test(written) ? 'ssh' : 'https'
  const parsed = parseRepository(written.startsWith('/') ? written : `${protocol}://${written}`, anyRepository)
  if (!parsed.ok) return 'none'
  const { key } = parsed.repository
  if (!isOwner) return key === repositoryKey ? 'repository' : 'none'
  return key.slice(0, key.lastIndexOf('/')) === repositoryKey.slice(0, repositoryKey.lastIndexOf('/'))
    ? 'owner'
    : 'none'
}

function kindsIn(layout: Layout): readonly PaneKind[] {
  const kinds = layout.windows.flatMap((window) => window.panes.map((pane): PaneKind => pane.role ?? 'none'))
  return [...new Set<PaneKind>(['agent', ...kinds])]
}

/** Of each name what counts most for the panes of a kind. Pure. */
function givenTo(kind: PaneKind, lists: readonly List[]): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>()
  for (const { key, entries, panes } of lists) {
    for (const [name, source] of variablesOf(entries)) {
      const wanted: readonly PaneKind[] | undefined = (source === 'own' ? undefined : source.panes) ?? panes
      if (wanted === undefined || wanted.includes(kind)) given.set(name, { key, source })
    }
  }
  return given
}

function boundedPane(kind: PaneKind, pairs: readonly (readonly [string, string])[]): Readonly<Record<string, string>> {
  const bytes = pairs.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0)
  if (bytes <= maxPaneBytes) return Object.fromEntries(pairs)
  throw new Problem({
    doing: `give the pane ${kind} its environment`,
    because: 'its variables are larger than 1 MiB together, with which no program could be started',
    remedy: 'give it fewer, or the paths of files (environment in config.yaml)',
    field: 'environment',
  })
}

interface Place {
  readonly kind: 'file' | 'credential'
  readonly name: string
  readonly path: string
}

function placeOf(source: ValueSource, environment: SessionTools['ownEnvironment']): Place {
  if ('file' in source) return { kind: 'file', name: source.file, path: source.file }
  const { credential } = source
  return { kind: 'credential', name: credential, path: join(credentialsFolder(environment), credential) }
}

/**
 * Where systemd puts the daemon's credentials. The unit's user may read them there without being told, so that a command
 * of that user gives panes what the daemon would (systemd.exec(5), LoadCredential=; systemd 252).
 */
export function credentialsFolder(environment: SessionTools['ownEnvironment']): string {
  const folder = environment['CREDENTIALS_DIRECTORY'] ?? ''
  return folder === '' ? '/run/credentials/dev-orchestrator.service' : folder
}

/** The text that a variable gets: the file's, without one line's end behind it. @throws Problem, which never shows it */
async function readValue(variable: string, key: string, place: Place): Promise<string> {
  const refuse = (because: string): Problem =>
    new Problem({
      doing: `read the value of ${variable} from ${place.kind === 'file' ? place.name : `the credential ${place.name}`}`,
      because,
      remedy: `correct ${place.kind === 'file' ? 'the file' : 'LoadCredential= of its unit'}, or ${key} in config.yaml`,
      field: `${key}.${variable}`,
    })
  let read: BoundedRead
  try {
    read = await readBounded(place.path, maxValueBytes)
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    throw refuse(`it can not be read (${code})`)
  }
  switch (read.kind) {
    case 'missing':
      throw refuse(place.kind === 'file' ? 'it does not exist' : 'systemd hands none of that name to the daemon')
    case 'odd':
      throw refuse(`it is ${read.what}`)
    case 'too-large':
      throw refuse('it is larger than 64 KiB')
    case 'file':
      break
  }
  const text = decode(read.bytes)
  if (text === undefined) throw refuse('it is not UTF-8 text')
  if (text.includes('\0')) throw refuse('it holds a NUL character')
  return text.replace(/\r?\n$/, '')
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** The files that pane.sh sources, one for each kind of pane that gets anything. */
export function environmentFiles(environments: PaneEnvironments): readonly LaunchFile[] {
  return [...environments].flatMap(([kind, values]) =>
    Object.keys(values).length === 0
      ? []
      : [{ name: `environment-${kind}`, text: environmentFile(values), mode: 0o600 }],
  )
}

/**
 * Removes what the panes of a session are given, also by a layout, and what a killed process left of it: it may be secret.
 * A start makes it anew.
 */
export async function removePaneFiles(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  const given = names.filter((name) => /^\.?(?:pane-\d|environment)/.test(name))
  await Promise.all(given.map((name) => unlinkIfThere(join(folder, name))))
}
