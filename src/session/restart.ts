import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentConfig } from '../config/schema.js'
import type { JobResult } from '../job/result.js'
import type { Layout } from '../layout/layout.js'
import { codeOf, Problem } from '../support/problem.js'
import { trackerName } from '../tracker/tracker-file.js'
import { attachCommand } from './attach-command.js'
import { readEnvironments, type PaneEnvironments } from './environment.js'
import { layoutAgain } from './layouts.js'
import type { SessionName } from './name.js'
import type { SessionRecord } from './registry.js'
import { findStanding, NotOurs } from './standing.js'
import { startSession } from './start.js'
import type { SessionTools } from './tools.js'

/**
 * Ends a session's panes and makes them anew on the working copy as it is; the agent goes on with its conversation
 * where there is one. The caller holds the project's lock.
 * @throws Problem where there is no such session of ours
 */
export async function restartSession(name: SessionName, tools: SessionTools, signal: AbortSignal): Promise<JobResult> {
  const known = await readKnown(name, 'restart', tools)
  const { record } = known
  const standing = await findStanding(tools.tmux, name)
  if (standing.kind === 'session') {
    if (standing.jobId !== record.job_id) throw new NotOurs(name)
    const [pane] = standing.panes
    if (pane !== undefined) await tools.tmux.killSession(pane.sessionId)
  }
  return { status: 'restarted', ...(await startAgain(known, tools, signal)) }
}

/**
 * Brings a session back that was lost with its tmux server or the machine, as restartSession does; one that stands is
 * left as it is. The caller holds the project's lock.
 * @throws Problem where there is no such session of ours, or a person has ended it
 */
export async function restoreSession(name: SessionName, tools: SessionTools, signal: AbortSignal): Promise<JobResult> {
  const known = await readKnown(name, 'restore', tools)
  const { record } = known
  const standing = await findStanding(tools.tmux, name)
  if (standing.kind === 'session') {
    if (standing.jobId !== record.job_id) throw new NotOurs(name)
    return { status: 'existing', ...sessionWords(record, name, tools) }
  }
  if (record.ended_at !== undefined) {
    throw new Problem({
      doing: `restore the session ${name}`,
      because: 'a person has ended it',
      remedy: `to have it back all the same: devorch restart ${name}`,
      field: 'project_name',
    })
  }
  return { status: 'restored', ...(await startAgain(known, tools, signal)) }
}

/** A session that can be started again. */
interface Known {
  readonly name: SessionName
  readonly record: SessionRecord
  readonly agent: AgentConfig
  readonly layout: Layout
  readonly environments: PaneEnvironments
  /** Bytes of PROGRESS_TRACKER.md in the working copy. */
  readonly trackerBytes: number
}

/** Everything without which the session can't stand again, before anything of it is ended. @throws Problem */
async function readKnown(name: SessionName, verb: 'restart' | 'restore', tools: SessionTools): Promise<Known> {
  const doing = `${verb} the session ${name}`
  const record = await tools.registry.read(name)
  if (record === undefined) {
    const because = 'dev-orchestrator knows no such session'
    throw new Problem({ doing, because, remedy: 'see `devorch ls`', field: 'project_name' })
  }
  const agent = tools.config.agents[record.agent.name]
  if (agent === undefined) {
    const because = `no agent is called ${record.agent.name}`
    throw new Problem({ doing, because, remedy: 'put it back under agents in config.yaml', field: 'agent' })
  }
  // tmux 3.3a would take another folder for the panes without a word.
  const folder = await statIfThere(record.working_copy)
  if (folder?.isDirectory() !== true) {
    throw new Problem({
      doing,
      because: `its working copy ${record.working_copy} is ${folder === undefined ? 'gone' : 'no folder any more'}`,
      remedy: `put it back and devorch restart ${name}, or give the session up: devorch rm ${name}`,
    })
  }
  const tracker = await statIfThere(join(record.working_copy, trackerName))
  const { layout } = await layoutAgain(record.layout, name, tools)
  const of = { repositoryKey: record.repository_key, agentName: record.agent.name, layout }
  const environments = await readEnvironments(of, tools)
  return { name, record: revived(record, tools.now()), agent, layout, environments, trackerBytes: tracker?.size ?? 0 }
}

/** The record of a session that was brought back from the trash, or whose removal was cut off. */
function revived({ removed, ...record }: SessionRecord, now: Date): SessionRecord {
  return removed === undefined ? record : { ...record, restored_at: now.toISOString() }
}

async function startAgain(
  { name, record, ...known }: Known,
  tools: SessionTools,
  signal: AbortSignal,
): Promise<ReturnType<typeof sessionWords> & Record<string, unknown>> {
  const request = { ...known, record, name, instructions: undefined, signal }
  const started = await startSession({ ...request, start: 'resume' }, tools)
  return {
    ...sessionWords(record, name, tools),
    agent: { name: record.agent.name, event: started.agentEvent?.name ?? 'none', detail: started.agentEvent?.detail },
  }
}

function sessionWords(record: SessionRecord, name: SessionName, tools: SessionTools) {
  return {
    finished_at: tools.now().toISOString(),
    session: name,
    attach_command: attachCommand(name, tools),
    working_copy: record.working_copy,
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
