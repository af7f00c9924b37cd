import { createHash, type Hash } from 'node:crypto'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../support/files.js'
import { maxFileBytes, maxTemplateFiles, provenanceName } from '../listing.js'

/**
 * A hash of everything that lies in a template's folder, except where it came from: names, kinds, the executable bit and
 * bytes. Undefined where there is more than an added template ever has, so that it can't be as it was added.
 */
export async function contentHash(folder: string): Promise<string | undefined> {
  const hash = createHash('sha256')
  return (await addFolder(hash, folder, '', { left: maxTemplateFiles * 2 }))
    ? `sha256:${hash.digest('hex')}`
    : undefined
}

async function addFolder(hash: Hash, folder: string, path: string, entries: { left: number }): Promise<boolean> {
  for (const name of (await readdir(join(folder, path))).sort()) {
    const here = path === '' ? name : `${path}/${name}`
    if (here === provenanceName) continue
    entries.left -= 1
    if (entries.left < 0) return false
    const stats = await lstat(join(folder, here))
    if (stats.isDirectory()) {
      hash.update(`folder ${here}\0`)
      if (!(await addFolder(hash, folder, here, entries))) return false
      continue
    }
    const read = await readBounded(join(folder, here), maxFileBytes)
    if (read.kind !== 'file') return false
    const kind = (read.stats.mode & 0o100) === 0 ? 'file' : 'program'
    hash.update(`${kind} ${here}\0${read.bytes.length.toString()}\0`).update(read.bytes)
  }
  return true
}
