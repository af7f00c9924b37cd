/** A look at a session that costs something, and what was seen beside it. */
export interface Look {
  /** By a clock that is not set, in milliseconds. */
  readonly atMs: number
  readonly tookMs: number
  /** What changes with the work that is looked at, as times of files. */
  readonly signs: string
  /** The last input or output in the session's panes; undefined: not known. */
  readonly activityMs: number | undefined
}

/** When to look again; in milliseconds. */
export interface Rhythm {
  /** At the soonest, where the signs have changed. */
  readonly restMs: number
  /** Where there was nothing but input or output. */
  readonly activeMs: number
  /** Where nothing is known to have changed. */
  readonly seldomMs: number
  /** The least rest in times of what the last look took, so that a huge working copy is looked at more seldom. */
  readonly timesTook: number
}

export const gitRhythm: Rhythm = { restMs: 10_000, activeMs: 60_000, seldomMs: 15 * 60_000, timesTook: 50 }
export const diskRhythm: Rhythm = {
  restMs: 30 * 60_000,
  activeMs: 30 * 60_000,
  seldomMs: 6 * 60 * 60_000,
  timesTook: 200,
}

/** Pure. */
export function isDue(last: Look | undefined, now: Omit<Look, 'tookMs'>, rhythm: Rhythm): boolean {
  if (last === undefined) return true
  const sinceMs = now.atMs - last.atMs
  if (sinceMs < last.tookMs * rhythm.timesTook) return false
  if (now.signs !== last.signs) return sinceMs >= rhythm.restMs
  const wasActive = now.activityMs !== last.activityMs
  return sinceMs >= (wasActive ? rhythm.activeMs : rhythm.seldomMs)
}
