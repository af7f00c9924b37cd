import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Of everything in a folder its path, mode, time of change and content: equal where every byte is. */
export async function folderDigest(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const lines = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const stats = await lstat(path)
      const content = stats.isFile() ? await readFile(path) : stats.isSymbolicLink() ? await readlink(path) : ''
      const digest = createHash('sha256').update(content).digest('hex').slice(0, 16)
      const time = stats.isDirectory() ? '' : stats.mtimeMs.toString()
      return `${relative(folder, path)} ${stats.mode.toString(8)} ${stats.size.toString()} ${time} ${digest}`
    }),
  )
  return lines.sort()
}
