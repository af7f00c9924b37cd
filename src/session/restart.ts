import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobResult } from '../job/result.js'
import { codeOf, Problem } from '../support/problem.js'
import { trackerName } from '../tracker/tracker-file.js'
import { attachCommand } from './build.js'
import type { SessionName } from './name.js'
import { findStanding } from './standing.js'
import { notOurs, startSession } from './start.js'
import type { SessionTools } from './tools.js'

/**
 * Ends a session's panes and makes them anew on the working copy as it is; the agent goes on with its conversation
 * where there is one. The caller holds the project's lock.
 * @throws Problem where there is no such session of ours
 */
export async function restartSession(name: SessionName, tools: SessionTools, signal: AbortSignal): Promise<JobResult> {
  const record = await tools.registry.read(name)
  const agent = record === undefined ? undefined : tools.config.agents[record.agent.name]
  if (record === undefined || agent === undefined) {
    throw new Problem({
      doing: `restart the session ${name}`,
      because:
        record === undefined ? 'dev-orchestrator knows no such session' : `no agent is called ${record.agent.name}`,
      remedy: record === undefined ? 'see `devorch ls`' : 'put it back under agents in config.yaml',
      field: record === undefined ? 'project_name' : 'agent',
    })
  }
  const standing = await findStanding(tools.tmux, name)
  if (standing.kind === 'session') {
    if (standing.jobId !== record.job_id) throw notOurs(name)
    const [pane] = standing.panes
    if (pane !== undefined) await tools.tmux.killSession(pane.sessionId)
  }
  const trackerBytes = await sizeOf(join(record.working_copy, trackerName))
  const started = await startSession(
    { record, name, agent, start: 'resume', trackerBytes, instructions: undefined, signal },
    tools,
  )
  return {
    status: 'restarted',
    finished_at: tools.now().toISOString(),
    session: name,
    attach_command: attachCommand(name, tools),
    working_copy: record.working_copy,
    agent: { name: record.agent.name, event: started.agentEvent?.name ?? 'none', detail: started.agentEvent?.detail },
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0
    throw error
  }
}
