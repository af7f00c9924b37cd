import { loadConfig } from '../config/load.js'
import { findHome, type Home } from '../config/home.js'
import type { Config } from '../config/schema.js'
import { assemble, makeFolders, type Workshop } from '../daemon/assemble.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { quietLog } from '../support/quiet-log.js'
import { knownSecrets } from '../support/redact.js'
import { printable } from '../support/text.js'

/** Exit codes of every command: 0 done, 1 it failed, 2 wrong usage. */
export type ExitCode = 0 | 1 | 2

/** What a command is given: where it runs, and where it writes. Commands never end the process themselves. */
export interface CommandContext {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The option --home, where given. */
  readonly home: string | undefined
  /** A line on stdout. */
  print(line: string): void
  /** A line on stderr. */
  complain(line: string): void
  /** Whether a person watches stdout. */
  readonly isTerminal: boolean
  /** Aborted on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** Aborted on a second one: what is under way is not waited for any longer. */
  readonly hurry?: AbortSignal
  /** Has SIGHUP call the listener from now on, in place of ending the process. */
  onHangup(listener: () => void): void
}

/** Finds the home and its configuration, or says everything that is wrong with it. */
export async function loadHome(
  context: CommandContext,
): Promise<{ readonly home: Home; readonly config: Config } | undefined> {
  const home = await findHome(context.home, context.environment)
  const result = await loadConfig(home, context.environment)
  if (result.ok) return { home, config: result.config }
  for (const problem of result.problems) context.complain(`${result.file}: ${formatFieldProblem(problem)}`)
  return undefined
}

/** The parts for a command that works on the home; undefined where the configuration is wrong, which was said then. */
export async function openWorkshop(context: CommandContext): Promise<Workshop | undefined> {
  const found = await loadHome(context)
  if (found === undefined) return undefined
  await makeFolders(found.home)
  const secrets = knownSecrets()
  return assemble(found.home, found.config, context.environment, quietLog(secrets.redact), secrets)
}

/** Rows in columns, for people; every cell escaped. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = [headings, ...rows.map((row) => row.map((cell) => printable(cell, 120)))]
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** `3 min ago` */
export function ago(from: Date, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - from.getTime()) / 1000))
  if (seconds < 90) return `${seconds.toString()} s ago`
  if (seconds < 90 * 60) return `${Math.round(seconds / 60).toString()} min ago`
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600).toString()} h ago`
  return `${Math.round(seconds / 86_400).toString()} days ago`
}
