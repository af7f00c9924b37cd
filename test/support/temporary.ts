import { randomBytes } from 'node:crypto'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A fresh empty folder (its real path); the calling test's end removes it, whatever it holds by then. */
export async function temporaryFolder(): Promise<string> {
  const folder = await makeFolder()
  onTestFinished(() => removeFolder(folder))
  return folder
}

/** `devorch-test-<pid>-<random>`: a name that no other test, run or person uses. */
export function testName(): string {
  return `devorch-test-${process.pid.toString()}-${randomBytes(4).toString('hex')}`
}

async function makeFolder(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), 'devorch-test-')))
}

/** Some programs still write for a moment after they were told to end: ENOTEMPTY is tried again. */
async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}
