import { basename } from 'node:path'
import type { AgentConfig, AgentFacts, AgentLaunch } from './launch.js'

/**
 * Any other program as the agent: started as it is configured, without a shell. `{{ tracker }}` in an argument
 * becomes the path of PROGRESS_TRACKER.md, `{{ project }}` the project's name.
 */
export function commandLaunch(
  config: Extract<AgentConfig, { kind: 'command' }>,
  facts: AgentFacts,
): Omit<AgentLaunch, 'resumeAttempts'> {
  const [program = '', ...args] = config.command
  const values: Readonly<Record<string, string>> = { tracker: facts.tracker.path, project: basename(facts.workingCopy) }
  return {
    program: [
      program,
      ...args.map((arg) => arg.replace(/\{\{ *(tracker|project) *\}\}/g, (_, name: string) => values[name] ?? '')),
    ],
    needs: program,
    installHint: `install ${program}, or give its full path in "agents" of config.yaml`,
    files: [],
    readyEvent: 'started',
  }
}
