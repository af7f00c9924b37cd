import { setTimeout as delay } from 'node:timers/promises'
import { waitForAgentEvent } from '../agent/events.js'
import { inputBox, isInputCommand, submittable } from '../agent/input.js'
import type { JobId } from '../job/id.js'
import type { JobResult } from '../job/result.js'
import { Problem } from '../support/problem.js'
import { readAgent } from './agent-state.js'
import type { SessionName } from './name.js'
import type { SessionRecord } from './registry.js'
import { readSendNote, writeSendNote } from './send-note.js'
import { findStanding } from './standing.js'
import type { SessionTools } from './tools.js'

export interface SendRequest {
  readonly name: SessionName
  /** As message.ts made it. */
  readonly text: string
  /** The job of the queue that asks for it: it sends its text at most once. Undefined: a person at the command line. */
  readonly jobId: JobId | undefined
}

/** How long an agent that is starting is waited for. */
const startMs = 30_000
/** How long its input may take to show what is there, on a busy machine. */
const shownMs = 10_000
/** Between the text and Enter, which a program may else take for a part of it. */
const pauseMs = 400
/** How long an agent may take to say that it works on it. */
const takenMs = 20_000

/**
 * Puts a text before the session's agent: as a paste, then Enter on its own, and waits until the agent has taken it. The
 * result's `delivery` is `taken`; `queued`, where it was at work and reads it next; `entered`, where it does not tell. The
 * caller holds the session's lock, so that there is one sender at a time.
 * @throws Problem where nothing was sent, with the reason, or where it can't be told
 */
export async function sendText(request: SendRequest, tools: SessionTools, signal: AbortSignal): Promise<JobResult> {
  const { name, text, jobId } = request
  const folder = tools.registry.folderOf(name)
  const sent = (delivery: 'taken' | 'queued' | 'entered'): JobResult => ({
    status: 'sent',
    session: name,
    finished_at: tools.now().toISOString(),
    delivery,
  })
  const failed = (because: string, remedy: string) =>
    new Problem({ doing: `send to the session ${name}`, because, remedy })
  const look = `look first: ${tools.tmux.attachCommand(name).join(' ')}`

  switch (jobId === undefined ? undefined : await readSendNote(folder, jobId)) {
    case undefined:
      break
    case 'entered':
      return sent('entered')
    case 'begun':
      throw failed(
        'it was cut off half-way, and the text may have arrived: it is not sent twice',
        `${look}; then, where it is missing: devorch retry ${jobId ?? 'JOB'}`,
      )
  }
  const record = await readRecord(name, tools)
  const ready = await whenReady(record, name, tools, signal)
  const isClaude = record.agent.kind === 'claude'
  const shown = isClaude ? await waitForInput(ready.paneId, ['empty'], tools) : 'empty'
  if (shown !== 'empty') throw failed(notEmpty[shown], look)
  if (jobId !== undefined) await writeSendNote(folder, jobId, 'begun')
  await tools.tmux.pasteText(ready.paneId, submittable(text))
  const wanted: Input = text.startsWith('!') ? 'shell' : 'text'
  if (isClaude && (await waitForInput(ready.paneId, [wanted], tools)) !== wanted) {
    throw failed('its input does not show the text, so Enter was not pressed', `${look}, and clear its input`)
  }
  await delay(pauseMs)
  const still = await readinessOf(record, name, tools)
  if (still.kind === 'refused') {
    throw failed(
      `${still.because} by now, so Enter was not pressed; the text may stand in its input`,
      `${still.remedy}, and clear its input`,
    )
  }
  const since = new Date()
  await tools.tmux.pressEnter(ready.paneId)
  if (jobId !== undefined) await writeSendNote(folder, jobId, 'entered')
  if (!isClaude) return sent('entered')
  // A command of the input itself, as /compact, is no prompt, and no hook tells of it; it may show a menu of its own.
  const isCommand = isInputCommand(text)
  if (isCommand || still.isWorking) {
    const left = await waitForInput(ready.paneId, isCommand ? ['empty', 'none'] : ['empty'], tools)
    if (left !== 'text') return sent(isCommand ? 'entered' : 'queued')
  }
  const event = await waitForAgentEvent(folder, ['working', 'failed', 'limited'], { timeoutMs: takenMs, signal, since })
  if (event !== undefined) return sent('taken')
  throw failed(
    `the agent has not taken it within ${(takenMs / 1000).toString()} s; the text may stand in its input`,
    `${look}; Enter submits it, Ctrl-C clears it`,
  )
}

type Readiness =
  | { readonly kind: 'ready'; readonly paneId: string; readonly isWorking: boolean }
  /** `passes`: it may be ready in a moment. */
  | { readonly kind: 'refused'; readonly because: string; readonly remedy: string; readonly passes: boolean }

async function whenReady(
  record: SessionRecord,
  name: SessionName,
  tools: SessionTools,
  signal: AbortSignal,
): Promise<Extract<Readiness, { kind: 'ready' }>> {
  const deadline = performance.now() + startMs
  for (;;) {
    const found = await readinessOf(record, name, tools)
    if (found.kind === 'ready') return found
    if (!found.passes || performance.now() > deadline || signal.aborted) {
      const { because, remedy } = found
      throw new Problem({ doing: `send to the session ${name}`, because, remedy })
    }
    await delay(200, undefined, { signal }).catch(() => undefined)
  }
}

/** Whether a text can be put before the agent now. What is no agent, as the shell of one that has ended, never gets one. */
async function readinessOf(record: SessionRecord, name: SessionName, tools: SessionTools): Promise<Readiness> {
  const attach = tools.tmux.attachCommand(name).join(' ')
  const restart = `start it again: devorch restart ${name}`
  const refused = (because: string, remedy: string, passes = false): Readiness => ({
    kind: 'refused',
    because,
    remedy,
    passes,
  })
  const agent = tools.config.agents[record.agent.name]
  if (agent?.kind === 'command' && agent.send === false) {
    return refused(`its agent takes no text (agents.${record.agent.name}.send)`, `attach instead: ${attach}`)
  }
  const known = await readAgent(tools.registry.folderOf(name), record.agent.kind, tools.now)
  const standing = await findStanding(tools.tmux, name)
  if (standing.kind === 'none') return refused('it does not stand', restart)
  if (standing.jobId !== record.job_id) {
    return refused('a tmux session of that name stands which dev-orchestrator did not make', 'see `devorch ls`')
  }
  const pane = standing.panes.find((one) => one.role === 'agent')
  if (pane === undefined) return refused("its agent's pane was closed", restart)
  const { status, detail, until } = known.status({ kind: pane.dead ? 'dead' : 'alive' })
  switch (status) {
    case 'starting':
      return refused('its agent is still starting, or asks something at its start', `wait, or look: ${attach}`, true)
    case 'working':
      return { kind: 'ready', paneId: pane.paneId, isWorking: true }
    case 'waiting':
      if (detail === 'approval') return refused('its agent waits for an approval', `answer it first: ${attach}`)
      if (detail === 'dialog') return refused('a menu or a dialog is open in its agent', `answer it first: ${attach}`)
      return { kind: 'ready', paneId: pane.paneId, isWorking: false }
    // Its conversation is open: it goes on where the limit is over, else says again that it is not.
    case 'limited':
    case 'idle':
      return { kind: 'ready', paneId: pane.paneId, isWorking: false }
    case 'exited':
      if (until !== undefined) {
        return refused('its agent has crashed, and is started again by itself', `wait, or look: ${attach}`, true)
      }
      return refused(`its agent has ended${detail === undefined ? '' : ` (${detail})`}`, restart)
    case 'unknown':
      return refused('what its agent does is not known', `look: ${attach}`)
  }
}

type Input = ReturnType<typeof inputBox>

const notEmpty: Readonly<Record<Exclude<Input, 'empty'>, string>> = {
  text: 'somebody has typed into its input, and not sent it',
  shell: 'its input is for commands of the shell (!)',
  none: 'its input is not to be seen: a menu or a dialog is open, or it is a version with another look',
}

/** What the agent's input shows, as soon as that is one of these, else when the time is over. */
async function waitForInput(paneId: string, wanted: readonly Input[], tools: SessionTools): Promise<Input> {
  const deadline = performance.now() + shownMs
  for (;;) {
    const shown = inputBox(await tools.tmux.capturePane(paneId, 'styled'))
    if (wanted.includes(shown) || performance.now() > deadline) return shown
    await delay(100)
  }
}

async function readRecord(name: SessionName, tools: SessionTools): Promise<SessionRecord> {
  const record = await tools.registry.read(name)
  if (record !== undefined) return record
  throw new Problem({
    doing: `send to the session ${name}`,
    because: 'dev-orchestrator knows no such session',
    remedy: 'see `devorch ls`',
    field: 'project_name',
  })
}
