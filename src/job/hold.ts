import type { Logger } from '../support/log.js'
import type { Job } from './job.js'

/** Why a job of this action may not start now (paused, full, memory short), given how many `create` jobs run. */
export type HoldBack = (action: Job['action'], creating: number) => Promise<string | undefined>

/** What is held back at the moment. */
export interface Hold {
  /** Logs when jobs of an action begin to be held back and when that is over, not at every look. */
  isHeld(action: Job['action'], creating: number): Promise<boolean>
  /** Whether no job of any action may start. */
  isAllHeld(creating: number): Promise<boolean>
}

/** Those first that are seldom held back alone. */
const actions: readonly Job['action'][] = ['send', 'destroy', 'restart', 'restore', 'create']

export function createHold(holdBack: HoldBack, log: Logger): Hold {
  const held = new Set<Job['action']>()
  return {
    async isHeld(action, creating) {
      const because = await holdBack(action, creating)
      if (because !== undefined && !held.has(action)) log.info('jobs are held back', { action, because })
      if (because === undefined && held.has(action)) log.info('jobs are held back no longer', { action })
      if (because === undefined) held.delete(action)
      else held.add(action)
      return because !== undefined
    },

    async isAllHeld(creating) {
      for (const action of actions) if ((await holdBack(action, creating)) === undefined) return false
      return true
    },
  }
}
