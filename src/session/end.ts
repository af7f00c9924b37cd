import type { JobResult } from '../job/result.js'
import { Problem } from '../support/problem.js'
import { findStanding } from './standing.js'
import type { SessionName } from './name.js'
import type { SessionTools } from './tools.js'

/**
 * Ends a session: its panes and the programs in them. The working copy and the session's own files stay. The
 * caller holds the project's lock.
 * @param again an attempt before this one was cut off, perhaps after it had done all: no session then is what was wanted
 * @throws Problem where there is no such session of ours
 */
export async function endSession(name: SessionName, tools: SessionTools, again: boolean): Promise<JobResult> {
  const known = await tools.registry.read(name)
  const destroyed = () => ({ status: 'destroyed', session: name, finished_at: tools.now().toISOString() }) as const
  if (known === undefined) {
    if (again) return destroyed()
    throw new Problem({
      doing: `end the session ${name}`,
      because: 'dev-orchestrator knows no such session',
      remedy: 'see `devorch ls`',
      field: 'project_name',
    })
  }
  const standing = await findStanding(tools.tmux, name)
  const [pane] = standing.kind === 'session' && standing.jobId === known.job_id ? standing.panes : []
  if (pane !== undefined) await tools.tmux.killSession(pane.sessionId)
  await tools.registry.remove(name)
  return destroyed()
}
