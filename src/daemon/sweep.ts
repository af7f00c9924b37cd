import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../config/home.js'
import { stagingPrefix } from '../session/checkout.js'
import { sweepTemporaries } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import type { Logger } from '../support/log.js'

/**
 * Removes what killed processes left half made beside the queue, whose own folders job/recover.ts sweeps: records and
 * files of sessions, mirrors, working copies that had not got their place yet.
 */
export async function sweepLeftovers(home: Home, projects: string, log: Logger): Promise<void> {
  const entries = await readdir(home.sessions, { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(home.sessions, entry.name))
  const sweeps: [folder: string, beginning: string][] = [
    ...[home.control, home.mirrors, home.sessions, ...folders].map((folder): [string, string] => [folder, '']),
    [projects, stagingPrefix],
  ]
  for (const [folder, beginning] of sweeps) {
    try {
      await sweepTemporaries(folder, beginning)
    } catch (error) {
      // The first job makes the folder of the projects.
      if (codeOf(error) !== 'ENOENT') log.warn('what a killed process left could not be removed', { folder, error })
    }
  }
}
