import { performJob } from '../daemon/perform.js'
import { newJobId } from '../job/id.js'
import { parseJobBody } from '../job/job.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { printable } from '../support/text.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'

export interface CreateArguments {
  readonly project: string
  readonly repoUrl: string
  readonly template: string | undefined
  readonly trackerUrl: string | undefined
  readonly branch: string | undefined
  readonly summary: string | undefined
  readonly agent: string | undefined
  readonly layout: string | undefined
  readonly json: boolean
}

/** `devorch create PROJECT REPO_URL [TEMPLATE] [TRACKER_URL]`: builds the session here and now, without a daemon. */
export async function create(context: CommandContext, given: CreateArguments): Promise<ExitCode> {
  const parsed = parseJobBody({
    project_name: given.project,
    repo_url: given.repoUrl,
    template_hint: given.template,
    tracker_url: given.trackerUrl,
    branch: given.branch,
    requirements_summary: given.summary,
    agent: given.agent,
    layout: given.layout,
  })
  if (!parsed.ok) {
    for (const problem of parsed.problems) context.complain(formatFieldProblem(problem))
    return 2
  }
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const now = new Date()
  const record = {
    id: newJobId(parsed.job.project_name, now),
    job: parsed.job,
    origin: { kind: 'cli', address: null, delivery_id: null, subject: null, sender: null, trusted: true } as const,
    receivedAt: now.toISOString(),
    attempts: 1,
    retryOf: undefined,
    file: undefined,
    result: undefined,
  }
  const onStep = (step: string, ms: number | undefined) => {
    const name = stepNames[step]
    if (given.json || ms === undefined || name === undefined) return
    context.print(`${name.padEnd(28)} ${ms.toString().padStart(6)} ms`)
  }
  const result = await performJob(record, workshop.tools, context.signal, onStep)
  if (given.json) context.print(JSON.stringify(result, undefined, 2))
  if (result.status === 'failed' || result.status === 'cancelled' || result.status === 'duplicate') return 1
  const agentSign = signOf(result['agent'])
  if (!given.json) {
    context.print(`session ${result.session} ${result.status === 'existing' ? 'stands already' : 'stands'}`)
    context.print(`attach with: ${result.attach_command ?? ''}`)
  }
  if (result.status === 'existing' || agentSign === undefined || ['started', 'session-start'].includes(agentSign.event))
    return 0
  const detail = agentSign.detail === undefined ? '' : `: ${printable(agentSign.detail)}`
  context.complain(`the session stands, but its agent has not started (${agentSign.event}${detail}); see its pane`)
  return 1
}

const stepNames: Readonly<Record<string, string>> = {
  repository_ms: 'repository cloned',
  template_ms: 'template applied',
  tracker_ms: 'tracker ready',
  session_ms: 'session and agent started',
}

function signOf(agent: unknown): { event: string; detail: string | undefined } | undefined {
  if (typeof agent !== 'object' || agent === null || !('event' in agent)) return undefined
  const detail = 'detail' in agent && typeof agent.detail === 'string' ? agent.detail : undefined
  return { event: String(agent.event), detail }
}
