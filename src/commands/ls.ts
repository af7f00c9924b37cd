import { viewSessions } from '../session/view.js'
import { ago, openWorkshop, table, type CommandContext, type ExitCode } from './context.js'

/** `devorch ls`: the sessions and what their agents are doing. */
export async function ls(context: CommandContext, json: boolean): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
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
  const rows = sessions.map((one) => [
    one.name,
    one.session === 'standing' ? one.agent.status : one.session,
    [one.agent.detail ?? '', ...(one.agent.until === undefined ? [] : [`until ${one.agent.until}`])].join(' ').trim(),
    one.agent.since === null ? '' : ago(new Date(one.agent.since), now),
    one.repository,
  ])
  for (const line of table(['SESSION', 'STATUS', '', 'SINCE', 'REPOSITORY'], rows)) context.print(line)
  return 0
}
