import type { Config } from '../config/schema.js'
import type { Home } from '../config/home.js'
import { pruneJobs } from '../job/prune.js'
import { pruneMirrors } from '../repo/prune-mirrors.js'
import type { Logger } from '../support/log.js'

export interface HousekeepingOptions {
  readonly home: Home
  /** What is in force is read at each round, since a reload replaces it. */
  readonly workshop: {
    readonly config: Pick<Config, 'retention' | 'repositories'>
    readonly tools: { readonly environment: Readonly<Record<string, string>> }
  }
  readonly log: Logger
  /** A test shortens it. Default: an hour. */
  readonly everyMs?: number
}

/** Removes what `retention` and `repositories.mirrors_gb` do not keep: at the start, every hour, after many jobs. */
export interface Housekeeping {
  /** Begins with a round at once, which nobody waits for. */
  readonly start: () => void
  /** A job was worked off: after many of them it is time to look again. */
  readonly jobEnded: () => void
  /** Cuts the round under way off, and resolves when it has ended. */
  readonly stop: () => Promise<void>
}

const manyJobs = 1000

/** A round that fails is logged, and the next one tries again. */
export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const stopping = new AbortController()
  let ended = 0
  let round: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  const begin = (): void => {
    if (round !== undefined || stopping.signal.aborted) return
    ended = 0
    round = keepHouse(options, stopping.signal)
      .catch((error: unknown) => {
        options.log.warn('what is not kept any longer could not be removed; tried again later', { error })
      })
      .finally(() => {
        round = undefined
      })
  }

  return {
    start() {
      timer = setInterval(begin, options.everyMs ?? 60 * 60 * 1000)
      begin()
    },
    jobEnded() {
      ended += 1
      if (ended >= manyJobs) begin()
    },
    async stop() {
      clearInterval(timer)
      stopping.abort()
      await round
    },
  }
}

async function keepHouse(options: HousekeepingOptions, signal: AbortSignal): Promise<void> {
  const { home, log } = options
  const { config, tools } = options.workshop
  const { done_days: doneDays, failed_days: failedDays, records } = config.retention
  const now = new Date()
  const done = await pruneJobs(home, 'done', { days: doneDays, records }, { now, signal })
  const failed = await pruneJobs(home, 'failed', { days: failedDays, records }, { now, signal })
  const mostBytes = config.repositories.mirrors_gb * 1024 ** 3
  const mirrors =
    mostBytes === 0 ? 0 : await pruneMirrors(home.mirrors, mostBytes, { environment: tools.environment, signal })
  if (done + failed + mirrors > 0) log.info('removed what is not kept any longer', { done, failed, mirrors })
}
