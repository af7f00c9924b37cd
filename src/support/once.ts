/** Work that is begun once, by whoever asks first. Its failure is that of everybody who waits for it, and of nobody else. */
export interface Once<T> {
  readonly begin: () => Promise<T>
  /** Undefined where nobody has asked. */
  readonly begun: () => Promise<T> | undefined
}

export function once<T>(work: () => Promise<T>): Once<T> {
  let begun: Promise<T> | undefined
  return {
    begin() {
      if (begun === undefined) {
        begun = work()
        // Who asked may not wait for it.
        begun.catch(() => undefined)
      }
      return begun
    },
    begun: () => begun,
  }
}
