import { constants, type Stats } from 'node:fs'
import { link, lstat, open, opendir, rename, rm, unlink, type FileHandle } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { grouped } from './grouped.js'
import { codeOf } from './problem.js'

const { O_WRONLY, O_CREAT, O_EXCL, O_DSYNC } = constants

/**
 * Publishes a file whole or not at all: a dotfile beside it, written through, renamed, fsync of the folder. When this
 * resolves, the file survives a power cut. An existing file is replaced, unless `replace` is false.
 * @throws a system error; with `replace: false`, EEXIST where the file exists. Nothing is left behind then.
 */
export async function publish(
  path: string,
  data: string | Uint8Array,
  options: { readonly mode?: number; readonly replace?: boolean } = {},
): Promise<void> {
  const temporary = join(dirname(path), temporaryName(basename(path)))
  try {
    // O_DSYNC (open(2)): what is written is on the disk when write returns, one call less than with fsync.
    const file = await open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_DSYNC, options.mode ?? 0o600)
    try {
      await file.writeFile(data)
    } finally {
      await file.close()
    }
    if (options.replace === false) {
      await link(temporary, path)
      await unlink(temporary)
    } else {
      await rename(temporary, path)
    }
  } catch (error) {
    await unlinkIfThere(temporary)
    throw error
  }
  await syncFolder(dirname(path))
}

/** `.NAME.PID.RANDOM.tmp`: hidden, and it tells whose it is, so that what a killed process left can be swept. */
export function temporaryName(name: string): string {
  return `.${name.replace(/[^\x20-\x7e]/g, '_').slice(0, 200)}.${process.pid.toString()}.${randomBytes(6).toString('hex')}.tmp`
}

/**
 * Removes the temporary files and folders of processes that have ended from a folder.
 * @param beginning of the names that they were to get; default: any
 */
export async function sweepTemporaries(folder: string, beginning = ''): Promise<void> {
  for await (const { name } of await opendir(folder, { bufferSize: 512 })) {
    if (!name.startsWith(`.${beginning}`)) continue
    const pid = /^\..*\.(\d+)\.[0-9a-f]{12}\.tmp$/.exec(name)?.[1]
    if (pid === undefined) continue
    const path = join(folder, name)
    // In a container every start of the daemon has the same process id: what is older than this one is not its own.
    const ended = Number(pid) === process.pid ? await isOlderThanThisProcess(path) : !isAlive(Number(pid))
    if (ended) await removeFolder(path)
  }
}

async function isOlderThanThisProcess(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).mtimeMs < performance.timeOrigin
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/**
 * Moves a file within one filesystem and makes both folders durable, the new name before the old one goes. Refuses
 * with EEXIST to replace what stands at `to`: `rename(2)` alone would silently overwrite it.
 */
export async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  await link(from, to)
  await syncFolder(dirname(to))
  await unlink(from)
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from))
}

/**
 * Makes the names in a folder durable (fsync(2) of a file says nothing about its name). Callers that come at once share
 * one sync, which begins after their call.
 */
export const syncFolder: (path: string) => Promise<void> = grouped(async (path) => {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
})

/**
 * Removes a folder with all that is in it, where it is there. What a program that was just told to end still writes
 * into it is waited for, up to a second (ENOTEMPTY).
 */
export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 6, retryDelay: 50 })
}

/** Whether something, be it a dangling link, stands at a path. @throws a system error where that can't be told */
export async function exists(path: string | Buffer): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw error
  }
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}

/** What a file is that may not be opened. */
export const unreadable = 'a file that the daemon may not read'

/** What a careful look at a file gave. `odd`: not a regular file, and what it is instead. */
export type BoundedRead =
  | { readonly kind: 'file'; readonly bytes: Buffer; readonly stats: Stats }
  | { readonly kind: 'missing' }
  | { readonly kind: 'odd'; readonly what: string }
  | { readonly kind: 'too-large'; readonly size: number }

/**
 * Reads at most `maxBytes` of a regular file that somebody else may have put there: never follows a symbolic
 * link and never blocks on a FIFO (open(2): O_NOFOLLOW, O_NONBLOCK).
 */
export async function readBounded(path: string | Buffer, maxBytes: number): Promise<BoundedRead> {
  return await readCarefully(path, maxBytes, 'whole')
}

/** The same, but of a larger file its first `maxBytes`. */
export async function readBeginning(path: string, maxBytes: number): Promise<BoundedRead> {
  return await readCarefully(path, maxBytes, 'beginning')
}

async function readCarefully(
  path: string | Buffer,
  maxBytes: number,
  what: 'whole' | 'beginning',
): Promise<BoundedRead> {
  let file: FileHandle
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        return { kind: 'missing' }
      case 'ELOOP':
        return { kind: 'odd', what: 'a symbolic link' }
      case 'ENXIO':
        return { kind: 'odd', what: 'a socket or device' }
      case 'EACCES':
        return { kind: 'odd', what: unreadable }
      case undefined:
      default:
        throw error
    }
  }
  try {
    const stats = await file.stat()
    if (stats.isDirectory()) return { kind: 'odd', what: 'a folder' }
    if (stats.isFIFO()) return { kind: 'odd', what: 'a named pipe' }
    if (!stats.isFile()) return { kind: 'odd', what: 'a device or socket' }
    if (stats.size > maxBytes && what === 'whole') return { kind: 'too-large', size: stats.size }
    const buffer = Buffer.alloc(maxBytes + 1 > stats.size + 1 ? stats.size + 1 : maxBytes + 1)
    let length = 0
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length)
      length += bytesRead
      if (bytesRead === 0 || length === buffer.length) break
    }
    // It grew while it was read.
    if (length > maxBytes && what === 'whole') return { kind: 'too-large', size: length }
    return { kind: 'file', bytes: buffer.subarray(0, Math.min(length, maxBytes)), stats }
  } finally {
    await file.close()
  }
}
