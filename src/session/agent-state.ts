import { readClaudeState, readLimitEnd } from '../agent/claude-state.js'
import { readAgentEvents, type AgentEvent } from '../agent/events.js'
import { agentStatus, type AgentStatus, type PaneState } from '../agent/status.js'
import type { SessionRecord } from './registry.js'

/** An agent's events, and its status by all that tells of it. */
export interface AgentFacts {
  readonly events: readonly AgentEvent[]
  /** Given what tmux says of its pane. */
  readonly status: (pane: PaneState) => AgentStatus
}

/** Where a limit does not tell its end, as one of an API key, the agent is to go on after so long. */
const unknownLimitMs = 15 * 60_000

/**
 * Reads what the files of a session's agent say. It is judged with its pane, which is to be looked at after, so that a pane
 * whose agent gave a sign is in the answer.
 */
export async function readAgent(
  folder: string,
  kind: SessionRecord['agent']['kind'],
  now: () => Date,
): Promise<AgentFacts> {
  const events = await readAgentEvents(folder)
  const state = kind === 'claude' ? await readClaudeState(folder) : undefined
  const limited = events.at(-1)?.name === 'limited' ? events.at(-1) : undefined
  const end = limited === undefined ? undefined : await readLimitEnd(state, limited.at)
  return {
    events,
    status: (pane) => {
      const status = agentStatus(events, pane, kind, { state, now: now() })
      if (status.status !== 'limited' || status.since === null) return status
      return end === undefined
        ? { ...status, detail: 'rate limit', until: new Date(status.since.getTime() + unknownLimitMs) }
        : { ...status, detail: 'usage limit', until: end }
    },
  }
}
