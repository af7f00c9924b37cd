import { stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Job } from '../job/job.js'
import { createPulse } from '../job/pulse.js'
import type { SessionName } from '../session/name.js'
import { byAge, fateOf, standingOn, type Seen } from '../session/reconcile.js'
import { soundRecords, type SessionRecord } from '../session/registry.js'
import type { SessionTools } from '../session/tools.js'
import { readBootId } from '../support/boot-id.js'
import type { Logger } from '../support/log.js'
import type { Workshop } from './assemble.js'
import { lockSession } from './lock-session.js'
import { ownOrigin } from './own-origin.js'

/** Keeps the records of the sessions and tmux together. */
export interface SessionKeeper {
  /** Resolves when the look under way has ended; none begins any more. */
  readonly stop: () => Promise<void>
}

const everyMs = 10_000

/**
 * Looks now and every 10 seconds which sessions do not stand any more. Those that a person has ended are marked, so that
 * they stay away after a reboot too; those that went down with their tmux server or the machine are restored, each by a
 * job of its own, so that this is durable, visible and throttled like any other work. Where `sessions.killed` is `restore`,
 * so are the former. Where tmux gives no answer nothing is judged, and the log says so once.
 */
export function keepSessions(workshop: Workshop, log: Logger): SessionKeeper {
  /** Of each loss that was dealt with in this process its key: a restore that failed is not tried at every look. */
  const dealtWith = new Set<string>()
  let hadNoServer = false
  let hadNoAnswer = false

  const look = async (): Promise<void> => {
    const { tools } = workshop
    const records = await soundRecords(tools.registry)
    if (records.length === 0) return
    const seen = await see(tools)
    if (seen.listing.kind === 'unknown' && !hadNoAnswer) {
      log.warn('tmux gives no answer; what became of the sessions is not judged', { because: seen.listing.because })
    }
    hadNoAnswer = seen.listing.kind === 'unknown'
    // A machine that goes down may end tmux just before the daemon: no server counts when it is seen twice.
    const isSure = seen.listing.kind !== 'no-server' || hadNoServer
    hadNoServer = seen.listing.kind === 'no-server'
    const lost: SessionRecord[] = []
    for (const { name, record } of records) {
      switch (fateOf(record, seen)) {
        case 'noted':
        case 'unknown':
          break
        case 'standing':
          await note(name, workshop, log)
          break
        case 'ended':
          if (isSure) await note(name, workshop, log)
          break
        case 'lost':
          lost.push(record)
      }
    }
    // Under systemd the server is another unit's, and may come later.
    if (seen.listing.kind === 'no-server' && !tools.tmux.mayStartServer) return
    for (const record of lost.sort(byAge)) await restore(record)
  }

  const restore = async (record: SessionRecord): Promise<void> => {
    const key = keyOf(record)
    if (dealtWith.has(key)) return
    // A job that was cut off, or waits, may be why it does not stand, and makes or ends it anyway: the next look tells.
    if ((await workshop.spool.pending(record.project)).length > 0) return
    if (workshop.tools.config.sessions.restore) {
      const job: Job = { project_name: record.project, action: 'restore' }
      const { id, duplicate } = await workshop.spool.dropOnce(key, job, ownOrigin)
      if (!duplicate)
        log.info('session was lost with its tmux server; restoring it', { session: record.name, jobId: id })
      // Ids and so the order of the jobs go by the millisecond.
      await delay(2)
    } else {
      log.info('session was lost with its tmux server; sessions.restore is off', { session: record.name })
    }
    dealtWith.add(key)
  }

  const pulse = createPulse({
    look,
    everyMs,
    onError: (error) => {
      log.error('the sessions could not be looked through; it is tried again', { error })
    },
  })
  pulse.hint()
  return { stop: pulse.stop }
}

async function see(tools: SessionTools): Promise<Seen> {
  return { listing: await tools.tmux.listPanes(), bootId: await readBootId() }
}

/** Writes down what became of a session, unless somebody is at work on it: judged anew under its lock. */
async function note(name: SessionName, workshop: Workshop, log: Logger): Promise<void> {
  const { tools } = workshop
  const lock = await lockSession(name, tools, { waitMs: 0 })
  if (lock === 'held') return
  try {
    const record = await tools.registry.read(name)
    if (record === undefined) return
    const seen = await see(tools)
    switch (fateOf(record, seen)) {
      case 'noted':
      case 'unknown':
      case 'lost':
        return
      case 'standing':
        if (seen.listing.kind !== 'panes') return
        await tools.registry.write(name, standingOn(record, seen.listing.server, seen.bootId))
        return
      case 'ended':
        if (tools.config.sessions.killed === 'restore' && record.removed === undefined) {
          await bringBack(record, name, workshop, log)
          return
        }
        await tools.registry.write(name, { ...record, ended_at: tools.now().toISOString() })
        log.info('session was ended by a person', { session: name })
    }
  } finally {
    await lock.release()
  }
}

/** Has a session that was ended from outside made again: once for each time that it was started, which is when its record was written. */
async function bringBack(
  record: SessionRecord,
  name: SessionName,
  { tools, spool }: Workshop,
  log: Logger,
): Promise<void> {
  if ((await spool.pending(record.project)).length > 0) return
  const { mtimeMs } = await stat(tools.registry.pathOf(name))
  const job: Job = { project_name: record.project, action: 'restore' }
  const { id, duplicate } = await spool.dropOnce(
    `killed:${name}:${record.job_id}:${mtimeMs.toString()}`,
    job,
    ownOrigin,
  )
  if (!duplicate) log.info('session was ended from outside; restoring it', { session: name, jobId: id })
}

/** One for each loss of a session: it was brought back onto another server since, or it was not. */
function keyOf({ name, job_id: jobId, tmux_server: server }: SessionRecord): string {
  const { boot_id: boot = '', pid = 0, start_time: startTime = 0 } = server ?? {}
  return `restore:${name}:${jobId}:${boot}:${pid.toString()}:${startTime.toString()}`
}
