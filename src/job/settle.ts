import { link, lstat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { moveWithoutReplacing, publish, readBounded, syncFolder, unlinkIfThere } from '../support/files.js'
import { codeOf, Problem } from '../support/problem.js'
import { readRecord } from './find.js'
import { existsAny, maxRecordBytes, recordPath, type SpoolFolders } from './folders.js'
import { parseJobFile } from './job.js'
import { formatRecord, type JobRecord } from './record.js'
import { restingState, type JobResult } from './result.js'

/**
 * Puts an active job to rest with its result. Where the disk refused it half-way, it is completed by the same call.
 * @throws Problem where somebody else changed its file; a system error (ENOSPC, EROFS, …)
 */
export async function settleJob(folders: SpoolFolders, record: JobRecord, result: JobResult): Promise<void> {
  const from = recordPath(folders, 'active', record.id)
  const to = recordPath(folders, restingState(result), record.id)
  const before = await readRecord(to, record.id)
  if (before?.result?.finished_at === result.finished_at) {
    if (!(await existsAny([from])) || (await finishSettling(from, to))) return
  }
  await rewrite(folders, { ...record, result })
  await moveWithoutReplacing(from, to)
}

/** Writes an active job's record anew; keeps the comments and the order of the file as it stands. */
export async function rewrite(folders: SpoolFolders, record: JobRecord): Promise<void> {
  const path = recordPath(folders, 'active', record.id)
  const file = await readBounded(path, maxRecordBytes)
  const parsed = file.kind === 'file' ? parseJobFile(file.bytes) : undefined
  if (parsed?.ok !== true) {
    throw new Problem({
      doing: `write to the record of job ${record.id}`,
      because: 'its file in state/active was changed or removed by someone else',
      remedy: 'leave the files in state/active alone',
    })
  }
  await publish(path, formatRecord(record, parsed.document))
}

/**
 * Completes a settlement that was cut off before, or amid, the move of the record.
 * @returns false where another file stands at `to`: nothing was moved then
 */
export async function finishSettling(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const [here, there] = await Promise.all([lstat(from), lstat(to)])
    if (here.ino !== there.ino || here.dev !== there.dev) return false
  }
  await syncFolder(dirname(to))
  await unlinkIfThere(from)
  await syncFolder(dirname(from))
  return true
}
