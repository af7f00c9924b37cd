import { performJob } from '../daemon/perform.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { ownJob } from './own-job.js'
import { findSession } from './session-argument.js'

/** `devorch restart NAME`: makes a session's panes anew, also of one that was ended or lost; its agent goes on. */
export async function restart(context: CommandContext, given: string): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given)
  if (name === undefined) return 1
  const record = await workshop.tools.registry.read(name)
  if (record === undefined) return 1
  const job = ownJob({ project_name: record.project, action: 'restart' })
  const result = await performJob(job, workshop.tools, context.signal)
  if (result.status !== 'restarted') return 1
  context.print(`session ${name} was started again`)
  context.print(`attach with: ${result.attach_command ?? ''}`)
  return 0
}
