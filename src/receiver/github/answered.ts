import type { JobId } from '../../job/id.js'

/** What a delivery that made no job of its own was answered with. */
export type Answered =
  { readonly kind: 'ignored'; readonly reason: string } | { readonly kind: 'duplicate'; readonly id: JobId }

/**
 * The last deliveries that came to nothing because of how things stood then (no session to end, one that stood already).
 * One that is sent again means what it meant: it must not end or begin a session because things stand otherwise now.
 * Jobs remember their deliveries on disk; these are forgotten at a restart, when the rules may be others too.
 */
export interface AnsweredDeliveries {
  find(delivery: string): Answered | undefined
  note(delivery: string, answered: Answered): void
}

export function createAnsweredDeliveries(most = 10_000): AnsweredDeliveries {
  const answers = new Map<string, Answered>()
  return {
    find: (delivery) => answers.get(delivery),
    note(delivery, answered) {
      answers.set(delivery, answered)
      const [oldest] = answers.keys()
      if (answers.size > most && oldest !== undefined) answers.delete(oldest)
    },
  }
}
