import { access, constants, statfs } from 'node:fs/promises'
import { messageOf } from '../support/problem.js'

/** Less than this can't be relied on to take one more job. */
const minFreeBytes = 8 * 1024 * 1024
const minFreeFiles = 100

/**
 * Why the inbox can't take a job now (read-only, full, gone); undefined: it can. Writes nothing, since anybody may ask.
 * What it says ends with its cause: nothing is remembered.
 */
export async function inboxTrouble(folder: string): Promise<string | undefined> {
  try {
    await access(folder, constants.W_OK)
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
