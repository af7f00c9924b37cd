import { buffer } from 'node:stream/consumers'
import { jobOf, parseJobFile } from '../job/job.js'
import { chosenKey } from '../job/keys.js'
import { maxJobFileBytes } from '../job/folders.js'
import { layoutNames } from '../session/layouts.js'
import { checkJob } from '../session/plan.js'
import { readBounded } from '../support/files.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'

/** `devorch submit FILE|-`: checks a job file and drops it into the inbox. */
export async function submit(context: CommandContext, file: string, json: boolean): Promise<ExitCode> {
  const bytes = file === '-' ? await buffer(process.stdin) : await readFileOf(context, file)
  if (bytes === undefined) return 1
  const parsed = parseJobFile(bytes)
  if (!parsed.ok) {
    for (const problem of parsed.problems) context.complain(`${file}: ${formatFieldProblem(problem)}`)
    return 1
  }
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const job = jobOf(parsed.value)
  const problems = checkJob(job, workshop.config, await layoutNames(job, workshop.tools))
  if (problems.length > 0) {
    for (const problem of problems) context.complain(`${file}: ${formatFieldProblem(problem)}`)
    return 1
  }
  const origin = { kind: 'cli', address: null, delivery_id: null, subject: null, sender: null, trusted: true } as const
  const { idempotency_key: key } = job
  const { spool } = workshop
  const id = key === undefined ? await spool.drop(job, origin) : (await spool.dropOnce(chosenKey(key), job, origin)).id
  context.print(json ? JSON.stringify({ job_id: id }) : id)
  return 0
}

async function readFileOf(context: CommandContext, file: string): Promise<Uint8Array | undefined> {
  const read = await readBounded(file, maxJobFileBytes)
  switch (read.kind) {
    case 'file':
      return read.bytes
    case 'missing':
      context.complain(`${file}: there is no such file`)
      return undefined
    case 'odd':
      context.complain(`${file}: is ${read.what}; give a plain file`)
      return undefined
    case 'too-large':
      context.complain(`${file}: is larger than ${maxJobFileBytes.toString()} bytes`)
      return undefined
  }
}
