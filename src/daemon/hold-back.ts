import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.js'
import type { Job } from '../job/job.js'
import type { Control } from './control.js'

/** What decides whether a further job may start. */
export interface Load {
  readonly paused: boolean
  /** Sessions known to the daemon. */
  readonly sessions: number
  /** `create` jobs under way. */
  readonly creating: number
  /** Memory that programs can have without swapping, in MiB; undefined where the system does not tell. */
  readonly availableMemoryMb: number | undefined
}

/** Why a job must wait, in words for `devorch jobs` and the log; undefined: it may start. Pure. */
export function heldBecause(
  action: Job['action'],
  load: Load,
  limits: Pick<Config['worker'], 'max_sessions' | 'min_free_memory_mb'>,
): string | undefined {
  if (load.paused) return 'paused; `devorch resume` goes on'
  switch (action) {
    case 'destroy':
    case 'send':
      return undefined
    case 'create':
    case 'restart':
      break
  }
  const { max_sessions: most, min_free_memory_mb: floorMb } = limits
  if (most > 0 && load.sessions + load.creating >= most) {
    return `${load.sessions.toString()} sessions stand, worker.max_sessions is ${most.toString()}; end one with devorch rm`
  }
  if (load.availableMemoryMb !== undefined && load.availableMemoryMb < floorMb) {
    return `${load.availableMemoryMb.toString()} MiB of memory are free, worker.min_free_memory_mb is ${floorMb.toString()}`
  }
  return undefined
}

/** Reads the load of this machine and home. */
export async function readLoad(
  control: Control,
  registry: { list(): Promise<readonly unknown[]> },
  creating: number,
): Promise<Load> {
  const [paused, sessions, availableMemoryMb] = await Promise.all([
    control.isPaused(),
    registry.list(),
    availableMemory(),
  ])
  return { paused, sessions: sessions.length, creating, availableMemoryMb }
}

/** proc_meminfo(5): MemAvailable, in kB. */
async function availableMemory(): Promise<number | undefined> {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]
  return kilobytes === undefined ? undefined : Math.floor(Number(kilobytes) / 1024)
}
