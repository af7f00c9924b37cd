import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** The command lines that any user of this machine could have read meanwhile. */
export interface CommandLines {
  /** All that were seen, each once, with spaces between the arguments. */
  end(): Promise<readonly string[]>
}

/** Reads /proc over and over until it is ended; what lives for less than a round may be missed. */
export function watchCommandLines(): CommandLines {
  const seen = new Set<string>()
  const ending = new AbortController()
  const watching = (async () => {
    while (!ending.signal.aborted) {
      for (const name of await readdir('/proc')) {
        if (!/^\d+$/.test(name)) continue
        const line = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
        if (line !== '') seen.add(line.replaceAll('\0', ' ').trim())
      }
      await sleep(2)
    }
  })()
  return {
    async end() {
      ending.abort()
      await watching
      return [...seen]
    },
  }
}
