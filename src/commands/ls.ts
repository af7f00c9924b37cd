import { viewSessions } from '../session/view.js'
import { ago, openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { sessionTable, unkeptSince } from './ls/columns.js'
import { watchSessions } from './ls/watch.js'

export interface LsOptions {
  readonly json: boolean
  /** Seconds from one look to the next; undefined: one look. */
  readonly watch: number | undefined
}

/** `devorch ls`: the sessions, what their agents are doing, and what the daemon's last looks at them found. */
export async function ls(context: CommandContext, { json, watch }: LsOptions): Promise<ExitCode> {
  const screen = context.isTerminal ? context.screen?.() : undefined
  if (watch !== undefined && (json || screen === undefined)) {
    context.complain(
      json
        ? '--watch is for people, --json for programs: take one of them'
        : '--watch draws on a terminal, and this is none: leave it out, or call `devorch ls --json` again and again',
    )
    return 2
  }
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  if (watch !== undefined && screen !== undefined) {
    await watchSessions(workshop.tools, screen, watch, context.signal)
    return 0
  }
  const sessions = await viewSessions(workshop.tools)
  if (json) {
    context.print(JSON.stringify(sessions, undefined, 2))
    return 0
  }
  if (sessions.length === 0) {
    context.complain('no sessions; `devorch create PROJECT REPO_URL` makes one')
    return 0
  }
  const now = new Date()
  for (const line of await sessionTable(sessions, now, screen?.size().columns)) context.print(line)
  const since = unkeptSince(sessions, now)
  if (since !== undefined && context.isTerminal) {
    const last = since === 'never' ? 'none has looked yet' : `the last look was ${ago(since, now)}`
    context.complain(`git and disk are as a daemon saw them, and none runs: ${last}; \`devorch show NAME\` looks now`)
  }
  return 0
}
