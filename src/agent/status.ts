import type { AgentEvent } from './events.js'
import type { AgentConfig } from './launch.js'

/**
 * What an agent is doing. `waiting`: for a person; `idle`: at an empty conversation, nothing asked of it.
 * `since`: when that began, null where no event tells. `detail`: `approval`, `api failure`, `code 1`,
 * `missing: npm install …`.
 */
export interface AgentStatus {
  readonly status: 'starting' | 'working' | 'waiting' | 'idle' | 'exited' | 'unknown'
  readonly since: Date | null
  readonly detail?: string
}

/** What tmux says of the agent's pane; `unknown`: tmux could not be asked. */
export interface PaneState {
  readonly kind: 'alive' | 'dead' | 'unknown'
}

/**
 * The status of an agent from its events (oldest first) and its pane. Only the events since its last start
 * count. A pane that can't be looked at makes it unknown, not gone, unless the agent itself said that it ended.
 */
export function agentStatus(events: readonly AgentEvent[], pane: PaneState, kind: AgentConfig['kind']): AgentStatus {
  const start = events.findLastIndex((event) => event.name === 'started' || event.name === 'missing')
  const status = events
    .slice(Math.max(start, 0))
    .reduce<AgentStatus>((before, event) => next(before, event, kind), { status: 'starting', since: null })
  if (status.status === 'exited') return status
  switch (pane.kind) {
    case 'alive':
      return status
    case 'dead':
      return { status: 'exited', since: null }
    case 'unknown':
      return { status: 'unknown', since: null }
  }
}

function next(before: AgentStatus, event: AgentEvent, kind: AgentConfig['kind']): AgentStatus {
  const after = meaning(event, kind)
  const same = after.status === before.status && after.detail === before.detail
  return same && before.since !== null ? before : { ...after, since: event.at }
}

function meaning(event: AgentEvent, kind: AgentConfig['kind']): Omit<AgentStatus, 'since'> {
  switch (event.name) {
    case 'started':
      return { status: kind === 'command' ? 'working' : 'starting' }
    case 'session-start':
      return { status: event.detail === 'clear' ? 'idle' : 'starting' }
    case 'working':
      return { status: 'working' }
    case 'waiting':
      return { status: 'waiting' }
    case 'approval':
      return { status: 'waiting', detail: 'approval' }
    case 'failed':
      return { status: 'waiting', detail: 'api failure' }
    case 'missing':
      return { status: 'exited', detail: event.detail === undefined ? 'missing' : `missing: ${event.detail}` }
    case 'session-end':
      return { status: 'exited' }
    case 'exited':
      return { status: 'exited', ...(event.detail === undefined ? {} : { detail: `code ${event.detail}` }) }
  }
}
