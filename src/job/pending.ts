import { listJobs } from './find.js'
import type { SpoolFolders } from './folders.js'
import { aboutOf, type JobId } from './id.js'

/**
 * Knows the jobs that wait or run by their files' names. To read the folders at every call would cost more than all
 * else where thousands wait, so what other processes do there is seen within a second; jobs of this process at once.
 */
export interface Pending {
  /** The ids with this middle (slugOf), newest first; of some the job may have ended meanwhile. */
  about(about: string): Promise<readonly JobId[]>
  /** How many jobs are queued. */
  queued(): Promise<number>
  /** Notes a job that this process has dropped. */
  note(id: JobId): void
}

const freshMs = 1000

/** @param monotonicMs milliseconds of a clock that never goes back */
export function createPending(folders: SpoolFolders, monotonicMs = () => performance.now()): Pending {
  let names = createNames()
  let atMs = -Infinity
  let looking: Promise<void> | undefined
  /** The jobs that were noted while the folders are read: the reading may have missed them. */
  let noted: JobId[] = []

  const read = async (): Promise<void> => {
    const beganMs = monotonicMs()
    noted = []
    // In the order in which a job moves: one that moves meanwhile is met twice, not missed.
    const queued = await listJobs(folders, 'queued')
    const active = await listJobs(folders, 'active')
    names = createNames()
    for (const id of [...queued, ...noted]) names.add(id, 1)
    for (const id of active) names.add(id, 0)
    atMs = beganMs
  }

  const isOld = (): boolean => monotonicMs() >= atMs + freshMs

  const lookIfOld = async (): Promise<void> => {
    if (!isOld()) return
    looking ??= read().finally(() => (looking = undefined))
    await looking
  }

  return {
    async about(about) {
      await lookIfOld()
      return [...(names.byAbout.get(about) ?? [])].sort().reverse()
    },

    async queued() {
      await lookIfOld()
      return names.queued()
    },

    note(id) {
      if (looking !== undefined) noted.push(id)
      // Else the next question looks anyway.
      if (!isOld()) names.add(id, 1)
    },
  }
}

function createNames() {
  const byAbout = new Map<string, Set<JobId>>()
  let queued = 0
  return {
    byAbout,
    queued: () => queued,
    /** @param waits 1 where it is queued, 0 where it runs */
    add(id: JobId, waits: 0 | 1): void {
      const ids = byAbout.get(aboutOf(id)) ?? new Set()
      byAbout.set(aboutOf(id), ids)
      if (ids.has(id)) return
      ids.add(id)
      queued += waits
    },
  }
}
