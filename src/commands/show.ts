import { stringify } from 'yaml'
import type { Workshop } from '../daemon/assemble.js'
import { parseJobId, type JobId } from '../job/id.js'
import { queuePosition } from '../job/position.js'
import type { JobView } from '../job/record.js'
import { measureNow } from '../session/measure.js'
import { parseSessionName, sessionNameOf, type SessionName } from '../session/name.js'
import type { SessionTools } from '../session/tools.js'
import { viewSession, type SessionView } from '../session/view.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { unkeptSince } from './ls/columns.js'

/** `devorch show NAME|JOB`: everything known of a session (by its name or its project's) or of a job. */
export async function show(context: CommandContext, name: string, json: boolean): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const id = parseJobId(name)
  const session = parseSessionName(name)
  const found =
    (id === undefined ? undefined : await findJob(workshop, id)) ??
    (session === undefined ? undefined : await seeSession(session, workshop.tools)) ??
    (await seeSession(sessionNameOf(name), workshop.tools))
  if (found === undefined) {
    context.complain(`no session or job is called "${name}"; see \`devorch ls\` and \`devorch jobs\``)
    return 1
  }
  context.print(json ? JSON.stringify(found, undefined, 2) : stringify(found, { lineWidth: 0 }).trimEnd())
  return 0
}

/** With the figures of a daemon; where none runs, of a look of its own. */
async function seeSession(name: SessionName, tools: SessionTools): Promise<SessionView | undefined> {
  const view = await viewSession(name, tools)
  if (view === undefined || unkeptSince([view], tools.now()) === undefined) return view
  return { ...view, ...(await measureNow(view, tools)) }
}

/** What the disk tells; which step a running job is at, only the daemon knows: `GET /jobs/ID`. */
async function findJob(workshop: Workshop, id: JobId): Promise<(JobView & { readonly position?: number }) | undefined> {
  const job = await workshop.spool.find(id)
  const position = job?.state === 'queued' ? await queuePosition(workshop.home, id) : undefined
  return job === undefined || position === undefined ? job : { ...job, position }
}
