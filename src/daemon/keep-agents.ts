import { stat } from 'node:fs/promises'
import { agentEventsPath, readAgentEvents, type AgentEvent } from '../agent/events.js'
import { createPulse } from '../job/pulse.js'
import { readAgent } from '../session/agent-state.js'
import type { SessionName } from '../session/name.js'
import { soundRecords, type SessionRecord } from '../session/registry.js'
import { agentPane, panesOf } from '../session/view.js'
import type { Logger } from '../support/log.js'
import type { Workshop } from './assemble.js'
import { ownOrigin } from './own-origin.js'

const everyMs = 5000

/** Claude Code 2.1.330 goes on by itself about a minute after a usage limit is over, where nobody has cancelled that. */
const graceMs = 180_000

const goOn = 'The limit that ended the last turn is over. Go on with the work from where it stands.'

/**
 * Looks now and every 5 seconds at what the agents came to. A crash is dealt with in the pane itself, and the log tells of it.
 * An agent that met a limit which is over by now is told to go on, by a job of its own: once each limit.
 */
export function keepAgents(workshop: Workshop, log: Logger): { readonly stop: () => Promise<void> } {
  const seen = new Map<SessionName, { readonly changedMs: number; readonly lastMs: number }>()
  const limited = new Set<SessionName>()
  const dealtWith = new Set<string>()
  const begunMs = Date.now()

  const look = async (): Promise<void> => {
    const { tools } = workshop
    const records = await soundRecords(tools.registry)
    for (const { name } of records) {
      const folder = tools.registry.folderOf(name)
      const changedMs = (await stat(agentEventsPath(folder)).catch(() => undefined))?.mtimeMs
      if (changedMs === undefined || changedMs === seen.get(name)?.changedMs) continue
      const events = await readAgentEvents(folder)
      const toldMs = seen.get(name)?.lastMs ?? begunMs
      seen.set(name, { changedMs, lastMs: Math.max(toldMs, events.at(-1)?.at.getTime() ?? 0) })
      const fresh = events.filter(({ at }) => at.getTime() > toldMs)
      tellOf(fresh, name, log)
      if (events.at(-1)?.name === 'limited') limited.add(name)
      else limited.delete(name)
    }
    const known = new Set(records.map(({ name }) => name))
    for (const name of seen.keys()) if (!known.has(name)) seen.delete(name)
    await goOnWith(records.filter(({ name }) => limited.has(name)))
  }

  const goOnWith = async (records: readonly { name: SessionName; record: SessionRecord }[]): Promise<void> => {
    if (records.length === 0) return
    const { tools, spool } = workshop
    const agents = await Promise.all(
      records.map(({ name, record }) => readAgent(tools.registry.folderOf(name), record.agent.kind, tools.now)),
    )
    const listing = await tools.tmux.listPanes()
    for (const [index, { name, record }] of records.entries()) {
      const { status, since, until, detail } = agents[index]?.status(agentPane(panesOf(record, listing), listing)) ?? {}
      if (status !== 'limited' || until === undefined || !since) continue
      const dueMs = until.getTime() + (detail === 'usage limit' ? graceMs : 0)
      const key = `limit:${name}:${record.job_id}:${since.getTime().toString()}`
      if (tools.now().getTime() < dueMs || dealtWith.has(key)) continue
      if ((await spool.pending(record.project)).length > 0) continue
      dealtWith.add(key)
      const job = { project_name: record.project, action: 'send', text: goOn } as const
      const { id, duplicate } = await spool.dropOnce(key, job, ownOrigin)
      if (!duplicate) log.info('the limit of an agent is over; telling it to go on', { session: name, jobId: id })
    }
  }

  const pulse = createPulse({
    look,
    everyMs,
    onError: (error) => {
      log.error('the agents could not be looked through; it is tried again', { error })
    },
  })
  pulse.hint()
  return { stop: pulse.stop }
}

/** A word in the log for each new event that somebody should know of. */
function tellOf(fresh: readonly AgentEvent[], session: SessionName, log: Logger): void {
  for (const { name, detail } of fresh) {
    switch (name) {
      case 'resuming': {
        const [time, inSeconds] = (detail ?? '').split(' ')
        log.warn('an agent has crashed; it is started again', { session, time, inSeconds })
        break
      }
      case 'given-up': {
        // A person has ended the wait.
        if (detail === undefined) break
        const remedy = 'see its pane; press r there, or devorch restart NAME'
        log.error('an agent crashes again and again; it is not started again by itself', {
          session,
          times: detail,
          remedy,
        })
        break
      }
      case 'limited':
        log.info('an agent has met a limit of its use; it waits until that is over', { session })
        break
      case 'started':
      case 'missing':
      case 'session-start':
      case 'working':
      case 'waiting':
      case 'approval':
      case 'failed':
      case 'session-end':
      case 'exited':
        break
    }
  }
}
