import { printable } from '../support/text.js'

export interface TrackerFacts {
  readonly project: string
  /** Without credentials. */
  readonly repositoryUrl: string
  readonly summary?: string | undefined
  readonly template?:
    | {
        readonly id: string
        readonly title?: string | undefined
        /** What it suggests to do first, in its order. */
        readonly steps?: readonly string[] | undefined
      }
    | undefined
}

/** The text of a tracker for a job that brings none: goal, what stands, next steps, log. Ends with a newline. */
export function composeTracker(facts: TrackerFacts): string {
  const { project, repositoryUrl, template } = facts
  const summary = facts.summary?.trim() ?? ''
  const goal = summary === '' ? 'Not written down yet: ask, and write it here.' : summary
  const title = template?.title === undefined ? '' : ` (${printable(template.title, 500)})`
  const suggested = (template?.steps ?? []).map((step) => printable(step, 500))
  const stands = [
    `- Repository: ${repositoryUrl}`,
    ...(template === undefined ? [] : [`- Template: ${template.id}${title}`]),
  ]
  const steps = [
    'Read the README and the layout of the repository',
    ...(summary === '' ? ['Agree on the goal'] : []),
    ...(suggested.length === 0 ? ['Install the dependencies and run the tests'] : suggested),
    'Break the goal into steps and list them here',
  ]
  return [
    `# ${project}: progress tracker`,
    '## Goal',
    goal,
    '## What stands',
    stands.join('\n'),
    '## Next steps',
    steps.map((step) => `- [ ] ${step}`).join('\n'),
    '## Log',
    '- The session was created.',
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}
