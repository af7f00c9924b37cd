import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { agentLaunch } from '../agent/agent.js'
import { waitForAgentEvent, type AgentEvent } from '../agent/events.js'
import type { AgentConfig } from '../config/schema.js'
import { readBootId } from '../support/boot-id.js'
import { allDone } from '../support/all-done.js'
import { publish } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import type { Layout } from '../layout/layout.js'
import type { TmuxServer } from '../tmux/types.js'
import { trackerName } from '../tracker/tracker-file.js'
import type { Timing } from './checkout.js'
import { environmentFiles, removePaneFiles, type PaneEnvironments } from './environment.js'
import { standingOn } from './reconcile.js'
import type { SessionRecord } from './registry.js'
import type { SessionName } from './name.js'
import { planPanes } from './panes.js'
import { findStanding, NotOurs } from './standing.js'
import type { SessionTools } from './tools.js'

/** How the session's agent is begun. */
export interface StartRequest {
  readonly record: SessionRecord
  readonly name: SessionName
  readonly agent: AgentConfig
  readonly layout: Layout
  readonly environments: PaneEnvironments
  readonly start: 'new' | 'resume'
  /** Bytes of PROGRESS_TRACKER.md in the working copy. */
  readonly trackerBytes: number
  /** Text for the agent, to be kept with the session; undefined: what is kept there stays. */
  readonly instructions: string | undefined
  readonly signal: AbortSignal
  /** Notes how long the agent takes to give its first sign. */
  readonly timing?: Timing
}

/** A session that stands. `agentEvent` undefined: its agent gave no sign within the time. */
export interface Started {
  readonly agentEvent: AgentEvent | undefined
}

const eventsFile = 'agent-events'
/** The trusted text of the tracker, byte-exact, in the session's folder. */
const instructionsFile = 'tracker.md'
const agentStartTimeoutMs = 30_000

/** Writes the session's record and its own files, makes its panes in one tmux call, and waits for the agent's first sign. */
export async function startSession(request: StartRequest, tools: SessionTools): Promise<Started> {
  const { record, name } = request
  const folder = tools.registry.folderOf(name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await setAside(folder)
  await removePaneFiles(folder)
  const launch = agentLaunch(agentConfigFor(request.agent), {
    sessionFolder: folder,
    workingCopy: record.working_copy,
    conversationId: record.agent.conversation_id,
    start: request.start,
    tracker: {
      path: join(record.working_copy, trackerName),
      bytes: request.trackerBytes,
      ...(record.agent.instructions ? { systemPromptFile: join(folder, instructionsFile) } : {}),
      conversation: record.agent.tracker_as_data ? 'tracker-file' : 'none',
    },
    nodePath: process.execPath,
    resumeAttempts: tools.config.sessions.resume_attempts,
  })
  const planned = planPanes(request.layout, {
    sessionFolder: folder,
    workingCopy: record.working_copy,
    variables: tools.environment,
    launch,
    watch: record.watch,
  })
  const files = [
    ...launch.files,
    ...planned.files,
    ...environmentFiles(request.environments),
    ...(request.instructions === undefined
      ? []
      : [{ name: instructionsFile, text: request.instructions, mode: 0o600 }]),
  ]
  // Side by side, since the disk answers for all of them at once; each to its end, since a caller may remove them.
  await allDone([
    tools.registry.write(name, record),
    ...files.map((file) => publish(join(folder, file.name), file.text, { mode: file.mode })),
  ])
  const created = await tools.tmux.createSession({
    name,
    folder: record.working_copy,
    jobId: record.job_id,
    ...planned.plan,
  })
  switch (created.kind) {
    case 'duplicate':
      // The tmux that a killed daemon had started may have come first, on behalf of the same job.
      if (await isOfJob(record.job_id, name, tools)) return { agentEvent: undefined }
      throw new NotOurs(name)
    case 'created': {
      const events = [launch.readyEvent, 'missing', 'exited'] as const
      const options = { timeoutMs: agentStartTimeoutMs, signal: request.signal }
      const sign = waitForAgentEvent(folder, events, options)
      const [agentEvent] = await allDone([
        request.timing?.step('agent_ms', sign) ?? sign,
        noteServer(name, record, created.server, tools),
      ])
      return { agentEvent }
    }
  }
}

async function isOfJob(jobId: string, name: SessionName, tools: SessionTools): Promise<boolean> {
  const standing = await findStanding(tools.tmux, name)
  return standing.kind === 'session' && standing.jobId === jobId
}

/** Notes on which server the session stands. Without the note it stands all the same; the daemon's next look adds it. */
async function noteServer(
  name: SessionName,
  record: SessionRecord,
  server: TmuxServer,
  tools: SessionTools,
): Promise<void> {
  try {
    await tools.registry.write(name, standingOn(record, server, await readBootId()))
  } catch (error) {
    tools.log.warn('the tmux server of a session could not be noted', { session: name, error })
  }
}

/** The events of an earlier agent are kept, but out of this one's way. */
async function setAside(folder: string): Promise<void> {
  try {
    await rename(join(folder, eventsFile), join(folder, `${eventsFile}.previous`))
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

function agentConfigFor(agent: AgentConfig): Parameters<typeof agentLaunch>[0] {
  switch (agent.kind) {
    case 'command':
      return { kind: 'command', command: agent.command }
    case 'claude':
      return {
        kind: 'claude',
        command: agent.command,
        permissionMode: agent.permission_mode,
        allow: agent.allow,
        deny: agent.deny,
        repositorySettings: agent.repository_settings,
      }
  }
}
