import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Global set-up: dist/ is the present source before a test starts the program from it, .cache/modules before it starts a module. */
export async function setup(): Promise<void> {
  const root = join(import.meta.dirname, '..', '..')
  for (const verb of ['fresh', 'modules']) {
    const { stderr } = await promisify(execFile)(process.execPath, [join(root, '.ci', 'dist.mjs'), verb], {
      timeout: 300_000,
    })
    if (stderr !== '') process.stderr.write(stderr)
  }
}
