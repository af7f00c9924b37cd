import { readFile } from 'node:fs/promises'
import type { Config } from '../config/schema.js'
import type { Job } from '../job/job.js'
import { sessionNameOf } from '../session/name.js'
import type { Workshop } from './assemble.js'

/** What decides whether a further job may start. */
export interface Load {
  readonly paused: boolean
  /** Sessions known to the daemon, without those that a job is creating. */
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
    case 'create': {
      const full = fullBecause(load, limits.max_sessions)
      if (full !== undefined) return full
      break
    }
    // The session that they start again is counted already.
    case 'restart':
    case 'restore':
      break
  }
  const { min_free_memory_mb: floorMb } = limits
  if (load.availableMemoryMb !== undefined && load.availableMemoryMb < floorMb) {
    return `${load.availableMemoryMb.toString()} MiB of memory are free, worker.min_free_memory_mb is ${floorMb.toString()}`
  }
  return undefined
}

function fullBecause({ sessions, creating }: Load, most: number): string | undefined {
  if (most === 0 || sessions + creating < most) return undefined
  const built = creating > 0 ? ` and ${creating.toString()} are being built` : ''
  return `${sessions.toString()} sessions stand${built}, worker.max_sessions is ${most.toString()}; end one with devorch rm`
}

/**
 * Reads the load of this machine and home. The session of a `create` job that was cut off counts as that job's: it
 * would else stand in its own way when it goes on.
 * @param creating `create` jobs under way
 */
export async function readLoad(
  workshop: Pick<Workshop, 'control' | 'spool' | 'tools'>,
  creating: number,
): Promise<Load> {
  const { control, spool, tools } = workshop
  const [paused, names, active, availableMemoryMb] = await Promise.all([
    control.isPaused(),
    tools.registry.list(),
    spool.list('active'),
    availableMemory(),
  ])
  const jobs = await Promise.all(active.map((id) => spool.find(id)))
  const building = new Set(
    jobs.flatMap((view) => (view?.job?.action === 'create' ? [sessionNameOf(view.job.project_name)] : [])),
  )
  const sessions = names.filter((name) => !building.has(name)).length
  return { paused, sessions, creating, availableMemoryMb }
}

/** proc_meminfo(5): MemAvailable, in kB. */
export async function availableMemory(): Promise<number | undefined> {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile('/proc/meminfo', 'utf8'))?.[1]
  return kilobytes === undefined ? undefined : Math.floor(Number(kilobytes) / 1024)
}
