import { readAgentEvents } from '../agent/events.js'
import { agentStatus, type AgentStatus } from '../agent/status.js'
import type { LivePane, PaneListing } from '../tmux/types.js'
import { attachCommand } from './build.js'
import type { SessionName } from './name.js'
import type { SessionRecord } from './registry.js'
import type { SessionTools } from './tools.js'

/** A session as people and callers are told of it. */
export interface SessionView {
  readonly name: string
  readonly project: string
  readonly repository: string
  readonly working_copy: string
  readonly job_id: string
  readonly created_at: string
  /** `unknown`: tmux gave no answer, which does not mean that the session is gone. */
  readonly session: 'standing' | 'gone' | 'unknown'
  readonly agent: {
    readonly name: string
    readonly status: AgentStatus['status']
    readonly since: string | null
    readonly detail: string | undefined
  }
  readonly attach_command: string
  readonly panes: readonly { readonly id: string; readonly role: string | null; readonly command: string }[]
}

/** Every session that the daemon made and that nobody removed. */
export async function viewSessions(tools: SessionTools): Promise<SessionView[]> {
  const [names, listing] = await Promise.all([tools.registry.list(), tools.tmux.listPanes()])
  const views = await Promise.all(names.map((name) => view(name, listing, tools)))
  return views.filter((one) => one !== undefined)
}

export async function viewSession(name: SessionName, tools: SessionTools): Promise<SessionView | undefined> {
  return await view(name, await tools.tmux.listPanes(), tools)
}

/** Longer than a session takes from its record to its agent's first event. */
const makingMs = 10_000

async function view(name: SessionName, listing: PaneListing, tools: SessionTools): Promise<SessionView | undefined> {
  const record = await tools.registry.read(name)
  if (record === undefined) return undefined
  const panes = panesOf(record, listing)
  const events = await readAgentEvents(tools.registry.folderOf(name))
  const ageMs = tools.now().getTime() - Date.parse(record.created_at)
  // The record is there before the panes are.
  const isBeingMade = events.length === 0 && ageMs < makingMs
  const pane = isBeingMade ? { kind: 'alive' as const } : agentPane(panes, listing)
  const status = agentStatus(events, pane, record.agent.kind)
  return {
    name,
    project: record.project,
    repository: record.repository,
    working_copy: record.working_copy,
    job_id: record.job_id,
    created_at: record.created_at,
    session: listing.kind === 'unknown' ? 'unknown' : panes.length > 0 ? 'standing' : 'gone',
    agent: {
      name: record.agent.name,
      status: status.status,
      since: status.since?.toISOString() ?? null,
      detail: status.detail,
    },
    attach_command: attachCommand(name, tools),
    panes: panes.map((pane) => ({ id: pane.paneId, role: pane.role, command: pane.currentCommand })),
  }
}

function panesOf(record: SessionRecord, listing: PaneListing): LivePane[] {
  if (listing.kind !== 'panes') return []
  return listing.panes.filter((pane) => pane.sessionName === record.name && pane.jobId === record.job_id)
}

function agentPane(panes: readonly LivePane[], listing: PaneListing): Parameters<typeof agentStatus>[1] {
  if (listing.kind === 'unknown') return { kind: 'unknown' }
  const pane = panes.find((one) => one.role === 'agent')
  return pane === undefined || pane.dead ? { kind: 'dead' } : { kind: 'alive' }
}
