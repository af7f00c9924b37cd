import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashOf } from './manifest.js'

/** Of the program's own files and of the node that runs it: it tells whether the running daemon is an older one. */
export async function fingerprint(packageFolder: string): Promise<string> {
  const dist = join(packageFolder, 'dist')
  const entries = await readdir(dist, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const hashes = [process.version]
  for (const file of [join(packageFolder, 'package.json'), ...files.sort()]) {
    hashes.push(`${file.slice(packageFolder.length)} ${hashOf(await readFile(file))}`)
  }
  return hashOf(hashes.join('\n'))
}
