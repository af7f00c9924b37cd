import { performJob } from '../daemon/perform.js'
import { newJobId } from '../job/id.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { findSession } from './session-argument.js'

/** `devorch rm NAME`: ends a session; its working copy stays. */
export async function rm(context: CommandContext, given: string): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given)
  if (name === undefined) return 1
  const record = await workshop.tools.registry.read(name)
  if (record === undefined) return 1
  const now = new Date()
  await performJob(
    {
      id: newJobId(record.project, now),
      job: { project_name: record.project, action: 'destroy' },
      origin: { kind: 'cli', address: null, delivery_id: null, subject: null, sender: null, trusted: true },
      receivedAt: now.toISOString(),
      attempts: 1,
      retryOf: undefined,
      file: undefined,
      result: undefined,
    },
    workshop.tools,
    context.signal,
  )
  context.print(`session ${name} ended; its working copy stays at ${record.working_copy}`)
  return 0
}
