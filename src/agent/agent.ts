import { claudeLaunch } from './claude.js'
import { commandLaunch } from './command.js'
import type { AgentConfig, AgentFacts, AgentLaunch } from './launch.js'
import { paneCommand } from './pane.js'
import { shellWord } from './environment.js'

/**
 * How a configured agent is started: the registry of the kinds of agents. Pure. Starting the same launch again
 * goes on with the conversation where the agent has one.
 */
export function agentLaunch(config: AgentConfig, facts: AgentFacts): AgentLaunch {
  const launch = { ...launchOf(config, facts), resumeAttempts: facts.resumeAttempts }
  return { ...launch, files: [...launch.files, startAgain(launch, facts.sessionFolder)] }
}

function launchOf(config: AgentConfig, facts: AgentFacts): Omit<AgentLaunch, 'resumeAttempts'> {
  switch (config.kind) {
    case 'claude':
      return claudeLaunch(config, facts)
    case 'command':
      return commandLaunch(config, facts)
  }
}

/** `start-agent.sh`, which pane.sh names to the person in a pane whose agent has ended or was missing. */
function startAgain(launch: AgentLaunch, sessionFolder: string): AgentLaunch['files'][number] {
  const words = paneCommand({ ...launch, sessionFolder, role: 'agent' }).map(shellWord)
  return { name: 'start-agent.sh', text: `exec ${words.join(' ')}\n`, mode: 0o600 }
}
