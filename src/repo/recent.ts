/** By the folder of a mirror, when this process began to bring it to what it is now, by both clocks. */
const begun = new Map<string, { readonly at: Date; readonly monotonicMs: number }>()

/** However the clock is set meanwhile, a mirror is not taken for new any longer than this. */
const longestMs = 60_000

/** Notes that a mirror is as the remote was at some time after `at`. */
export function noteUpToDate(folder: string, at: Date, monotonicMs: number): void {
  for (const [one, { monotonicMs: thenMs }] of begun) if (monotonicMs - thenMs > longestMs) begun.delete(one)
  begun.set(folder, { at, monotonicMs })
}

/** Whether a mirror holds all that the remote had at `since`: of many jobs that came at once, one has to ask. */
export function isAsNewAs(folder: string, since: Date, monotonicMs: number = performance.now()): boolean {
  const last = begun.get(folder)
  if (last === undefined || monotonicMs - last.monotonicMs > longestMs) return false
  return last.at.getTime() >= since.getTime()
}
