import { watch, type FSWatcher } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../support/problem.js'

/** What pane.sh and hook.sh write to `agent-events`, oldest first within a run of the agent. */
export const agentEventNames = [
  'started',
  'missing',
  'session-start',
  'working',
  'waiting',
  'approval',
  'failed',
  'limited',
  'session-end',
  'exited',
  'resuming',
  'given-up',
] as const

export type AgentEventName = (typeof agentEventNames)[number]

/** One line of `agent-events`: `<unix milliseconds> <event>[ <detail>]`. */
export interface AgentEvent {
  readonly at: Date
  readonly name: AgentEventName
  /**
   * `exited`: the exit code. `resuming`: which time in a row, and in how many seconds. `given-up`: after how
   * many times, none where a person ended the wait. `missing`: how to install it. `session-start`: `clear` after
   * the command /clear.
   */
  readonly detail?: string
}

const tailBytes = 64 * 1024

/** Their file. */
export function agentEventsPath(sessionFolder: string): string {
  return join(sessionFolder, 'agent-events')
}

/**
 * The last events of a session's agent, oldest first: those in the last 64 KiB of the file. A line still being
 * written, or that isn't an event, is left out; without a file there are none.
 * @throws a system error where the file can't be read.
 */
export async function readAgentEvents(sessionFolder: string): Promise<readonly AgentEvent[]> {
  const text = await tailOf(agentEventsPath(sessionFolder))
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole.split('\n').flatMap((line) => parseEvent(line) ?? [])
}

/**
 * Waits until one of the named events is in the file; with `since`, one not older than that. Resolves to the
 * first such event, or undefined after `timeoutMs` or when `signal` aborts.
 * @throws a system error where the file can't be read.
 */
export async function waitForAgentEvent(
  sessionFolder: string,
  names: readonly AgentEventName[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly since?: Date },
): Promise<AgentEvent | undefined> {
  const deadline = performance.now() + options.timeoutMs
  const oldest = options.since?.getTime() ?? -Infinity
  let changed = new AbortController()
  const watcher = watchFolder(sessionFolder, () => {
    changed.abort()
  })
  try {
    for (;;) {
      changed = new AbortController()
      const events = await readAgentEvents(sessionFolder)
      const found = events.find((event) => names.includes(event.name) && event.at.getTime() >= oldest)
      if (found !== undefined) return found
      const leftMs = deadline - performance.now()
      if (leftMs <= 0 || options.signal?.aborted === true) return undefined
      const until = options.signal === undefined ? [changed.signal] : [changed.signal, options.signal]
      await pause(Math.min(lookAgainMs, leftMs), AbortSignal.any(until))
    }
  } finally {
    watcher?.close()
  }
}

/** How soon it is looked again where no change was told: inotify may have no watch left, or lose an event. */
const lookAgainMs = 100

/** Undefined where the folder can't be watched. */
function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    watcher.on('error', () => {
      watcher.close()
    })
    return watcher
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return undefined
  }
}

/** Ends early where `signal` aborts. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

/** The file's end from a line's start on; empty where there is no file. */
async function tailOf(path: string): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - tailBytes)
    const buffer = Buffer.alloc(size - start)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
    const text = buffer.toString('utf8', 0, bytesRead)
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1)
  } finally {
    await file.close()
  }
}

function parseEvent(line: string): AgentEvent | undefined {
  const [, at = '', word = '', detail] = /^(\d{1,15}) ([a-z-]+)(?: (.*))?$/.exec(line) ?? []
  const name = agentEventNames.find((known) => known === word)
  if (name === undefined) return undefined
  return { at: new Date(Number(at)), name, ...(detail === undefined ? {} : { detail }) }
}
