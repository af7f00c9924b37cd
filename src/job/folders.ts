import { join } from 'node:path'
import { exists } from '../support/files.js'
import type { JobId } from './id.js'
import type { JobState } from './record.js'

/** The folders of the queue; all on one filesystem, since every step is a rename. */
export interface SpoolFolders {
  readonly inbox: string
  readonly active: string
  readonly done: string
  readonly failed: string
}

/** The largest job file that is taken, in bytes; every job that a call may carry fits (job.ts). */
export const maxJobFileBytes = 1024 * 1024

/** The largest record that is read, in bytes: a job file of the largest size, with what the daemon added to it. */
export const maxRecordBytes = 4 * maxJobFileBytes

/** The record of a job in a state. */
export function recordPath(folders: SpoolFolders, state: JobState, id: JobId): string {
  return join(state === 'queued' ? folders.inbox : folders[state], `${id}.yaml`)
}

/** A file that was no valid job, as it came. */
export function rawPath(folders: SpoolFolders, id: JobId): string {
  return join(folders.failed, `${id}.raw`)
}

/** Separates the job id from the dropped file's name in active/, between the rename and the publishing. */
export const claimMark = '.claimed.'

/** A file that was taken out of the inbox and is not checked yet. */
export function claimedPath(folders: SpoolFolders, id: JobId, name: string): string {
  return join(folders.active, `${id}${claimMark}${name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80)}`)
}

/** Whether something, be it a dangling link, stands at one of the paths. */
export async function existsAny(paths: readonly (string | Buffer)[]): Promise<boolean> {
  for (const path of paths) if (await exists(path)) return true
  return false
}
