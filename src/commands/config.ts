import { environmentLists, variablesOf } from '../config/environment.js'
import { findHome } from '../config/home.js'
import { loadConfig } from '../config/load.js'
import { trustedProxies } from '../receiver/caller-address.js'
import { loadRules } from '../receiver/github/rules.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { loadHome, table, type CommandContext, type ExitCode } from './context.js'

/** `devorch config`: what is in force and where each value came from; secrets are not shown. */
export async function config(context: CommandContext, json: boolean): Promise<ExitCode> {
  const home = await findHome(context.home, context.environment)
  const result = await loadConfig(home, context.environment)
  if (!result.ok) {
    for (const problem of result.problems) context.complain(`${result.file}: ${formatFieldProblem(problem)}`)
    return 1
  }
  const lists = new Map(environmentLists(result.config).map(({ key, entries }) => [key, entries]))
  const rows = leaves(result.config, '').flatMap(([key, value]) => {
    const from = result.sources.get(key) ?? 'default'
    const variables = variablesOf(lists.get(key) ?? [])
    // A row for each, of where its value is; the values themselves are not read.
    if (variables.length > 0) return variables.map(([name, source]) => ({ key: `${key}.${name}`, value: source, from }))
    return [{ key, value: key.startsWith('auth.') ? hidden(value) : value, from }]
  })
  if (json) {
    context.print(
      JSON.stringify(
        { home: home.base, file: result.file, file_exists: result.fileExists, settings: rows },
        undefined,
        2,
      ),
    )
    return 0
  }
  context.print(`home: ${home.base}`)
  context.print(`file: ${result.file}${result.fileExists ? '' : ' (not there: every setting has its default)'}`)
  for (const line of table(
    ['KEY', 'VALUE', 'FROM'],
    rows.map(({ key, value, from }) => [key, JSON.stringify(value), from]),
  )) {
    context.print(line)
  }
  return 0
}

/** `devorch config check`: silent where a daemon would start, or go on, with the configuration. @throws Problem */
export async function checkConfig(context: CommandContext): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  await loadRules(found.config.github.rules)
  trustedProxies(found.config.server.trusted_proxies)
  return 0
}

function leaves(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length === 0)
    return [[path, value]]
  return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
}

function hidden(value: unknown): string {
  return Array.isArray(value) ? `${value.length.toString()} configured` : 'hidden'
}
