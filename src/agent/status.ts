import type { ClaudeState } from './claude-state.js'
import type { AgentEvent } from './events.js'
import type { AgentConfig } from './launch.js'

/**
 * What an agent is doing. `waiting`: for a person; `idle`: at an empty conversation, nothing asked of it; `limited`: for
 * a limit of its use to be over.
 * `since`: when that began, null where nothing tells. `detail`: `approval`, `dialog`, `interrupted`, `api failure`, `code 1`,
 * `missing: npm install …`. `until`: of `limited`, when it is over; of `exited`, when it is started again by itself.
 */
export interface AgentStatus {
  readonly status: 'starting' | 'working' | 'waiting' | 'idle' | 'limited' | 'exited' | 'unknown'
  readonly since: Date | null
  readonly detail?: string
  readonly until?: Date
}

/** What tmux says of the agent's pane; `unknown`: tmux could not be asked. */
export interface PaneState {
  readonly kind: 'alive' | 'dead' | 'unknown'
}

/** What an agent may tell beside its events, and when that was looked at. */
export interface Told {
  readonly state: ClaudeState | undefined
  readonly now: Date
}

/**
 * The status of an agent: from its events (oldest first), what Claude Code itself says, and its pane. Only the events since
 * its last start count. A pane that can't be looked at makes it unknown, not gone, unless the agent itself said that it ended.
 */
export function agentStatus(
  events: readonly AgentEvent[],
  pane: PaneState,
  kind: AgentConfig['kind'],
  told?: Told,
): AgentStatus {
  const start = events.findLastIndex((event) => event.name === 'started' || event.name === 'missing')
  const run = events.slice(Math.max(start, 0))
  const status = run.reduce<AgentStatus>((before, event) => next(before, event, kind), {
    status: 'starting',
    since: null,
  })
  if (status.status === 'exited' && pane.kind !== 'dead') return status
  switch (pane.kind) {
    case 'alive':
      return told?.state === undefined ? status : corrected(status, run.at(-1)?.at, told.state, told.now)
    case 'dead':
      // Nobody starts it again where its pane is gone.
      return status.status === 'exited' ? withoutUntil(status) : { status: 'exited', since: null }
    case 'unknown':
      return { status: 'unknown', since: null }
  }
}

/** How long the two sources of one change may lie apart on a busy machine: the later one of them counts until then. */
const apartMs = 2000
/** Before a stop that no event tells of is taken for an interruption: its event may be on its way. */
const settleMs = 700

/** The status, where the program's own word tells of what no event does: Esc, an approval that was given, a menu. */
function corrected(status: AgentStatus, lastEvent: Date | undefined, state: ClaudeState, now: Date): AgentStatus {
  const eventMs = lastEvent?.getTime() ?? 0
  switch (state.kind) {
    case 'gone':
      return { status: 'exited', since: null }
    case 'told':
      break
  }
  const { since } = state
  const isOlder = since.getTime() < eventMs
  if (isOlder && now.getTime() - eventMs < apartMs) return status
  switch (state.status) {
    case 'busy':
      return status.status === 'working' ? status : { status: 'working', since }
    case 'waiting': {
      const detail = isApproval(state.waitingFor) ? 'approval' : 'dialog'
      return status.status === 'waiting' && status.detail === detail ? status : { status: 'waiting', since, detail }
    }
    case 'idle': {
      const isAsking = status.status === 'waiting' && status.detail === 'approval'
      if (status.status !== 'working' && !isAsking) return status
      if (now.getTime() - since.getTime() < settleMs) return status
      return { status: 'waiting', since, detail: 'interrupted' }
    }
  }
}

/** Claude Code 2.1.330: `permission prompt`, `sandbox request`, `worker request`; `input needed` and `dialog open` are others. */
function isApproval(waitingFor: string | undefined): boolean {
  return waitingFor !== undefined && /permission|request/.test(waitingFor)
}

function withoutUntil<T extends Partial<AgentStatus>>({ until: _until, ...status }: T): Omit<T, 'until'> {
  return status
}

function next(before: AgentStatus, event: AgentEvent, kind: AgentConfig['kind']): AgentStatus {
  const after = meaning(before, event, kind)
  const same = after.status === before.status && after.detail === before.detail
  return same && before.since !== null ? { ...after, since: before.since } : { ...after, since: event.at }
}

function meaning(before: AgentStatus, event: AgentEvent, kind: AgentConfig['kind']): Omit<AgentStatus, 'since'> {
  switch (event.name) {
    case 'started':
      return { status: kind === 'command' ? 'working' : 'starting' }
    case 'session-start':
      return { status: event.detail === 'clear' ? 'idle' : 'starting' }
    case 'working':
      return { status: 'working' }
    case 'waiting':
      // A reminder after a minute at rest; the reason stands.
      return isResting(before) ? before : { status: 'waiting' }
    case 'approval':
      return { status: 'waiting', detail: 'approval' }
    case 'failed':
      return { status: 'waiting', detail: 'api failure' }
    case 'limited':
      return { status: 'limited' }
    case 'missing':
      return { status: 'exited', detail: event.detail === undefined ? 'missing' : `missing: ${event.detail}` }
    case 'session-end':
      return { status: 'exited' }
    case 'exited':
      return { status: 'exited', ...(event.detail === undefined ? {} : { detail: `code ${event.detail}` }) }
    case 'resuming': {
      const seconds = Number(/^\d{1,3} (\d{1,4})$/.exec(event.detail ?? '')?.[1] ?? 0)
      return { ...before, until: new Date(event.at.getTime() + seconds * 1000) }
    }
    case 'given-up':
      return withoutUntil(before)
  }
}

function isResting({ status, detail }: AgentStatus): boolean {
  return status === 'limited' || (status === 'waiting' && detail === 'api failure')
}
