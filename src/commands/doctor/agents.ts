import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { testedClaudeVersion } from '../../agent/claude.js'
import { variablesOf, type EnvironmentEntries } from '../../config/environment.js'
import type { AgentConfig, Config } from '../../config/schema.js'
import { printable } from '../../support/text.js'
import { fail, ok, warn, type Check } from './check.js'
import { askVersion, findProgram, type ProgramFact } from './programs.js'

/** What is known of one configured agent. */
export interface AgentFact {
  readonly name: string
  readonly kind: AgentConfig['kind']
  readonly isDefault: boolean
  readonly program: string
  /** Undefined where it is not on PATH. */
  readonly path: string | undefined
  /** Asked of Claude Code only: of another program nothing is known that is safe to ask. */
  readonly version: ProgramFact | undefined
  /** What Claude Code would log in with; undefined where nothing was found. No secret is read. */
  readonly login: string | undefined
}

/** Variables with which Claude Code 2.1.330 needs no login of its own. */
const loginVariables = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
]

type Environment = Readonly<Record<string, string | undefined>>

/** Looks for every configured agent. */
export async function probeAgents(config: Config, environment: Environment): Promise<AgentFact[]> {
  return await Promise.all(
    Object.entries(config.agents).map(async ([name, agent]): Promise<AgentFact> => {
      const [program = ''] = agent.command
      const path = await findProgram(program, environment)
      const isClaude = agent.kind === 'claude'
      return {
        name,
        kind: agent.kind,
        isDefault: name === config.default_agent,
        program,
        path,
        version: isClaude && path !== undefined ? await askVersion(path, '--version', environment) : undefined,
        login: isClaude ? await findLogin([...config.environment, ...agent.environment], environment) : undefined,
      }
    }),
  )
}

/** Judges the agents; only a missing default one fails, since then no session does its work. Pure. */
export function checkAgents(facts: readonly AgentFact[]): Check[] {
  return facts.flatMap((fact) => {
    const subject = `agent ${fact.name}`
    if (fact.path === undefined) {
      const what = `${fact.program} is not on PATH; its pane would be a shell`
      const remedy =
        fact.kind === 'claude' && fact.program === 'claude'
          ? 'npm install -g @anthropic-ai/claude-code'
          : `install ${fact.program}, or give its full path in agents.${fact.name}.command`
      return [fact.isDefault ? fail(subject, what, remedy) : warn(subject, what, remedy)]
    }
    switch (fact.kind) {
      case 'command':
        return [ok(subject, fact.path)]
      case 'claude':
        return [checkVersion(subject, fact.path, fact.version), checkLogin(subject, fact.login)]
    }
  })
}

function checkVersion(subject: string, path: string, version: ProgramFact | undefined): Check {
  if (version?.kind !== 'version') {
    return fail(subject, `${path} is there and does not work`, `see what it says: ${path} --version`)
  }
  const has = /^\d+\.\d+\.\d+/.exec(version.line)?.[0]
  return has === testedClaudeVersion
    ? ok(subject, `${path}, ${has}`)
    : warn(
        subject,
        `${path} is ${printable(has ?? version.line, 40)}; tested is ${testedClaudeVersion}`,
        'watch the first session; dialogs and options change between versions',
      )
}

function checkLogin(subject: string, login: string | undefined): Check {
  return login === undefined
    ? warn(
        subject,
        'no login was found, so it would ask for one',
        'run claude once as this user and log in, or give a key by environment in config.yaml',
      )
    : ok(subject, `logs in with ${login}`)
}

/** By the places alone: what they hold is not read. */
async function findLogin(entries: EnvironmentEntries, environment: Environment): Promise<string | undefined> {
  const given = variablesOf(entries).flatMap(([name, source]) => {
    const isGiven = source === 'own' ? environment[name] !== undefined : source.panes?.includes('agent') !== false
    return isGiven ? [name] : []
  })
  const variable = loginVariables.find((name) => given.includes(name))
  if (variable !== undefined) return `${variable} of config.yaml’s environment`
  const home = environment['HOME']
  if (home === undefined) return undefined
  const file = join(home, '.claude', '.credentials.json')
  const size = await stat(file).then(
    (stats) => stats.size,
    () => 0,
  )
  return size > 0 ? file : undefined
}
