import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { lockFile, type Lock } from '../../src/support/lock.js'
import { childEnvironment } from '../../src/support/process.js'
import { temporaryFolder } from './temporary.js'

const environment = childEnvironment(process.env)

async function take(path: string, waitMs = 0): Promise<Lock> {
  const lock = await lockFile(path, { waitMs, environment })
  if (lock === 'held') throw new Error('the lock is held')
  return lock
}

it('is taken once, and again after its release', async () => {
  const path = join(await temporaryFolder(), 'a.lock')
  const lock = await take(path)
  expect(await lockFile(path, { waitMs: 0, environment })).toBe('held')
  await lock.release()
  const again = await take(path)
  await again.release()
  expect((await lstat(path)).mode & 0o777).toBe(0o600)
})

it('waits for who has it', async () => {
  const path = join(await temporaryFolder(), 'a.lock')
  const lock = await take(path)
  expect(await lockFile(path, { waitMs: 50, environment })).toBe('held')
  const waiting = take(path, 10_000)
  await lock.release()
  const second = await waiting
  expect(await lockFile(path, { waitMs: 0, environment })).toBe('held')
  await second.release()
})

it('holds against another process, and is free when that process is killed', async () => {
  const path = join(await temporaryFolder(), 'a.lock')
  const other = spawn('flock', ['-x', path, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'ignore'] })
  try {
    await once(other.stdout, 'data')
    expect(await lockFile(path, { waitMs: 0, environment })).toBe('held')
  } finally {
    other.stdin.end()
    await once(other, 'close')
  }
  const lock = await take(path, 5000)
  await lock.release()
})

it('does not follow a link, and says what is missing', async () => {
  const folder = await temporaryFolder()
  await symlink(join(folder, 'elsewhere'), join(folder, 'a.lock'))
  await expect(take(join(folder, 'a.lock'))).rejects.toMatchObject({ code: 'ELOOP' })
  const without = { waitMs: 0, environment: { PATH: folder } }
  await expect(lockFile(join(folder, 'b.lock'), without)).rejects.toThrow('flock is not installed')
})
