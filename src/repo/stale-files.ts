import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { removeFolder, unlinkIfThere } from '../support/files.js'
import { codeOf } from '../support/problem.js'

/**
 * Removes what a git that was killed leaves in a bare repository: locks, for which every later one would fail, and the half
 * of what it fetched (git 2.39, gitrepository-layout(5)). The caller holds the repository's lock, so that no git of ours writes there.
 */
export async function removeStaleFiles(repository: string): Promise<void> {
  const isLock = (name: string) => name.endsWith('.lock') || name === 'HEAD.new'
  const isHalf = (name: string) => name.startsWith('tmp_')
  await Promise.all([
    removeIn(repository, isLock, 0),
    removeIn(join(repository, 'refs'), isLock, Number.POSITIVE_INFINITY),
    removeIn(join(repository, 'objects'), isHalf, 0),
    removeIn(join(repository, 'objects', 'pack'), isHalf, 0),
  ])
}

/** @param depth how many folders deeper it looks */
async function removeIn(folder: string, isStale: (name: string) => boolean, depth: number): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  })
  await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name)
      if (isStale(entry.name)) await (entry.isDirectory() ? removeFolder(path) : unlinkIfThere(path))
      else if (entry.isDirectory() && depth > 0) await removeIn(path, isStale, depth - 1)
    }),
  )
}
