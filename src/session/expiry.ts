import { readAgentEvents } from '../agent/events.js'
import type { Config } from '../config/schema.js'
import type { SessionActivity } from '../tmux/types.js'
import type { SessionRecord } from './registry.js'
import type { SessionName } from './name.js'
import type { SessionTools } from './tools.js'

/** What is known of a session's use. Times in milliseconds since 1970. */
export interface Use {
  /** Undefined: tmux gave no answer. */
  readonly standing: boolean | undefined
  readonly isAttached: boolean
  /** The last input or output in its panes, or event of its agent. */
  readonly lastMs: number | undefined
}

const dayMs = 24 * 60 * 60 * 1000

/**
 * Why a session's time is over, in words; undefined: it is not. One with a client is in use, whatever else. One that was
 * lost and may come back is not idle. Pure.
 */
export function expiryOf(
  record: SessionRecord,
  use: Use,
  limits: Pick<Config['sessions'], 'ttl_days' | 'idle_days'>,
  now: Date,
): string | undefined {
  if (use.standing === undefined || use.isAttached) return undefined
  const { ttl_days: ttlDays, idle_days: idleDays } = limits
  const begunMs = Date.parse(record.restored_at ?? record.created_at)
  const olderThan = (sinceMs: number, days: number) => days > 0 && now.getTime() - sinceMs > days * dayMs
  if (olderThan(begunMs, ttlDays)) return `it is older than sessions.ttl_days (${ttlDays.toString()})`
  if (!use.standing && record.ended_at === undefined) return undefined
  const endedMs = record.ended_at === undefined ? 0 : Date.parse(record.ended_at)
  const lastMs = Math.max(begunMs, endedMs, use.lastMs ?? 0)
  if (olderThan(lastMs, idleDays)) return `nothing has happened in it for sessions.idle_days (${idleDays.toString()})`
  return undefined
}

/** @param activity what tmux tells of all sessions; undefined: it gave no answer */
export async function useOf(
  name: SessionName,
  record: SessionRecord,
  activity: readonly SessionActivity[] | undefined,
  tools: SessionTools,
): Promise<Use> {
  const own = activity?.filter((one) => one.jobId === record.job_id)
  const events = await readAgentEvents(tools.registry.folderOf(name))
  const times = [...(own ?? []).map((one) => one.lastMs), ...events.map((event) => event.at.getTime())]
  return {
    standing: own === undefined ? undefined : own.length > 0,
    isAttached: own?.some((one) => one.isAttached) === true,
    lastMs: times.length === 0 ? undefined : Math.max(...times),
  }
}
