/**
 * Lets calls share the work, as a database groups commits: who comes while it is done for a key waits, with all others
 * that come meanwhile, for the next time. So what a caller gets was begun after the call, never before.
 */
export function grouped<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const running = new Map<string, Promise<T>>()
  const next = new Map<string, Promise<T>>()

  const begin = (key: string): Promise<T> => {
    next.delete(key)
    const mine = work(key).finally(() => running.delete(key))
    running.set(key, mine)
    return mine
  }

  return (key) => {
    const shared = next.get(key)
    if (shared !== undefined) return shared
    const under = running.get(key)
    if (under === undefined) return begin(key)
    const mine = under.then(
      () => begin(key),
      () => begin(key),
    )
    next.set(key, mine)
    return mine
  }
}
