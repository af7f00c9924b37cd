import { createPulse } from '../job/pulse.js'
import { expiryOf, useOf } from '../session/expiry.js'
import type { SessionTools } from '../session/tools.js'
import type { Logger } from '../support/log.js'
import { Problem } from '../support/problem.js'
import type { Workshop } from './assemble.js'
import { ownOrigin } from './own-origin.js'

/** A test shortens it. */
const everyMs = 60_000

/**
 * Looks now and every minute which sessions are too old or too long unused (`sessions.ttl_days`, `sessions.idle_days`), and
 * drops a job that removes each: durable and visible like any other work. The job judges anew.
 */
export function expireSessions(workshop: Workshop, log: Logger): { readonly stop: () => Promise<void> } {
  const asked = new Set<string>()

  const look = async (): Promise<void> => {
    const { tools } = workshop
    const { ttl_days: ttlDays, idle_days: idleDays } = tools.config.sessions
    if (ttlDays === 0 && idleDays === 0) return
    for (const { project, name, why } of await overdue(tools)) {
      if ((await workshop.spool.pending(project)).length > 0) continue
      // At most one an hour, also where it fails, or finds that somebody has come back.
      const key = `expire:${name}:${tools.now().toISOString().slice(0, 13)}`
      if (asked.has(key)) continue
      asked.add(key)
      const job = { project_name: project, action: 'destroy' } as const
      const { id, duplicate } = await workshop.spool.dropOnce(key, job, ownOrigin)
      if (!duplicate) log.info('the time of a session is over; removing it', { session: name, because: why, jobId: id })
    }
  }

  const pulse = createPulse({
    look,
    everyMs,
    onError: (error) => {
      log.error('it could not be seen whose time is over; it is tried again', { error })
    },
  })
  pulse.hint()
  return { stop: pulse.stop }
}

async function overdue(tools: SessionTools): Promise<{ project: string; name: string; why: string }[]> {
  const activity = await tools.tmux.listActivity()
  const found: { project: string; name: string; why: string }[] = []
  for (const name of await tools.registry.list()) {
    try {
      const record = await tools.registry.read(name)
      if (record === undefined) continue
      const use = await useOf(name, record, activity, tools)
      const why = expiryOf(record, use, tools.config.sessions, tools.now())
      if (why !== undefined) found.push({ project: record.project, name, why })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      tools.log.debug('record of a session passed over', { session: name, error: error.message })
    }
  }
  return found
}
