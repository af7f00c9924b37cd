import type { JobResult } from '../job/result.js'
import { findUnsaved } from '../repo/unsaved.js'
import { Problem } from '../support/problem.js'
import type { SessionName } from './name.js'
import { reapSession } from './reap.js'
import type { SessionRecord } from './registry.js'
import type { SessionTools } from './tools.js'
import { putAway, retireRecord, trashedCopyOf, trashIdOf } from './trash.js'
import { exists } from '../support/files.js'

export interface EndRequest {
  readonly name: SessionName
  /** Who asked for it, or which limit was reached; one line for people. */
  readonly why: string
  /** Whether the working copy stays where it is. */
  readonly keep: boolean
  /** An attempt before this one was cut off, perhaps after it had done all: no session then is what was wanted. */
  readonly again: boolean
}

/** For what is told of a working copy; a larger repository is moved without having been looked through. */
const lookTimeoutMs = 60_000

/**
 * Removes a session: ends its processes, also those in the background, moves its working copy as it is to the trash, and
 * then its record, with which all can be brought back. Each step finds what an earlier call has done, and none that
 * matters needs room on the disk. The caller holds the session's lock.
 * @throws Problem where there is no such session of ours
 */
export async function endSession(request: EndRequest, tools: SessionTools): Promise<JobResult> {
  const { name } = request
  const known = await tools.registry.read(name)
  const destroyed = () => ({ status: 'destroyed', session: name, finished_at: tools.now().toISOString() }) as const
  if (known === undefined) {
    if (request.again) return destroyed()
    throw new Problem({
      doing: `end the session ${name}`,
      because: 'dev-orchestrator knows no such session',
      remedy: 'see `devorch ls`',
      field: 'project_name',
    })
  }
  const id = trashIdOf(known)
  const { left } = await reapSession(known.job_id, tools.tmux)
  if (left.length > 0) tools.log.warn('processes of a removed session could not be ended', { session: name, left })
  const record = await noteRemoval(known, request, tools)
  const copy = await putAway(record, request.keep)
  await retireRecord(name, record, tools)
  return {
    ...destroyed(),
    trash_id: id,
    working_copy: known.working_copy,
    ...(copy.kind === 'moved' ? { moved_to: copy.to } : {}),
    ...(copy.kind === 'left' ? { left_because: copy.because } : {}),
    unsaved: record.removed?.unsaved ?? null,
    ...(left.length === 0 ? {} : { left_running: left }),
  }
}

/** Writes down when, why and with what unsaved it goes; where the disk has no room, it goes without. */
async function noteRemoval(known: SessionRecord, request: EndRequest, tools: SessionTools): Promise<SessionRecord> {
  // Moved by an attempt before this one, which has noted it.
  if (await exists(trashedCopyOf(known))) return known
  const unsaved = await findUnsaved(known.working_copy, {
    environment: tools.environment,
    timeoutMs: Math.min(tools.repositories.stepTimeoutMs, lookTimeoutMs),
  })
  const removed = { at: tools.now().toISOString(), why: request.why, unsaved: unsaved?.slice() ?? null }
  const record = { ...known, removed }
  try {
    await tools.registry.write(request.name, record)
  } catch (error) {
    tools.log.warn('why a session was removed could not be noted', { session: request.name, error })
  }
  return record
}
