import { performJob } from '../daemon/perform.js'
import type { JobResult } from '../job/result.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { ownJob } from './own-job.js'
import { findSession } from './session-argument.js'

/** `devorch rm NAME`: removes a session with all its processes; its working copy goes to the trash. */
export async function rm(
  context: CommandContext,
  given: string,
  options: { readonly keep: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given)
  if (name === undefined) return 1
  const record = await workshop.tools.registry.read(name)
  if (record === undefined) return 1
  const job = ownJob({ project_name: record.project, action: 'destroy' })
  const result = await performJob(job, workshop.tools, context.signal, undefined, options.keep)
  if (options.json) {
    context.print(JSON.stringify(result, undefined, 2))
    return 0
  }
  for (const line of lines(name, record.working_copy, result)) context.print(line)
  return 0
}

function lines(name: string, workingCopy: string, result: JobResult): string[] {
  const { unsaved, left_because: leftBecause } = result
  const holds = Array.isArray(unsaved) && unsaved.length > 0 ? ` (${unsaved.join(', ')})` : ''
  const left = Array.isArray(result['left_running']) ? result['left_running'].length : 0
  return [
    ...('moved_to' in result
      ? [
          `session ${name} removed; its working copy ${workingCopy} is in the trash${holds}`,
          `to have it back: devorch trash restore ${name}`,
        ]
      : [
          `session ${name} removed; its working copy stays at ${workingCopy}${holds}` +
            (typeof leftBecause === 'string' ? `: ${leftBecause}` : ''),
        ]),
    ...(left === 0 ? [] : [`${left.toString()} of its processes could not be ended; they are another user's, or hang`]),
  ]
}
