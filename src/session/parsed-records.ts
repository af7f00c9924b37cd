import { lstat } from 'node:fs/promises'
import * as z from 'zod'
import { publish, readBounded } from '../support/files.js'
import { jsonOf } from '../support/json.js'

/** Reads files that are published by a rename, and parses each again only where it is another file. */
export interface ParsedRecords<T> {
  /** The content is the caller's own. @throws as the reader does */
  read(path: string): Promise<T | undefined>
  /** Publishes what is known, where that has changed. @throws a system error */
  keep(): Promise<void>
}

/** Thousands of records. */
const maxBytes = 16 * 1024 * 1024

/**
 * @param keptAt the file for what was parsed, with which file that was; nothing is lost with it
 * @param parse reads one file; undefined: it is not there
 */
export function parsedRecords<T>(
  keptAt: string,
  schema: z.ZodType<T>,
  parse: (path: string) => Promise<T | undefined>,
): ParsedRecords<T> {
  const keptSchema = z.record(z.string(), z.strictObject({ identity: z.string(), value: schema }))
  const load = async () => {
    const file = await readBounded(keptAt, maxBytes).catch(() => undefined)
    const kept = file?.kind === 'file' ? keptSchema.safeParse(jsonOf(file.bytes.toString('utf8'))) : undefined
    return new Map(kept?.success === true ? Object.entries(kept.data) : [])
  }
  let loading: ReturnType<typeof load> | undefined
  let isKept = true
  return {
    async read(path) {
      const known = await (loading ??= load())
      const identity = await identityOf(path)
      const before = known.get(path)
      if (before !== undefined && before.identity === identity) return structuredClone(before.value)
      const value = await parse(path)
      if (value === undefined || identity === undefined) return value
      known.set(path, { identity, value: structuredClone(value) })
      isKept = false
      return value
    },

    async keep() {
      const known = await (loading ??= load())
      for (const path of known.keys()) {
        if ((await identityOf(path)) !== undefined) continue
        known.delete(path)
        isKept = false
      }
      if (isKept) return
      isKept = true
      try {
        await publish(keptAt, `${JSON.stringify(Object.fromEntries(known))}\n`)
      } catch (error) {
        isKept = false
        throw error
      }
    },
  }
}

/** Which file stands there, and as what: each change of it gives another (stat(2), st_ctim). */
async function identityOf(path: string): Promise<string | undefined> {
  const stats = await lstat(path, { bigint: true }).catch(() => undefined)
  return stats === undefined ? undefined : [stats.dev, stats.ino, stats.ctimeNs, stats.size].join(' ')
}
