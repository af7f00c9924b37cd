import { constants } from 'node:fs'
import { lstat, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { publish, readBounded } from '../support/files.js'
import { Problem, codeOf } from '../support/problem.js'
import { maxTrackerBytes, trackerName } from './tracker-file.js'

/**
 * Writes the tracker into the root of a working copy and tells git to leave it alone (`.git/info/exclude`).
 * What already stands under its name, a dangling link too, is kept: it may hold the agent's own progress.
 * @throws Problem where `.git` or what is in it is a symbolic link: it would be written through
 */
export async function placeTracker(folder: string, text: string): Promise<'written' | 'kept-existing'> {
  const path = join(folder, trackerName)
  if ((await typeOf(path)) !== 'missing') return 'kept-existing'
  await exclude(folder)
  try {
    // Half a tracker would be kept as the agent's own by the next attempt.
    await publish(path, text, { mode: 0o644, replace: false })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'kept-existing'
    throw error
  }
  return 'written'
}

/** The tracker that stands in a working copy; undefined where there is none, or a link, or more than 1 MiB. */
export async function readTracker(folder: string): Promise<string | undefined> {
  const read = await readBounded(join(folder, trackerName), maxTrackerBytes)
  return read.kind === 'file' ? read.bytes.toString('utf8') : undefined
}

async function exclude(folder: string): Promise<void> {
  const git = join(folder, '.git')
  const kind = await typeOf(git)
  // A worktree's or submodule's `.git` is a file that leads into another repository: not ours to change.
  if (kind === 'file' || kind === 'missing') return
  if (kind !== 'folder') throw odd(git)
  const info = join(git, 'info')
  await mkdir(info).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error
  })
  if ((await typeOf(info)) !== 'folder') throw odd(info)
  const path = join(info, 'exclude')
  const read = await readBounded(path, maxTrackerBytes)
  if (read.kind === 'odd' || read.kind === 'too-large') throw odd(path)
  const present = read.kind === 'file' ? read.bytes.toString('utf8') : ''
  if (present.split('\n').some((line) => line.trim() === trackerName)) return
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW
  const file = await open(path, flags, 0o644)
  try {
    await file.writeFile(`${present === '' || present.endsWith('\n') ? '' : '\n'}${trackerName}\n`)
  } finally {
    await file.close()
  }
}

async function typeOf(path: string): Promise<'missing' | 'file' | 'folder' | 'other'> {
  try {
    const stats = await lstat(path)
    return stats.isDirectory() ? 'folder' : stats.isFile() ? 'file' : 'other'
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'missing'
    throw error
  }
}

function odd(path: string): Problem {
  return new Problem({
    doing: `write ${trackerName}`,
    because: `${path} is not a plain file or folder`,
    remedy: 'put a plain one in its place',
  })
}
