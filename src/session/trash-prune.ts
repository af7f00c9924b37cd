import { chmod, lstat, readdir, rename, statfs, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { findUnsaved } from '../repo/unsaved.js'
import { exists, removeFolder, syncFolder } from '../support/files.js'
import { mountsWithin } from '../support/mounts.js'
import { codeOf, Problem } from '../support/problem.js'
import type { SessionTools } from './tools.js'
import { trashedCopyOf, trashedRecordOf } from './trash.js'
import type { TrashEntry } from './trash-list.js'

const dayMs = 24 * 60 * 60 * 1000
const gib = 1024 ** 3

/** Those that have been in the trash for longer than may be. 0 days: for ever. Pure. */
export function expired(entries: readonly TrashEntry[], days: number, now: Date): readonly TrashEntry[] {
  return days === 0 ? [] : entries.filter((entry) => now.getTime() - entry.removedAt.getTime() > days * dayMs)
}

/** Whether a disk is short: less is free than so many GiB, and than a tenth of it. Pure. */
export function isShort(disk: { readonly free: number; readonly size: number }, freeGb: number): boolean {
  return disk.free < Math.min(freeGb * gib, disk.size / 10)
}

/** The disk of a working copy, in bytes; undefined where its folder is gone. */
export async function diskOf(entry: TrashEntry): Promise<{ readonly free: number; readonly size: number } | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(dirname(entry.record.working_copy))
    return { free: bavail * bsize, size: blocks * bsize }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Looks into a working copy in the trash, as it is now: empty where nothing would be lost but what git ignores. */
export function unsavedNow(entry: TrashEntry, tools: SessionTools): Promise<readonly string[] | undefined> {
  const { environment, repositories } = tools
  return findUnsaved(trashedCopyOf(entry.record), { environment, timeoutMs: repositories.stepTimeoutMs })
}

/**
 * Removes a session for good: the working copy in the trash, its own files, the record last, so that one that was cut off
 * is found again. A working copy that was left in its place stays there. The caller holds the session's lock.
 * @throws Problem where something is mounted in it, or it can't be removed
 */
export async function removeForGood(entry: TrashEntry, tools: SessionTools): Promise<void> {
  const copy = trashedCopyOf(entry.record)
  const going = `${copy}.going`
  const doing = `remove ${copy}`
  if (await exists(copy)) {
    const [mount] = await mountsWithin(copy)
    if (mount !== undefined) throw new Problem({ doing, because: `${mount} is mounted in it`, remedy: 'unmount it' })
    // From then on it is not brought back any more: it may be half of what it was.
    await rename(copy, going)
    await syncFolder(dirname(copy))
  }
  try {
    await removeWhole(going)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    throw new Problem({
      doing,
      because: `a file in it may not be removed (${code})`,
      remedy: `as root: rm -r ${going}`,
    })
  }
  await removeFolder(join(tools.home.trash, entry.id))
  await unlink(trashedRecordOf(entry.id, tools))
}

/** Some tools keep folders that nobody may write (Go's module cache): they are opened where they are in the way. */
async function removeWhole(folder: string): Promise<void> {
  try {
    await removeFolder(folder)
  } catch (error) {
    if (codeOf(error) !== 'EACCES' && codeOf(error) !== 'EPERM') throw error
    await openUp(folder)
    await removeFolder(folder)
  }
}

async function openUp(folder: string): Promise<void> {
  if (!(await lstat(folder)).isDirectory()) return
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openUp(join(folder, entry.name))
  }
}
