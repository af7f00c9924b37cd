import * as z from 'zod'
import type { JobResult } from '../../job/result.js'
import { printable } from '../../support/text.js'

/** The parts of a session's result that the demo tells of; what is not there is passed over. */
const details = z.looseObject({
  template: z.looseObject({ id: z.string(), by: z.string(), created: z.array(z.string()) }).optional(),
  tracker: z.looseObject({ from: z.string(), bytes: z.number(), given: z.array(z.string()) }).optional(),
  agent: z.looseObject({ name: z.string(), event: z.string(), detail: z.string().optional() }).optional(),
  steps: z.record(z.string(), z.number()).optional(),
})

/** What became of the job, in lines of a heading and a text. Pure. */
export function describeResult(result: JobResult): [heading: string, text: string][] {
  const { template, tracker, agent, steps } = details.parse(result)
  const lines: [string, string][] = []
  if (template !== undefined) {
    lines.push(['template', `${template.id} (by ${template.by}): ${template.created.length.toString()} files added`])
  }
  if (tracker !== undefined) {
    const given =
      tracker.given.length === 0 ? '' : `, for the agent’s ${tracker.given.join(' and ').replaceAll('-', ' ')}`
    lines.push(['tracker', `PROGRESS_TRACKER.md, ${tracker.bytes.toString()} bytes, from ${tracker.from}${given}`])
  }
  if (agent !== undefined) lines.push(['agent', `${agent.name}: ${agentWords(agent.event, agent.detail)}`])
  if (steps !== undefined) {
    const words = Object.entries(steps).map(([step, ms]) => `${step.replace(/_ms$/, '')} ${ms.toString()}`)
    lines.push(['milliseconds', words.join(', ')])
  }
  return lines
}

function agentWords(event: string, detail: string | undefined): string {
  const more = detail === undefined ? '' : `: ${printable(detail)}`
  switch (event) {
    case 'missing':
      return `not installed, so its pane is a shell${detail === undefined ? '' : `; to install it: ${printable(detail)}`}`
    case 'none':
      return 'has given no sign yet; see its pane'
    case 'exited':
      return `ended at once${more}; see its pane`
    default:
      return 'started'
  }
}
