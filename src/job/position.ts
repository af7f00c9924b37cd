import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../support/problem.js'
import type { SpoolFolders } from './folders.js'
import { madeMsOf, parseJobId, type JobId } from './id.js'

/**
 * The place of a queued job among the files of the inbox, 1 for the next: about the order in which the worker looks at
 * them. Jobs that wait for others of their project, or are held back, let those behind them go first.
 * @returns undefined where the job is not in the inbox
 */
export async function queuePosition(folders: SpoolFolders, id: JobId): Promise<number | undefined> {
  const names = (await readdir(folders.inbox)).filter((name) => !name.startsWith('.') && /\.ya?ml$/i.test(name))
  if (!names.includes(`${id}.yaml`)) return undefined
  const madeMs = madeMsOf(id)
  let before = 0
  for (const name of names) {
    const other = parseJobId(name.replace(/\.yaml$/, ''))
    // Only what was dropped by hand has to be asked for its time.
    const otherMs = other === undefined ? await changedMs(join(folders.inbox, name)) : madeMsOf(other)
    if (otherMs < madeMs || (otherMs === madeMs && other !== undefined && other < id)) before += 1
  }
  return before + 1
}

/** A file that has gone meanwhile stands behind everything. */
async function changedMs(path: string): Promise<number> {
  try {
    return (await lstat(path)).mtimeMs
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return Infinity
  }
}
