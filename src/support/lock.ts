import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { Problem } from './problem.js'
import { describeFailure, run } from './process.js'

/** A lock that is held until `release`, or until this process ends, however it ends. */
export interface Lock {
  release(): Promise<void>
}

/**
 * Takes the exclusive lock of a file (made where it is missing, never removed), against other processes and
 * other callers in this one. The lock belongs to the open file description (flock(2)): flock(1) sets it on a
 * descriptor it inherits, and the kernel drops it when this process's descriptor closes.
 * @returns 'held' where somebody else still has it after `waitMs` (0: does not wait).
 * @throws Problem where flock(1) is missing or fails; a system error where the file can't be opened.
 */
export async function lockFile(
  path: string,
  options: {
    readonly waitMs: number
    readonly environment: Readonly<Record<string, string>>
    readonly signal?: AbortSignal | undefined
  },
): Promise<Lock | 'held'> {
  const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600)
  const lock: Lock = { release: () => file.close() }
  let taken = false
  try {
    const wait = options.waitMs > 0 ? ['-w', (options.waitMs / 1000).toString()] : ['-n']
    const result = await run('flock', ['-x', ...wait, '3'], {
      env: options.environment,
      timeoutMs: options.waitMs + 10_000,
      descriptors: [file.fd],
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    })
    taken = result.ended === 'exited' && result.code === 0
    if (taken) return lock
    if (result.ended === 'exited' && result.code === 1) return 'held'
    throw new Problem({
      doing: `lock ${path}`,
      because: result.ended === 'missing' ? 'flock is not installed' : describeFailure(result),
      remedy: result.ended === 'missing' ? 'install it: apt-get install util-linux' : 'try again',
      transient: result.ended !== 'missing',
    })
  } finally {
    if (!taken) await lock.release()
  }
}
