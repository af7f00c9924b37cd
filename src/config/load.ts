import { join } from 'node:path'
import * as z from 'zod'
import { readBounded } from '../support/files.js'
import { layoutEndings, namedFiles } from '../support/named-files.js'
import type { FieldProblem } from '../support/field-problem.js'
import { keysAt } from '../support/schema-keys.js'
import { nearest } from '../support/text.js'
import { parseYaml } from '../support/yaml-document.js'
import { readCredentials } from './credentials.js'
import { absoluteEntries } from './environment.js'
import { configuredPath, layoutFoldersOf, type Home } from './home.js'
import { configSchema, type Config, type Source } from './schema.js'

/** The configuration in force, or all that is wrong with it. */
export type ConfigResult =
  | {
      readonly ok: true
      readonly config: Config
      readonly file: string
      readonly fileExists: boolean
      readonly sources: ReadonlyMap<string, Source>
    }
  | { readonly ok: false; readonly file: string; readonly problems: readonly FieldProblem[] }

const maxBytes = 1024 * 1024

/**
 * Reads `config.yaml` (or the file that `DEVORCH_CONFIG` names), the overriding variables and systemd's
 * credentials. Paths in the result are absolute.
 */
export async function loadConfig(
  home: Home,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ConfigResult> {
  const named = environment['DEVORCH_CONFIG']
  const file = named === undefined || named === '' ? join(home.base, 'config.yaml') : named
  const read = await readBounded(file, maxBytes)
  const refuse = (message: string, remedy: string): ConfigResult => ({
    ok: false,
    file,
    problems: [{ field: '', message, remedy }],
  })
  switch (read.kind) {
    case 'odd':
      return refuse(`is ${read.what}`, 'make it a plain file')
    case 'too-large':
      return refuse('is larger than 1 MiB', 'shorten it')
    case 'missing':
      if (file === named) return refuse('does not exist', 'correct DEVORCH_CONFIG')
      break
    case 'file':
      break
  }
  const bytes = read.kind === 'file' ? read.bytes : new Uint8Array()
  const schema = z.preprocess((value) => value ?? {}, configSchema)
  const parsed = parseYaml(bytes, schema, (path) => keysAt(configSchema, path))
  if (!parsed.ok) return { ok: false, file, problems: parsed.problems }

  const sources = new Map<string, Source>()
  markSources(parsed.value, parsed.document.toJS() as unknown, '', sources)
  const config = withDefaultAgent(parsed.value)
  const problems = [
    ...applyEnvironment(config, environment, sources),
    ...(await readCredentials(config, environment['CREDENTIALS_DIRECTORY'], sources)),
    ...checkReferences(config),
    ...(await checkLayout(config, home)),
  ]
  if (problems.length > 0) return { ok: false, file, problems }
  return { ok: true, config: absolutePaths(config, home), file, fileExists: read.kind === 'file', sources }
}

/** `claude` is always known as an agent; a configuration that names it changes only what it mentions. */
function withDefaultAgent(config: Config): Config {
  if (config.agents['claude'] !== undefined) return config
  const agents = configSchema.shape.agents.parse({ claude: { kind: 'claude' } })
  return { ...config, agents: { ...agents, ...config.agents } }
}

function applyEnvironment(
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  sources: Map<string, Source>,
): FieldProblem[] {
  const host = environment['DEVORCH_HOST']
  if (host !== undefined && host !== '') {
    config.server.host = host
    sources.set('server.host', 'environment')
  }
  const port = environment['DEVORCH_PORT']
  if (port === undefined || port === '') return []
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    return [{ field: 'DEVORCH_PORT', message: 'is not a port', remedy: 'give a number from 0 to 65535' }]
  }
  config.server.port = Number(port)
  sources.set('server.port', 'environment')
  return []
}

function checkReferences(config: Config): FieldProblem[] {
  const problems: FieldProblem[] = []
  if (config.agents[config.default_agent] === undefined) {
    const known = Object.keys(config.agents)
    const [near] = nearest(config.default_agent, known, 1)
    problems.push({
      field: 'default_agent',
      message: `no agent of that name under agents`,
      remedy: `did you mean ${near ?? known.join(', ')}?`,
    })
  }
  // tmux expands formats in a folder's name; see tmux/script.ts.
  if (config.projects_dir.includes('#')) {
    problems.push({
      field: 'projects_dir',
      message: 'contains a #, which tmux would expand',
      remedy: 'use another folder',
    })
  }
  return problems
}

async function checkLayout({ layout }: Config, home: Home): Promise<FieldProblem[]> {
  const folders = layoutFoldersOf(home)
  const known = [...(await namedFiles(folders, layoutEndings)).keys()].sort()
  if (known.includes(layout)) return []
  const near = nearest(layout, known)
  const remedy = `use ${(near.length > 0 ? near : known).join(', ')}, or add a file to ${home.layouts}`
  return [{ field: 'layout', message: 'there is no such layout', remedy }]
}

function absolutePaths(config: Config, home: Home): Config {
  const absolute = (path: string) => configuredPath(path, home)
  return {
    ...config,
    projects_dir: absolute(config.projects_dir),
    templates_dirs: config.templates_dirs.map(absolute),
    repositories: {
      ...config.repositories,
      credentials: Object.fromEntries(
        Object.entries(config.repositories.credentials).map(([host, entry]) => [
          host,
          'token_file' in entry
            ? { token_file: absolute(entry.token_file) }
            : { ssh_key: absolute(entry.ssh_key), known_hosts: absolute(entry.known_hosts) },
        ]),
      ),
      environment: Object.fromEntries(
        Object.entries(config.repositories.environment).map(([pattern, entries]) => [
          pattern,
          absoluteEntries(entries, absolute),
        ]),
      ),
    },
    environment: absoluteEntries(config.environment, absolute),
    agents: Object.fromEntries(
      Object.entries(config.agents).map(([name, agent]) => [
        name,
        { ...agent, environment: absoluteEntries(agent.environment, absolute) },
      ]),
    ),
    github: {
      ...config.github,
      rules: config.github.rules === 'default' ? 'default' : absolute(config.github.rules),
      token_file: config.github.token_file === null ? null : absolute(config.github.token_file),
    },
  }
}

/** Notes for every leaf whether the file gave it. */
function markSources(value: unknown, given: unknown, path: string, sources: Map<string, Source>): void {
  if (isRecord(value) && Object.keys(value).length > 0) {
    for (const [key, child] of Object.entries(value)) {
      markSources(child, isRecord(given) ? given[key] : undefined, path === '' ? key : `${path}.${key}`, sources)
    }
    return
  }
  sources.set(path, given === undefined ? 'default' : 'file')
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
