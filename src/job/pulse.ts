/** Calls a look when something hints at it and at the latest after a while, never twice at once. */
export interface Pulse {
  /** Look soon; while a look runs, once more after it. */
  readonly hint: () => void
  /** As `hint`, with no rest after a short look: for what comes no more often than something was done for it. */
  readonly urge: () => void
  /** Look in so many milliseconds, where nothing makes it look sooner. */
  readonly wakeIn: (ms: number) => void
  /** No further look begins; resolves when the one under way has ended. */
  readonly stop: () => Promise<void>
}

/** The shortest time from the end of a look to the next, in milliseconds; at least as long as it took. */
const restMs = 20

/**
 * @param everyMs the longest time between two looks; after one that failed, hints wait for so long too, or what
 * fails and changes the folder would be its own next hint
 */
export function createPulse(options: {
  readonly look: () => Promise<void>
  /** Read at every use: a reload of the configuration may change it. */
  readonly everyMs: number
  readonly onError: (error: unknown) => void
}): Pulse {
  const { look, onError } = options
  let stopped = false
  let looking: Promise<void> | undefined
  let again: (() => void) | undefined
  let restUntil = { hint: 0, urge: 0 }
  let timer: NodeJS.Timeout | undefined
  let wakeAt = Infinity

  const wakeIn = (ms: number): void => {
    const at = performance.now() + Math.min(ms, options.everyMs)
    if (stopped || at >= wakeAt) return
    clearTimeout(timer)
    wakeAt = at
    timer = setTimeout(
      () => {
        wakeAt = Infinity
        hint()
      },
      at - performance.now() + 1,
    )
  }

  const hint = (): void => {
    if (looking !== undefined) again ??= hint
    else lookAfter(restUntil.hint)
  }

  const urge = (): void => {
    if (looking !== undefined) again = urge
    else lookAfter(restUntil.urge)
  }

  const lookAfter = (atMs: number): void => {
    if (stopped) return
    const waitMs = atMs - performance.now()
    if (waitMs > 0) {
      wakeIn(waitMs)
      return
    }
    again = undefined
    wakeIn(options.everyMs)
    const beganMs = performance.now()
    looking = look()
      .then(() => {
        // Where hints come all the time, as in a burst of calls, they must not take the time that the calls need.
        const endedMs = performance.now()
        const tookMs = endedMs - beganMs
        const hintMs = endedMs + Math.min(options.everyMs, Math.max(restMs, tookMs))
        restUntil = { hint: hintMs, urge: tookMs > restMs ? hintMs : 0 }
      })
      .catch((error: unknown) => {
        const untilMs = performance.now() + options.everyMs
        restUntil = { hint: untilMs, urge: untilMs }
        onError(error)
      })
      .finally(() => {
        looking = undefined
        wakeIn(options.everyMs)
        again?.()
      })
  }

  return {
    hint,
    urge,
    wakeIn,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    },
  }
}
