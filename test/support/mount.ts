import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

const exec = promisify(execFile)

/** Mounts a file system of its own on a folder until the calling test ends. @returns why it can't, where it can't */
export async function mountTmpfs(folder: string, size = '1m'): Promise<string | undefined> {
  try {
    await exec('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'devorch-test', folder], { timeout: 10_000 })
  } catch {
    return 'mounting a file system needs root'
  }
  onTestFinished(async () => {
    await exec('umount', ['--lazy', folder], { timeout: 10_000 })
  })
  return undefined
}
