import { access, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeOf } from './problem.js'

/** The root of this package: the checkout, or where npm installed it. The nearest folder above this code with a package.json. */
export const packageRoot = await findRoot(dirname(fileURLToPath(import.meta.url)))

/**
 * A file that the build puts beside the program, by its path in dist/ (`agent/pane.sh`): where the code that names it stands
 * differs between the sources and the bundle.
 */
export function programFile(path: string): string {
  return join(packageRoot, 'dist', path)
}

/** As package.json says. */
export async function packageVersion(): Promise<string> {
  const description: unknown = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'))
  if (typeof description !== 'object' || description === null || !('version' in description)) return 'unknown'
  return String(description.version)
}

async function findRoot(folder: string): Promise<string> {
  try {
    await access(join(folder, 'package.json'))
    return folder
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(folder) === folder) throw error
    return findRoot(dirname(folder))
  }
}
