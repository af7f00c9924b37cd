import { access, constants, statfs } from 'node:fs/promises'
import { messageOf, Problem } from '../support/problem.js'
import { isOneMount } from './claim-home.js'

/** Less than this can't be relied on to take one more job. */
const minFreeBytes = 8 * 1024 * 1024
const minFreeFiles = 100

const apart = 'inbox/ and state/ are not on one mount any more, so that no job can be taken'
const apartRemedy = 'unmount what was mounted over inbox/ or state/'

/** How long it is taken for granted that the mounts are as they were, in milliseconds. */
const mountsFreshMs = 1000

/**
 * A check that throws while another disk hides the inbox's own: what is acknowledged must not go there. It looks at most
 * once a second. @throws Problem
 */
export function createMountCheck(folder: string, active: string): () => Promise<void> {
  let soundUntilMs = -Infinity
  return async () => {
    const nowMs = performance.now()
    if (nowMs < soundUntilMs) return
    if (!(await isOneMount(folder, active))) {
      throw new Problem({ doing: 'store the job', because: apart, remedy: apartRemedy, transient: true })
    }
    soundUntilMs = nowMs + mountsFreshMs
  }
}

/**
 * Why the inbox can't take a job now (read-only, full, gone); undefined: it can. Writes nothing, since anybody may ask.
 * What it says ends with its cause: nothing is remembered.
 * @param active the folder that jobs are moved to, which must be on the same mount
 */
export async function inboxTrouble(folder: string, active = folder): Promise<string | undefined> {
  try {
    await access(folder, constants.W_OK)
    if (!(await isOneMount(folder, active))) return `${apart}; ${apartRemedy}`
    const { bavail, bsize, files, ffree } = await statfs(folder)
    if (bavail * bsize < minFreeBytes)
      return `the disk of the inbox is full: ${(bavail * bsize).toString()} bytes are free`
    // A filesystem without a table of files (btrfs) says 0 of 0.
    if (files > 0 && ffree < minFreeFiles)
      return `the disk of the inbox has room for ${ffree.toString()} more files only`
    return undefined
  } catch (error) {
    return `the inbox can't be written: ${messageOf(error)}`
  }
}
