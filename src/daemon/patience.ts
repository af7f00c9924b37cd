import type { Trouble } from '../report/trouble.js'
import type { Logger } from '../support/log.js'

/** When GitHub may be called again. */
export interface Patience {
  isOver(): boolean
  reached(): void
  wait(trouble: Extract<Trouble, { kind: 'later' }>): void
}

const longestMs = 10 * 60 * 1000

/** Waits as GitHub asks, else twice as long at each failure, up to ten minutes. The log has a line at the first and at the end. */
export function createPatience(firstMs: number, log: Logger, nowMs: () => number = () => performance.now()): Patience {
  let failures = 0
  let untilMs = -Infinity
  return {
    isOver: () => nowMs() >= untilMs,
    reached() {
      if (failures > 0) log.info('GitHub answers again')
      failures = 0
    },
    wait({ waitMs, why }) {
      const ms = Math.max(waitMs ?? 0, Math.min(firstMs * 2 ** failures, longestMs))
      untilMs = nowMs() + ms
      failures += 1
      log[failures === 1 ? 'warn' : 'debug']('nothing can be told on GitHub now; it is tried again', {
        because: why,
        waitMs: ms,
      })
    },
  }
}
