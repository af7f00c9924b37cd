import { lstat } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import { codeOf } from '../support/problem.js'

/** Notes how the paths are now; to be called before what stands there is read. */
export type Look = (paths: readonly string[]) => Promise<void>

/** Remembers what was read from files for as long as these are as they were. */
export interface Kept<T> {
  /** What `read` gives, or gave the last time; what equals it is the same object, so that what was made of it stays good. */
  get(key: string, read: (look: Look) => Promise<T>): Promise<T>
  /** Forgets what was not asked for since the last call of this. */
  forgetOthers(): void
}

interface Entry<T> {
  readonly found: T
  readonly paths: readonly string[]
  /** Undefined where a later change might not show. */
  readonly stamp: string | undefined
}

/** The coarsest clock of a file system: FAT counts in two seconds, ext4 in a few milliseconds. */
const clockMs = 2000

export function createKept<T>(): Kept<T> {
  let known = new Map<string, Entry<T>>()
  let asked = new Map<string, Entry<T>>()
  return {
    async get(key, read) {
      const before = known.get(key)
      if (before?.stamp !== undefined && (await stampOf(before.paths)).text === before.stamp) {
        asked.set(key, before)
        return before.found
      }
      const paths: string[] = []
      const stamps: string[] = []
      const changes: number[] = []
      const found = await read(async (more) => {
        const lookedMs = Date.now()
        const { text, changedMs } = await stampOf(more)
        paths.push(...more)
        if (more.length > 0) stamps.push(text)
        changes.push(changedMs - lookedMs)
      })
      const isSame = before !== undefined && isDeepStrictEqual(before.found, found)
      const entry = {
        found: isSame ? before.found : found,
        paths,
        stamp: changes.every((ms) => ms < -clockMs) ? stamps.join(' ') : undefined,
      }
      asked.set(key, entry)
      return entry.found
    },
    forgetOthers() {
      known = asked
      asked = new Map()
    },
  }
}

/**
 * Looks at paths, following nothing. A folder's stamp changes with the names in it, a file's with its content. The
 * time is that of the last change of anything (ctime), since copying with the old times, as `rsync -t` does, keeps the other.
 */
async function stampOf(paths: readonly string[]): Promise<{ readonly text: string; readonly changedMs: number }> {
  const texts: string[] = []
  let changedMs = 0
  for (const path of paths) {
    try {
      const { ino, size, ctimeMs } = await lstat(path)
      texts.push(`${ino.toString(36)}.${size.toString(36)}.${ctimeMs.toString()}`)
      changedMs = Math.max(changedMs, ctimeMs)
    } catch (error) {
      const code = codeOf(error)
      if (code === undefined) throw error
      texts.push(code)
    }
  }
  return { text: texts.join(' '), changedMs }
}
