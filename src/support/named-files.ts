import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from './problem.js'

/** How the name of a layout's file ends: tmuxp's. */
export const layoutEndings = ['.yaml', '.yml', '.json'] as const

/** What is a name for a file that people choose by name: one plain word, no path. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/**
 * The files of folders by their names without the ending; of two with one name that of the later folder, and within a
 * folder that of the ending named first. A missing folder is fine.
 * @param endings `['.yaml', '.yml']`
 * @throws a system error where a folder can't be read
 */
export async function namedFiles(
  folders: readonly string[],
  endings: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const folder of folders) {
    const names = await namesIn(folder)
    for (const ending of [...endings].reverse()) {
      for (const file of names) {
        const name = file.endsWith(ending) ? file.slice(0, -ending.length) : ''
        if (plainName.test(name)) found.set(name, join(folder, file))
      }
    }
  }
  return found
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
