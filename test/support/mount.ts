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
    // The test may have done it.
    await unmount(folder).catch(() => undefined)
  })
  return undefined
}

/** Mounts a file system with a quota of its own on a folder until the calling test ends. @returns why it can't, where it can't */
export async function mountWithQuota(folder: string, image: string, size: string): Promise<string | undefined> {
  const run = (program: string, ...args: readonly string[]) => exec(program, args, { timeout: 30_000 })
  try {
    await run('truncate', '-s', '256M', image)
    await run('mkfs.btrfs', '-q', image)
    await run('mount', '-o', 'loop', image, folder)
  } catch {
    return 'a file system with quotas needs root and the Debian package btrfs-progs'
  }
  onTestFinished(async () => {
    await unmount(folder).catch(() => undefined)
  })
  await run('btrfs', 'quota', 'enable', folder)
  await run('btrfs', 'qgroup', 'limit', size, folder)
  return undefined
}

/** Changes the options of a mounted file system: `ro`, `rw`, `size=16m`. */
export async function remount(folder: string, options: string): Promise<void> {
  await exec('mount', ['-o', `remount,${options}`, folder], { timeout: 10_000 })
}

/** Shows a folder a second time, at another place, until the calling test ends. @returns why it can't, where it can't */
export async function bindMount(folder: string, at: string): Promise<string | undefined> {
  try {
    await exec('mount', ['--bind', folder, at], { timeout: 10_000 })
  } catch {
    return 'mounting a file system needs root'
  }
  onTestFinished(async () => {
    await unmount(at).catch(() => undefined)
  })
  return undefined
}

/** Takes away what was mounted on a folder last. */
export async function unmount(folder: string): Promise<void> {
  await exec('umount', ['--lazy', folder], { timeout: 10_000 })
}
