import { randomBytes } from 'node:crypto'
import { lstat, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { removeFolder } from '../support/files.js'
import { lockFile } from '../support/lock.js'
import { codeOf } from '../support/problem.js'

/** A mirror as it lies on the disk. */
export interface MirrorFact {
  readonly name: string
  readonly bytes: number
  /** When it was last used, in milliseconds since 1970. */
  readonly usedMs: number
}

/** The mirrors in the order in which they go, the least recently used first, where all together take too much. Pure. */
export function planMirrors(mirrors: readonly MirrorFact[], mostBytes: number): readonly MirrorFact[] {
  const total = mirrors.reduce((sum, mirror) => sum + mirror.bytes, 0)
  return total <= mostBytes ? [] : [...mirrors].sort((a, b) => a.usedMs - b.usedMs)
}

/**
 * Removes mirrors until the rest takes no more than `mostBytes`, the least recently used first, never one that is in
 * use; what shares its objects with working copies by hard links counts in full. A mirror that is missing is made
 * again when its repository is cloned the next time. Files that are no mirrors are left, and so are the lock files.
 * @returns how many were removed
 * @throws Problem where a lock can't be asked; a system error
 */
export async function pruneMirrors(
  folder: string,
  mostBytes: number,
  options: { readonly environment: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Promise<number> {
  const { environment, signal } = options
  const mirrors: MirrorFact[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const { name } = entry
    const [, of, unfinished] = /^([A-Za-z0-9_].*-[0-9a-f]{16}\.git)(\.[0-9a-f]{8}\.new)?$/.exec(name) ?? []
    if (signal.aborted) return 0
    if (of === undefined || !entry.isDirectory()) continue
    if (unfinished !== undefined) {
      await removeUnfinished(join(folder, of), join(folder, name), environment)
      continue
    }
    mirrors.push({ name, bytes: await bytesOf(join(folder, name)), usedMs: await changedMs(join(folder, name)) })
  }
  let bytes = mirrors.reduce((sum, mirror) => sum + mirror.bytes, 0)
  let removed = 0
  for (const mirror of planMirrors(mirrors, mostBytes)) {
    if (signal.aborted || bytes <= mostBytes) break
    if (!(await removeMirror(join(folder, mirror.name), mirror.usedMs, environment))) continue
    bytes -= mirror.bytes
    removed += 1
  }
  return removed
}

/** @returns false where the mirror is in use, or was used since `usedMs` */
async function removeMirror(
  mirror: string,
  usedMs: number,
  environment: Readonly<Record<string, string>>,
): Promise<boolean> {
  // Whoever works with a mirror that stands holds this lock (mirror.ts).
  const lock = await lockFile(`${mirror}.lock`, { waitMs: 0, environment })
  if (lock === 'held') return false
  try {
    if ((await changedMs(mirror)) !== usedMs) return false
    // Whole or not at all; where this is cut off, what is called so is removed the next time.
    const going = `${mirror}.${randomBytes(4).toString('hex')}.new`
    await rename(mirror, going)
    await removeFolder(going)
    return true
  } finally {
    await lock.release()
  }
}

/** Removes what a process that was killed left beside the place of a mirror. */
async function removeUnfinished(
  mirror: string,
  unfinished: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const lock = await lockFile(`${mirror}.lock`, { waitMs: 0, environment })
  if (lock === 'held') return
  try {
    await removeFolder(unfinished)
  } finally {
    await lock.release()
  }
}

/** What a folder takes on the disk; what vanishes meanwhile counts as nothing. */
async function bytesOf(folder: string): Promise<number> {
  let bytes = 0
  const entries = await readdir(folder, { withFileTypes: true }).catch(ifGone([]))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) bytes += await bytesOf(path)
    else bytes += (await lstat(path).catch(ifGone({ blocks: 0 }))).blocks * 512
  }
  return bytes
}

/** NaN where it is gone, which no time equals. */
async function changedMs(path: string): Promise<number> {
  return (await lstat(path).catch(ifGone({ mtimeMs: Number.NaN }))).mtimeMs
}

function ifGone<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (codeOf(error) === 'ENOENT') return value
    throw error
  }
}
