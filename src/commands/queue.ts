import { setTimeout as delay } from 'node:timers/promises'
import { parseJobId, type JobId } from '../job/id.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'

/** `devorch retry JOB`: drops a failed job again, as a new job; the record of the failure stays. */
export async function retry(context: CommandContext, given: string): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  const id = jobArgument(context, given)
  if (workshop === undefined || id === undefined) return 1
  const found = await workshop.spool.find(id)
  if (found?.state !== 'failed') {
    context.complain(
      found === undefined
        ? 'there is no such job; see `devorch jobs` (settled ones are removed after a while: retention in config.yaml)'
        : `the job is ${found.state}; only a failed one is retried`,
    )
    return 1
  }
  if (found.job === null || found.origin === null) {
    context.complain(`the file was no valid job; correct a copy of ${workshop.home.failed}/${id}.raw and drop that`)
    return 1
  }
  context.print(await workshop.spool.drop(found.job, found.origin, id))
  return 0
}

const cancelWaitMs = 15_000

/** `devorch cancel JOB`: takes a queued job out of the queue, or asks the daemon to stop a running one. */
export async function cancel(context: CommandContext, given: string): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  const id = jobArgument(context, given)
  if (workshop === undefined || id === undefined) return 1
  const { spool, control } = workshop
  const claim = await spool.claim(`${id}.yaml`)
  if (claim.kind === 'claimed') {
    await spool.settle(claim.record, {
      status: 'cancelled',
      finished_at: new Date().toISOString(),
      error: { message: 'cancelled by a person before it began; `devorch retry JOB` begins again' },
    })
    context.print(`${id} cancelled`)
    return 0
  }
  const found = await spool.find(id)
  if (found?.state !== 'active') {
    context.complain(
      found === undefined ? 'there is no such job; see `devorch jobs`' : `the job is ${found.state} already`,
    )
    return 1
  }
  await control.requestCancel(id)
  const until = performance.now() + cancelWaitMs
  while (performance.now() < until && !context.signal.aborted) {
    const now = await spool.find(id)
    if (now?.result !== undefined) {
      context.print(`${id} ${now.result.status}`)
      return now.result.status === 'cancelled' ? 0 : 1
    }
    await delay(100)
  }
  context.complain('the daemon has not stopped the job yet; it will when it runs and gets to it')
  return 1
}

/** `devorch pause`: the worker begins nothing more; calls and files are still taken in. */
export async function pause(context: CommandContext): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  await workshop.control.pause()
  context.print('paused: jobs wait in the inbox until `devorch resume`')
  return 0
}

/** `devorch resume` */
export async function resume(context: CommandContext): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  await workshop.control.resume()
  context.print('resumed')
  return 0
}

function jobArgument(context: CommandContext, given: string): JobId | undefined {
  const id = parseJobId(given)
  if (id === undefined) context.complain(`"${given}" is not a job id; see \`devorch jobs\``)
  return id
}
