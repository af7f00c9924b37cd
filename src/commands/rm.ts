import { performJob } from '../daemon/perform.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { ownJob } from './own-job.js'
import { findSession } from './session-argument.js'

/** `devorch rm NAME`: ends a session; its working copy stays. */
export async function rm(context: CommandContext, given: string): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given)
  if (name === undefined) return 1
  const record = await workshop.tools.registry.read(name)
  if (record === undefined) return 1
  await performJob(ownJob({ project_name: record.project, action: 'destroy' }), workshop.tools, context.signal)
  context.print(`session ${name} ended; its working copy stays at ${record.working_copy}`)
  return 0
}
