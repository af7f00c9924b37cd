import { constants } from 'node:fs'
import { open, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { readBounded } from '../support/files.js'
import { jsonOf } from '../support/json.js'

/**
 * What Claude Code says of itself while it runs. `gone`: its process has ended. `waitingFor` is one of its own words, and
 * `sessionId` the conversation that it is at, where these are told.
 */
export type ClaudeState =
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'told'
      readonly status: 'busy' | 'idle' | 'waiting'
      readonly since: Date
      readonly waitingFor: string | undefined
      readonly sessionId: string | undefined
      /** Its folder of configuration, absolute. */
      readonly configFolder: string
    }

/** Undocumented: `CONFIG/sessions/PID.json` of Claude Code 2.1.330. It stays behind after a SIGKILL. */
const stateSchema = z.looseObject({
  pid: z.number(),
  /** As in proc_pid_stat(5), (22) starttime. */
  procStart: z.string(),
  /** `shell`: at rest, while a command of its input box (`!`) runs on. */
  status: z.enum(['busy', 'idle', 'waiting', 'shell']).transform((word) => (word === 'shell' ? 'idle' : word)),
  statusUpdatedAt: z.number(),
  waitingFor: z.string().optional().catch(undefined),
  sessionId: z.uuid().optional().catch(undefined),
})

const maxBytes = 64 * 1024
/**
 * What launch-claude.sh writes, before it becomes Claude Code: its process id, and the folder of configuration. pane.sh
 * removes the one of an earlier process before it says that the agent is started.
 */
const processFile = 'claude-process'

/**
 * What the session's Claude Code says of itself; undefined where that can't be told: no file, one of another shape, a
 * wrapper that starts it as a further process.
 */
export async function readClaudeState(sessionFolder: string): Promise<ClaudeState | undefined> {
  const note = await textOf(join(sessionFolder, processFile))
  const [, pid, configFolder] = /^(\d{1,10})\n(\/[^\0]*)\n$/.exec(note ?? '') ?? []
  if (pid === undefined || configFolder === undefined) return undefined
  const startTime = await startTimeOf(pid)
  if (startTime === undefined) return { kind: 'gone' }
  const parsed = stateSchema.safeParse(jsonOf((await textOf(join(configFolder, 'sessions', `${pid}.json`))) ?? ''))
  if (!parsed.success || parsed.data.pid !== Number(pid) || parsed.data.procStart !== startTime) return undefined
  const { status, statusUpdatedAt, waitingFor, sessionId } = parsed.data
  const since = new Date(statusUpdatedAt)
  if (Number.isNaN(since.getTime())) return undefined
  return { kind: 'told', status, since, waitingFor, sessionId, configFolder }
}

/** proc_pid_stat(5), (22) starttime in clock ticks since the boot; undefined where no such process runs. */
async function startTimeOf(pid: string): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
}

/** A file's text; undefined where it can't be read. */
async function textOf(path: string): Promise<string | undefined> {
  const read = await readBounded(path, maxBytes).catch(() => undefined)
  return read?.kind === 'file' ? read.bytes.toString('utf8') : undefined
}

/** A line of the conversation's file that tells of a limit (Claude Code 2.1.330, undocumented). */
const limitSchema = z.looseObject({
  timestamp: z.iso.datetime().transform((text) => new Date(text)),
  isApiErrorMessage: z.literal(true),
  quotaLimits: z.looseObject({ status: z.literal('rejected'), resetsAt: z.number().int().positive() }),
})

const tailBytes = 256 * 1024
/** The longest limit is a week's. */
const maxLimitMs = 15 * 24 * 60 * 60 * 1000
/** Between the line and its event. */
const maxLagMs = 120_000

/** When the limit is over that Claude Code met at `metAt`, as its conversation's file tells; undefined where that doesn't. */
export async function readLimitEnd(state: ClaudeState | undefined, metAt: Date): Promise<Date | undefined> {
  if (state?.kind !== 'told' || state.sessionId === undefined) return undefined
  const projects = join(state.configFolder, 'projects')
  for (const folder of await readdir(projects).catch(() => [])) {
    const lines = (await tailOf(join(projects, folder, `${state.sessionId}.jsonl`)))?.split('\n') ?? []
    for (const line of lines.reverse()) {
      const parsed = limitSchema.safeParse(line.includes('quotaLimits') ? jsonOf(line) : undefined)
      if (!parsed.success || parsed.data.timestamp.getTime() < metAt.getTime() - maxLagMs) continue
      const end = parsed.data.quotaLimits.resetsAt * 1000
      const aheadMs = end - metAt.getTime()
      return aheadMs > -maxLagMs && aheadMs < maxLimitMs ? new Date(end) : undefined
    }
  }
  return undefined
}

async function tailOf(path: string): Promise<string | undefined> {
  // The agent's own folder: what lies there may be anything.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const file = await open(path, flags).catch(() => undefined)
  if (file === undefined) return undefined
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return undefined
    const { size } = stats
    const buffer = Buffer.alloc(Math.min(size, tailBytes))
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return undefined
  } finally {
    await file.close()
  }
}
