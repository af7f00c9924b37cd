import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'

/** Whether a program of that name is on PATH. */
export async function isInstalled(
  program: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  for (const folder of (environment['PATH'] ?? '').split(':')) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return true
  }
  return false
}
