import { lstat, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { readBounded } from '../support/files.js'

/**
 * In .git, where no repository can bring it along, and where it goes with the folder. git leaves what it does not know
 * there alone.
 */
const markFile = 'devorch-made'

const markSchema = z.object({ project: z.string(), inode: z.string() })

/** Marks a working copy as made by the daemon for a project; what a person has made is never moved. */
export async function markMade(folder: string, project: string): Promise<void> {
  const mark = { project, inode: await inodeOf(folder) }
  await writeFile(join(folder, '.git', markFile), `${JSON.stringify(mark)}\n`, { mode: 0o600 })
}

/** Whether the daemon made just this folder for just this project: the mark of a copy, or of a backup, does not count. */
export async function isMade(folder: string, project: string): Promise<boolean> {
  const read = await readBounded(join(folder, '.git', markFile), 4096).catch(() => undefined)
  if (read?.kind !== 'file') return false
  const mark = markSchema.safeParse(parsed(read.bytes.toString('utf8')))
  return (
    mark.success && mark.data.project === project && mark.data.inode === (await inodeOf(folder).catch(() => undefined))
  )
}

/** The folder is a person's from now on. */
export async function unmarkMade(folder: string): Promise<void> {
  await rm(join(folder, '.git', markFile), { force: true })
}

async function inodeOf(folder: string): Promise<string> {
  return (await lstat(folder, { bigint: true })).ino.toString()
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
