import { createHash } from 'node:crypto'
import { findJob, listJobs } from './find.js'
import type { SpoolFolders } from './folders.js'
import { keyMarkOf, type JobId } from './id.js'

/**
 * Knows which job a key (a delivery id, an Idempotency-Key) led to. The last part of a keyed job's id is a digest of
 * its key, so the files' names are the memory: it survives a restart and is pruned with them.
 */
export interface Keys {
  /** The newest job of the key that has not failed; undefined: there is none, so another may begin. */
  find(mark: string): Promise<JobId | undefined>
  /** Notes a job that was made in this process. */
  note(id: JobId): void
}

/** The part of a job id that stands for a key: 16 hexadecimal digits, as long as the random part of other ids. */
export function markOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16)
}

export function createKeys(folders: SpoolFolders): Keys {
  /** By mark: the newest id. Made at the first question, since a large done/ takes a moment to list. */
  let known: Promise<Map<string, JobId>> | undefined

  const load = async (): Promise<Map<string, JobId>> => {
    const marks = new Map<string, JobId>()
    // In the order in which a job moves: one that moves meanwhile is met twice, not missed.
    for (const state of ['queued', 'active', 'done', 'failed'] as const) {
      // Oldest first, so that the newest stays.
      for (const id of (await listJobs(folders, state)).reverse()) {
        const before = marks.get(keyMarkOf(id))
        if (before === undefined || before < id) marks.set(keyMarkOf(id), id)
      }
    }
    return marks
  }

  const standing = async (id: JobId | undefined): Promise<boolean> => {
    const job = id === undefined ? undefined : await findJob(folders, id)
    return job !== undefined && job.state !== 'failed'
  }

  return {
    async find(mark) {
      known ??= load()
      known.catch(() => (known = undefined))
      const id = (await known).get(mark)
      if (id === undefined) return undefined
      if (await standing(id)) return id
      // `devorch retry`, in a process of its own, may have begun it again.
      known = load()
      known.catch(() => (known = undefined))
      const again = (await known).get(mark)
      return again !== id && (await standing(again)) ? again : undefined
    },

    note(id) {
      known = known?.then((marks) => marks.set(keyMarkOf(id), id))
    },
  }
}
