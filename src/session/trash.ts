import { lstat, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseJobId, type JobId } from '../job/id.js'
import { isMade, unmarkMade } from '../repo/made-mark.js'
import { exists, removeFolder, syncFolder } from '../support/files.js'
import { mountsWithin } from '../support/mounts.js'
import { codeOf, Problem } from '../support/problem.js'
import { systemProblem } from '../support/system-problem.js'
import { removePaneFiles } from './environment.js'
import type { SessionName } from './name.js'
import type { SessionRecord } from './registry.js'
import type { SessionTools } from './tools.js'

/** What became of a working copy whose session was removed. */
export type PutAway =
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'left'; readonly because: string }
  | { readonly kind: 'gone' }

/** A removed session is named by the job that made it, which no other session has. @throws Problem */
export function trashIdOf(record: SessionRecord): JobId {
  const id = parseJobId(record.job_id)
  if (id !== undefined) return id
  throw new Problem({
    doing: `remove the session ${record.name}`,
    because: `its record names no job: ${record.job_id}`,
    remedy: 'move state/sessions/NAME.yaml away',
  })
}

/**
 * Where a working copy lies once its session was removed: hidden, beside its place. So it is on the same filesystem, and
 * no folder must be made first, for which a full disk may have no room.
 */
export function trashedCopyOf(record: SessionRecord): string {
  return join(dirname(record.working_copy), `.devorch-trash-${trashIdOf(record)}`)
}

/** Where the record of a removed session is; its own files are in the folder of that name without the ending. */
export function trashedRecordOf(id: JobId, tools: Pick<SessionTools, 'home'>): string {
  return join(tools.home.trash, `${id}.yaml`)
}

/**
 * Moves the working copy of a removed session out of its place by one rename, as it is. A further call finds it moved.
 * It is left where it is where a person asked for that or has made it, where something is mounted in it, and
 * where the system does not let it be moved.
 * @throws Problem where the disk refuses
 */
export async function putAway(record: SessionRecord, keep: boolean): Promise<PutAway> {
  const { working_copy: place, project } = record
  const to = trashedCopyOf(record)
  // Moved by an earlier call, unless the one that the daemon made stands in its place all the same.
  const isTaken = await exists(to)
  if (isTaken && !(await isMade(place, project))) return { kind: 'moved', to }
  const stats = await lstat(place).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  })
  if (stats === undefined) return { kind: 'gone' }
  if (!stats.isDirectory()) return { kind: 'left', because: 'it is no folder any more' }
  if (keep) {
    await unmarkMade(place)
    return { kind: 'left', because: 'as was asked for' }
  }
  if (!(await isMade(place, project))) return { kind: 'left', because: 'dev-orchestrator did not make it' }
  if (isTaken) return { kind: 'left', because: `something stands at ${to}` }
  const [mount] = await mountsWithin(place)
  if (mount !== undefined) return { kind: 'left', because: `${mount} is mounted there` }
  try {
    await rename(place, to)
  } catch (error) {
    const refused = { EXDEV: 'it is on another filesystem', EBUSY: 'something is mounted there' }
    const code = codeOf(error) ?? ''
    if (code === 'EXDEV' || code === 'EBUSY') return { kind: 'left', because: refused[code] }
    if (code === 'EACCES' || code === 'EPERM') return { kind: 'left', because: `it may not be moved (${code})` }
    throw systemProblem(`move ${place} to the trash`, error) ?? error
  }
  await syncFolder(dirname(to))
  return { kind: 'moved', to }
}

/**
 * Moves a session's record, and its own files before it, to the trash, by renames, which need no room on the disk. The
 * values of its environment are secrets, and are made anew where it comes back.
 */
export async function retireRecord(name: SessionName, record: SessionRecord, tools: SessionTools): Promise<void> {
  const { registry, home } = tools
  const id = trashIdOf(record)
  const folder = registry.folderOf(name)
  await removePaneFiles(folder)
  await moveFolder(folder, join(home.trash, id))
  await rename(registry.pathOf(name), trashedRecordOf(id, tools))
  await syncFolder(home.trash)
  await syncFolder(home.sessions)
}

/**
 * Completes a removal that was cut off after the working copy had been moved: without it, a new session of that name
 * would take the place of the record.
 */
export async function completeRemoval(name: SessionName, record: SessionRecord, tools: SessionTools): Promise<void> {
  if (parseJobId(record.job_id) === undefined || !(await exists(trashedCopyOf(record)))) return
  await retireRecord(name, record, tools)
}

/** Moves a session's own files; those of an earlier one in the way, without a record, are nobody's. */
export async function moveFolder(from: string, to: string): Promise<void> {
  if (!(await exists(from))) return
  await removeFolder(to)
  await rename(from, to)
}
