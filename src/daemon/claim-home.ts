import { link, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../config/home.js'
import { temporaryName } from '../support/files.js'
import { lockFile, type Lock } from '../support/lock.js'
import { codeOf, Problem } from '../support/problem.js'
import { childEnvironment } from '../support/process.js'

/** Two daemons on one home would both work on the same jobs. @throws Problem */
export async function takeHome(home: Home, environment: Readonly<Record<string, string | undefined>>): Promise<Lock> {
  const path = join(home.control, '.daemon.lock')
  const lock = await lockFile(path, { waitMs: 0, environment: childEnvironment(environment) })
  if (lock !== 'held') return lock
  throw new Problem({
    doing: `start on ${home.base}`,
    because: 'another daemon runs on this home',
    remedy: 'stop that one first (systemctl stop dev-orchestrator), or give this one another --home',
  })
}

/**
 * Whether a file could be moved from one folder to the other; changes nothing. rename(2) of Linux 6 compares the mounts
 * before it looks for the name, which is nobody's.
 */
export async function isOneMount(from: string, to: string): Promise<boolean> {
  const name = temporaryName('nothing')
  try {
    await rename(join(from, name), join(to, name))
  } catch (error) {
    return codeOf(error) !== 'EXDEV'
  }
  return true
}

/**
 * Every step of a job is a rename, so inbox and state must be on one filesystem; also two bind mounts are two.
 * @throws Problem
 */
export async function checkOneFilesystem(home: Home): Promise<void> {
  const name = temporaryName('probe')
  const probe = join(home.inbox, name)
  await (await open(probe, 'w', 0o600)).close()
  try {
    for (const folder of [home.active, home.done, home.failed]) {
      const there = join(folder, name)
      await rename(probe, there)
      await link(there, probe)
      await unlink(there)
    }
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    throw new Problem({
      doing: `start on ${home.base}`,
      because: 'inbox/ and state/ are not on one filesystem, or are two mounts of it',
      remedy: 'put both on one, under one mount; link the folder that people drop into from elsewhere',
      cause: error,
    })
  } finally {
    await unlink(probe)
  }
}
