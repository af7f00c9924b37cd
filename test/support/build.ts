import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Global set-up: dist/ is the present source before a test starts the program from it. */
export async function setup(): Promise<void> {
  const root = join(import.meta.dirname, '..', '..')
  const { stderr } = await promisify(execFile)(process.execPath, [join(root, '.ci', 'dist.mjs'), 'fresh'], {
    timeout: 300_000,
  })
  if (stderr !== '') process.stderr.write(stderr)
}
