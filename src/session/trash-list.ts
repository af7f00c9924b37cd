import { lstat, readdir } from 'node:fs/promises'
import { parseJobId, type JobId } from '../job/id.js'
import { exists } from '../support/files.js'
import { Problem } from '../support/problem.js'
import { parseSessionName, type SessionName } from './name.js'
import { readRecord, type SessionRecord } from './registry.js'
import type { SessionTools } from './tools.js'
import { trashedCopyOf, trashedRecordOf } from './trash.js'

/** A removed session that can be brought back. */
export interface TrashEntry {
  readonly id: JobId
  readonly name: SessionName
  readonly record: SessionRecord
  readonly removedAt: Date
  readonly why: string | null
  /** In words; empty: nothing was; null: it could not be told. */
  readonly unsaved: readonly string[] | null
  /** Its working copy in the trash; null: that was left in its place, or is not there any more. */
  readonly copy: string | null
}

/** The removed sessions, those removed last first; of one whose record is damaged the log tells. */
export async function listTrash(tools: SessionTools): Promise<TrashEntry[]> {
  const names = await readdir(tools.home.trash)
  const ids = names.flatMap((name) => (name.endsWith('.yaml') ? [parseJobId(name.slice(0, -'.yaml'.length))] : []))
  const entries = await Promise.all(ids.filter((id) => id !== undefined).map((id) => readIfSound(id, tools)))
  return entries
    .filter((entry) => entry !== undefined)
    .sort((a, b) => b.removedAt.getTime() - a.removedAt.getTime() || (a.id < b.id ? 1 : -1))
}

/** @throws Problem where the record is there and can't be read */
export async function readTrashEntry(id: JobId, tools: SessionTools): Promise<TrashEntry | undefined> {
  const path = trashedRecordOf(id, tools)
  const record = await readRecord(path)
  const name = record === undefined ? undefined : parseSessionName(record.name)
  if (record === undefined) return undefined
  if (name === undefined || record.job_id !== id) {
    throw new Problem({ doing: `read ${path}`, because: 'it is another session’s', remedy: 'move the file away' })
  }
  const copy = trashedCopyOf(record)
  const { removed } = record
  // The rename was its last change (inode(7)) where a full disk had no room for a note.
  const removedAt = removed === undefined ? (await lstat(path)).ctime : new Date(removed.at)
  return {
    ...{ id, name, record, removedAt, why: removed?.why ?? null, unsaved: removed?.unsaved ?? null },
    copy: (await exists(copy)) ? copy : null,
  }
}

async function readIfSound(id: JobId, tools: SessionTools): Promise<TrashEntry | undefined> {
  try {
    return await readTrashEntry(id, tools)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    tools.log.warn('removed session passed over', { id, error: error.message })
    return undefined
  }
}
