import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { sweepTemporaries, unlinkIfThere } from '../support/files.js'
import { finishClaim, reject, type Now } from './claim.js'
import type { Keys } from './keys.js'
import { readRecord } from './find.js'
import { claimMark, existsAny, rawPath, recordPath, type SpoolFolders } from './folders.js'
import { parseJobId, type JobId } from './id.js'
import type { JobRecord } from './record.js'
import { restingState } from './result.js'
import { finishSettling } from './settle.js'

/** What an earlier daemon left unfinished. */
export interface Recovery {
  /** Jobs that were being worked on, oldest first. */
  readonly interrupted: readonly JobRecord[]
  /** Files of active/ that could not be dealt with, and why; they stay there. */
  readonly troubles: readonly { readonly file: string; readonly error: unknown }[]
}

/** Completes half claims and half settlements; docs/job-lifecycle.md has every case. */
export async function recoverJobs(folders: SpoolFolders, keys: Keys, now: Now): Promise<Recovery> {
  // done/ may hold very many, and no record is written there: prune.ts sweeps it, in its own time.
  for (const folder of [folders.inbox, folders.active, folders.failed]) await sweepTemporaries(folder)
  const interrupted = new Map<JobId, JobRecord>()
  const troubles: { file: string; error: unknown }[] = []
  for (const file of (await readdir(folders.active)).sort()) {
    try {
      const record = await recoverFile(folders, keys, file, now)
      if (record !== undefined) interrupted.set(record.id, record)
    } catch (error) {
      troubles.push({ file, error })
    }
  }
  return { interrupted: [...interrupted.values()], troubles }
}

async function recoverFile(folders: SpoolFolders, keys: Keys, file: string, now: Now): Promise<JobRecord | undefined> {
  const mark = file.indexOf(claimMark)
  const id = parseJobId(mark === -1 ? file.replace(/\.yaml$/, '') : file.slice(0, mark))
  if (id === undefined) return undefined
  const path = join(folders.active, file)
  if (mark === -1) return await recoverRecord(folders, id, path, now)

  const published = [recordPath(folders, 'active', id), recordPath(folders, 'done', id)]
  if (await existsAny(published)) {
    await unlinkIfThere(path)
    return undefined
  }
  const name = file.slice(mark + claimMark.length)
  if ((await existsAny([recordPath(folders, 'failed', id)])) && !(await existsAny([rawPath(folders, id)]))) {
    await rename(path, rawPath(folders, id))
    return undefined
  }
  const claim = await finishClaim(folders, keys, { id, claimed: path, name, attempts: 0 }, now)
  return claim.kind === 'claimed' ? claim.record : undefined
}

async function recoverRecord(folders: SpoolFolders, id: JobId, path: string, now: Now): Promise<JobRecord | undefined> {
  const damaged = { id, claimed: path, name: `${id}.yaml`, attempts: 0 } as const
  const quarantine = async (message: string) => {
    await reject(folders, damaged, [{ field: '', message, remedy: 'drop the job again' }], now)
  }
  const record = await readRecord(path, id)
  if (record?.result === undefined) {
    if (record === undefined) await quarantine('the record is damaged')
    return record
  }
  const settled = await finishSettling(path, recordPath(folders, restingState(record.result), id))
  if (!settled) await quarantine('another record of this job stands among the settled ones')
  return undefined
}
