import type { Dirent } from 'node:fs'
import { opendir, readdir } from 'node:fs/promises'
import { readBounded } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import { printable } from '../support/text.js'
import { parseYaml } from '../support/yaml-document.js'
import { claimedPath, claimMark, maxRecordBytes, recordPath, type SpoolFolders } from './folders.js'
import { madeMsOf, parseJobId, type JobId } from './id.js'
import { parseJobFile, type Origin } from './job.js'
import { recordOf, rejectedSchema, type JobRecord, type JobState, type JobView } from './record.js'

/** A job wherever it is now. */
export async function findJob(folders: SpoolFolders, id: JobId): Promise<JobView | undefined> {
  // In the order in which a job moves, so that one which moves meanwhile is met later, not missed.
  const places: [JobState, string][] = [
    ['queued', recordPath(folders, 'queued', id)],
    ['active', claimedPath(folders, id, `${id}.yaml`)],
    ['active', recordPath(folders, 'active', id)],
    ['done', recordPath(folders, 'done', id)],
    ['failed', recordPath(folders, 'failed', id)],
  ]
  for (const [state, path] of places) {
    const record = await readRecord(path, id)
    if (record !== undefined) return { ...record, state }
  }
  return await readRejected(folders, id)
}

/** The ids of a state, newest first; in active/ also those of claims under way. */
export async function listJobs(folders: SpoolFolders, state: JobState): Promise<JobId[]> {
  const folder = state === 'queued' ? folders.inbox : folders[state]
  const names = await readdir(folder)
  const records = names.map((name) => (name.endsWith('.yaml') ? parseJobId(name.slice(0, -'.yaml'.length)) : undefined))
  const claims = state === 'active' ? names.map(idOfClaim) : []
  return [...new Set([...records, ...claims].filter((id) => id !== undefined))].sort().reverse()
}

/** The id that a file of active/ gets whose claim is under way. */
function idOfClaim(name: string): JobId | undefined {
  const end = name.indexOf(claimMark)
  return end === -1 ? undefined : parseJobId(name.slice(0, end))
}

/**
 * The files of a state that are named for a job, in no order and some hundreds at a time, so that a folder of 100,000
 * does not hold up the event loop.
 */
export async function* jobFiles(
  folder: string,
): AsyncGenerator<{ readonly id: JobId; readonly suffix: '.yaml' | '.raw'; readonly entry: Dirent }> {
  for await (const entry of await opendir(folder, { bufferSize: 512 })) {
    const suffix = (['.yaml', '.raw'] as const).find((one) => entry.name.endsWith(one))
    const id = suffix === undefined ? undefined : parseJobId(entry.name.slice(0, -suffix.length))
    if (suffix !== undefined && id !== undefined) yield { id, suffix, entry }
  }
}

/** When the newest of the claimed and settled jobs was received, in milliseconds since 1970. */
export async function newestJobMs(folders: SpoolFolders): Promise<number | undefined> {
  let newest: number | undefined
  for (const folder of [folders.active, folders.done, folders.failed]) {
    try {
      for await (const { id } of jobFiles(folder)) newest = Math.max(newest ?? -Infinity, madeMsOf(id))
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) throw error
    }
  }
  return newest
}

/** The record in a file; undefined where there is none, or none that is understood. */
export async function readRecord(path: string, id: JobId): Promise<JobRecord | undefined> {
  const file = await readBounded(path, maxRecordBytes)
  const parsed = file.kind === 'file' ? parseJobFile(file.bytes) : undefined
  if (file.kind !== 'file' || parsed?.ok !== true) return undefined
  return recordOf(parsed.value, { id, origin: droppedFile(null), receivedAt: file.stats.mtime.toISOString() })
}

/** What is told of a file that was no valid job. */
export async function readRejected(folders: SpoolFolders, id: JobId): Promise<JobView | undefined> {
  const file = await readBounded(recordPath(folders, 'failed', id), maxRecordBytes)
  const parsed = file.kind === 'file' ? parseYaml(file.bytes, rejectedSchema, () => []) : undefined
  if (parsed?.ok !== true) return undefined
  const { file: name, received_at: receivedAt, result } = parsed.value
  const nothing = { job: null, origin: null, attempts: 0, retryOf: undefined }
  return { ...nothing, id, state: 'failed', receivedAt, file: name, result }
}

/** A file that a person, or a script with access to the folder, put into the inbox. */
export function droppedFile(name: string | null): Origin {
  const address = name === null ? null : printable(name)
  return { kind: 'file', address, delivery_id: null, subject: null, sender: null, trusted: true }
}
