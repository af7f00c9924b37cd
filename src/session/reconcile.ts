import type { PaneListing, TmuxServer } from '../tmux/types.js'
import type { SessionRecord } from './registry.js'

/** What tmux and the machine say, against which the records are held. */
export interface Seen {
  readonly listing: PaneListing
  readonly bootId: string
}

/**
 * What became of a session that has a record:
 * - `noted`: just what its record says;
 * - `standing`: it stands, on a server that its record does not name, or though its record says that it was ended;
 * - `ended`: its own server is still there without it, so a person has ended it; or there is no server, and its own was one
 *   that ends with its last session;
 * - `lost`: its server, or the machine, went down with it;
 * - `unknown`: it can't be told, now or ever.
 */
export type Fate = 'noted' | 'standing' | 'ended' | 'lost' | 'unknown'

/** Pure. A session is known by the job that made it, so also one that a person has renamed. */
export function fateOf(record: SessionRecord, { listing, bootId }: Seen): Fate {
  if (listing.kind === 'unknown') return 'unknown'
  const { tmux_server: server, ended_at: endedAt } = record
  if (listing.kind === 'panes' && listing.panes.some((pane) => pane.jobId === record.job_id)) {
    return endedAt === undefined && isSame(server, listing.server, bootId) ? 'noted' : 'standing'
  }
  if (endedAt !== undefined) return 'noted'
  if (server === undefined) return 'unknown'
  if (server.boot_id !== bootId) return 'lost'
  switch (listing.kind) {
    case 'panes':
      return isSame(server, listing.server, bootId) ? 'ended' : 'lost'
    case 'no-server':
      // One that does not end with its last session was stopped, or failed: the next one tells.
      return server.exit_empty ? 'ended' : 'unknown'
  }
}

/** The record of a session that stands on this server, whatever it said before. */
export function standingOn(record: SessionRecord, server: TmuxServer, bootId: string): SessionRecord {
  const { ended_at: _endedAt, ...rest } = record
  const { pid, startTime, exitEmpty } = server
  return { ...rest, tmux_server: { boot_id: bootId, pid, start_time: startTime, exit_empty: exitEmpty } }
}

/** The order in which lost sessions come back: the oldest first. */
export function byAge(a: SessionRecord, b: SessionRecord): number {
  return a.created_at.localeCompare(b.created_at) || a.name.localeCompare(b.name)
}

function isSame(noted: SessionRecord['tmux_server'], server: TmuxServer, bootId: string): boolean {
  return noted?.boot_id === bootId && noted.pid === server.pid && noted.start_time === server.startTime
}
