import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { parseJobId, type JobId } from '../job/id.js'
import { exists, publish, unlinkIfThere } from '../support/files.js'

/** Switches that people set for the daemon, also while none runs: empty files in `state/control`. */
export interface Control {
  isPaused(): Promise<boolean>
  pause(): Promise<void>
  resume(): Promise<void>
  requestCancel(id: JobId): Promise<void>
  /** Jobs whose cancelling was asked for. */
  cancelRequests(): Promise<JobId[]>
  clearCancel(id: JobId): Promise<void>
}

const cancelPrefix = 'cancel-'

export function createControl(folder: string): Control {
  const paused = join(folder, 'paused')
  return {
    isPaused: () => exists(paused),
    pause: () => publish(paused, ''),
    resume: () => unlinkIfThere(paused),
    requestCancel: (id) => publish(join(folder, `${cancelPrefix}${id}`), ''),
    async cancelRequests() {
      const names = await readdir(folder)
      return names
        .flatMap((name) => (name.startsWith(cancelPrefix) ? [parseJobId(name.slice(cancelPrefix.length))] : []))
        .filter((id) => id !== undefined)
    },
    clearCancel: (id) => unlinkIfThere(join(folder, `${cancelPrefix}${id}`)),
  }
}
