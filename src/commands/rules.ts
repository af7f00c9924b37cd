import { loadRules } from '../receiver/github/rules.js'
import { decideEvent } from '../receiver/github/decide.js'
import { readBounded } from '../support/files.js'
import { messageOf } from '../support/problem.js'
import { stringify } from 'yaml'
import { loadHome, table, type CommandContext, type ExitCode } from './context.js'

/** `devorch config rules`: the rules that turn events into jobs, in the order in which they are tried. */
export async function rules(context: CommandContext, json: boolean): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const loaded = await loadRules(found.config.github.rules)
  if (json) {
    context.print(JSON.stringify(loaded, undefined, 2))
    return 0
  }
  const rows = loaded.map((rule) => [
    rule.name,
    rule.event.join(', '),
    rule.action?.join(', ') ?? 'any',
    rule.who,
    rule.job.action,
    rule.job.project_name,
  ])
  for (const line of table(['RULE', 'EVENT', 'ACTION', 'WHO', 'JOB', 'PROJECT'], rows)) context.print(line)
  return 0
}

const maxPayloadBytes = 25 * 1024 * 1024

/** `devorch config try-event EVENT FILE`: what a payload would do, and why; nothing is queued. */
export async function tryEvent(context: CommandContext, event: string, file: string, json: boolean): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const read = await readBounded(file, maxPayloadBytes)
  if (read.kind !== 'file') {
    context.complain(
      `${file}: ${read.kind === 'odd' ? `is ${read.what}` : read.kind}; give a file with the payload as JSON`,
    )
    return 1
  }
  let payload: unknown
  try {
    payload = JSON.parse(read.bytes.toString('utf8'))
  } catch (error) {
    context.complain(`${file}: is not JSON: ${messageOf(error)}`)
    return 1
  }
  const decision = await decideEvent(event, payload, await loadRules(found.config.github.rules), found.config.github)
  context.print(json ? JSON.stringify(decision, undefined, 2) : stringify(decision, { lineWidth: 0 }).trimEnd())
  return 0
}
