import type { Logger } from '../support/log.js'
import type { Job } from './job.js'

/** Why a job of this action may not start now (paused, full, memory short), given how many `create` jobs run. */
export type HoldBack = (action: Job['action'], creating: number) => Promise<string | undefined>

/** Asks, and logs when jobs of an action begin to be held back and when that is over, not at every look. */
export function createHold(
  holdBack: HoldBack,
  log: Logger,
): (action: Job['action'], creating: number) => Promise<boolean> {
  const held = new Set<Job['action']>()
  return async (action, creating) => {
    const because = await holdBack(action, creating)
    if (because !== undefined && !held.has(action)) log.info('jobs are held back', { action, because })
    if (because === undefined && held.has(action)) log.info('jobs are held back no longer', { action })
    if (because === undefined) held.delete(action)
    else held.add(action)
    return because !== undefined
  }
}
