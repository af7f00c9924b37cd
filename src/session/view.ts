import type { AgentEvent } from '../agent/events.js'
import type { AgentStatus, PaneState } from '../agent/status.js'
import { Problem } from '../support/problem.js'
import type { LivePane, PaneListing } from '../tmux/types.js'
import { readAgent, type AgentFacts } from './agent-state.js'
import { attachCommand } from './attach-command.js'
import { readFigures, type DiskFigures, type Figures, type GitFigures, type ProcessFigures } from './figures.js'
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
  /**
   * `ended`: by a person, in tmux. `gone`: it does not stand, and is restored where it was lost with its tmux server.
   * `unknown`: tmux gave no answer, which does not mean that the session is gone.
   */
  readonly session: 'standing' | 'ended' | 'gone' | 'unknown'
  readonly ended_at: string | null
  readonly agent: {
    readonly name: string
    readonly status: AgentStatus['status']
    readonly since: string | null
    readonly detail: string | undefined
    /** When a limit is over, or an agent that ended is started again by itself. */
    readonly until: string | undefined
    /** The last thing that its events tell of; null: nothing yet. */
    readonly last_event: { readonly name: AgentEvent['name']; readonly at: string } | null
  }
  /**
   * What the daemon's last looks found (docs/operating.md): how the working copy stands by git, what the session's processes need, what
   * the working copy takes of the disk, each with `at`, when that was. Null: nobody has looked, or it could not be told.
   */
  readonly git: GitFigures | null
  readonly processes: ProcessFigures | null
  readonly disk: DiskFigures | null
  readonly attach_command: string
  readonly panes: readonly { readonly id: string; readonly role: string | null; readonly command: string }[]
}

/** Every session that the daemon made and that nobody removed; of one whose record is damaged the log tells. */
export async function viewSessions(tools: SessionTools): Promise<SessionView[]> {
  const known = await Promise.all((await tools.registry.list()).map((name) => readIfSound(name, tools)))
  const [listing, figures] = await Promise.all([tools.tmux.listPanes(), readFigures(tools.home)])
  return known.filter((one) => one !== undefined).map((one) => view(one, listing, figures.get(one.name), tools))
}

export async function viewSession(name: SessionName, tools: SessionTools): Promise<SessionView | undefined> {
  const known = await readKnown(name, tools)
  if (known === undefined) return undefined
  const [listing, figures] = await Promise.all([tools.tmux.listPanes(), readFigures(tools.home)])
  return view(known, listing, figures.get(name), tools)
}

/** What the files say; read before tmux is asked, so that a pane whose agent gave a sign is in the answer. */
interface Known {
  readonly name: SessionName
  readonly record: SessionRecord
  readonly agent: AgentFacts
}

async function readKnown(name: SessionName, tools: SessionTools): Promise<Known | undefined> {
  const record = await tools.registry.read(name)
  if (record === undefined) return undefined
  return { name, record, agent: await readAgent(tools.registry.folderOf(name), record.agent.kind, tools.now) }
}

async function readIfSound(name: SessionName, tools: SessionTools): Promise<Known | undefined> {
  try {
    return await readKnown(name, tools)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    tools.log.warn('session left out of the listing', { session: name, error: error.message })
    return undefined
  }
}

/** Longer than a session takes from its record to its agent's first event. */
const makingMs = 10_000

function view(
  { name, record, agent }: Known,
  listing: PaneListing,
  figures: Figures | undefined,
  tools: SessionTools,
): SessionView {
  const panes = panesOf(record, listing)
  const ageMs = tools.now().getTime() - Date.parse(record.created_at)
  // The record is there before the panes are.
  const isBeingMade = agent.events.length === 0 && ageMs < makingMs
  const pane = isBeingMade ? { kind: 'alive' as const } : agentPane(panes, listing)
  // Another session has had the name.
  const known = figures?.job_id === record.job_id ? figures : undefined
  const last = agent.events.at(-1)
  const status = agent.status(pane)
  return {
    name,
    project: record.project,
    repository: record.repository,
    working_copy: record.working_copy,
    job_id: record.job_id,
    created_at: record.created_at,
    session: standingState(record, panes, listing),
    ended_at: panes.length > 0 ? null : (record.ended_at ?? null),
    agent: {
      name: record.agent.name,
      status: status.status,
      since: status.since?.toISOString() ?? null,
      detail: status.detail,
      until: status.until?.toISOString(),
      last_event: last === undefined ? null : { name: last.name, at: last.at.toISOString() },
    },
    git: known?.git ?? null,
    processes: known?.processes ?? null,
    disk: known?.disk ?? null,
    attach_command: attachCommand(name, tools),
    panes: panes.map((pane) => ({ id: pane.paneId, role: pane.role, command: pane.currentCommand })),
  }
}

function standingState(
  record: SessionRecord,
  panes: readonly LivePane[],
  listing: PaneListing,
): SessionView['session'] {
  if (listing.kind === 'unknown') return 'unknown'
  if (panes.length > 0) return 'standing'
  return record.ended_at === undefined ? 'gone' : 'ended'
}

/** Its panes, as tmux tells of them. */
export function panesOf(record: SessionRecord, listing: PaneListing): LivePane[] {
  if (listing.kind !== 'panes') return []
  return listing.panes.filter((pane) => pane.sessionName === record.name && pane.jobId === record.job_id)
}

export function agentPane(panes: readonly LivePane[], listing: PaneListing): PaneState {
  if (listing.kind === 'unknown') return { kind: 'unknown' }
  const pane = panes.find((one) => one.role === 'agent')
  return pane === undefined || pane.dead ? { kind: 'dead' } : { kind: 'alive' }
}
