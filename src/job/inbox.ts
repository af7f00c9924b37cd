import type { Stats } from 'node:fs'
import { lstat, open, readdir } from 'node:fs/promises'
import { constants } from 'node:fs'
import { readBounded } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import { decodeFileName, pathOfName } from './file-name.js'
import { parseJobFileAhead, type Job } from './job.js'
import { maxJobFileBytes } from './folders.js'

/** How long an incomplete-looking file is waited for; read at every use, since a reload may change it. */
export interface InboxOptions {
  readonly folder: string
  /** Unchanged for this long, a file without the end line counts as complete. */
  readonly quietMs: number
  /** The same for a file that may be a stalled upload. Default a minute; a test shortens it. */
  readonly largeQuietMs?: number
  /** Take only files that end with the line `...`. */
  readonly requireEndMarker: boolean
  /** Milliseconds of a clock that never goes back. */
  readonly monotonicMs: () => number
}

/** One name in the inbox (decodeFileName) and whether it can be taken. */
export type InboxEntry = { readonly name: string } & (
  | { readonly kind: 'ready' }
  /** `readyInMs`: undefined where it is waited for without end. */
  | { readonly kind: 'waiting'; readonly because: string; readonly readyInMs: number | undefined }
  | { readonly kind: 'ignored'; readonly because: string }
)

/** Looks at the inbox as often as asked; a file's state is judged against what earlier looks saw. */
export interface Inbox {
  /** Every visible name, in the order in which the files were last changed. */
  scan(): Promise<InboxEntry[]>
  /** What a ready file asks for; undefined where it is no job. Remembered while the file is the same. */
  peek(name: string): Promise<Peek | undefined>
  /** Whether a file is as the last scan saw it. */
  isUnchanged(name: string): Promise<boolean>
}

/** A file larger than this, and without the end line, may be a stalled upload: sftp sends so much at once. */
const largeBytes = 32 * 1024
const defaultLargeQuietMs = 60_000
/** So may one of whole blocks, be it none: programs that copy write in buffers of this size or a multiple of it. */
const blockBytes = 4096

/** How much of the end of a file is looked at for the end line. */
const tailBytes = 64

interface Observation {
  readonly identity: string
  readonly sinceMs: number
  readonly complete: boolean
  peek?: Promise<Peek | undefined>
}

/** As much of a job as decides when it may start. */
export interface Peek {
  readonly project: string
  readonly action: Job['action']
}

export function createInbox(options: InboxOptions): Inbox {
  const { largeQuietMs = defaultLargeQuietMs } = options
  let seen = new Map<string, Observation>()

  const observe = async (name: string, stats: Stats, sinceMs: number): Promise<Observation> => {
    const identity = identityOf(stats)
    const before = seen.get(name)
    if (before?.identity === identity) return before
    const complete = !stats.isFile() || (await endsWithMarker(pathOfName(options.folder, name), stats.size))
    return { identity, sinceMs, complete }
  }

  const judge = (name: string, stats: Stats, observation: Observation): InboxEntry => {
    // What is no file is taken at once, to be refused with a reason.
    if (observation.complete) return { name, kind: 'ready' }
    if (options.requireEndMarker) {
      return { name, kind: 'waiting', because: 'no end line `...` yet', readyInMs: undefined }
    }
    const mayBeTorn = stats.size > largeBytes || stats.size % blockBytes === 0
    const quietMs = mayBeTorn ? Math.max(largeQuietMs, options.quietMs) : options.quietMs
    const readyInMs = observation.sinceMs + quietMs - options.monotonicMs()
    if (readyInMs <= 0) return { name, kind: 'ready' }
    return { name, kind: 'waiting', because: 'no end line `...`, so it may still be growing', readyInMs }
  }

  return {
    async scan() {
      const found: { entry: InboxEntry; sinceMs: number; changedMs: number }[] = []
      const nowMs = options.monotonicMs()
      const next = new Map<string, Observation>()
      for (const raw of await readdir(options.folder, { encoding: 'buffer' })) {
        const name = decodeFileName(raw)
        const because = ignoredBecause(name)
        if (because === 'hidden') continue
        if (because !== undefined) {
          found.push({ entry: { name, kind: 'ignored', because }, sinceMs: 0, changedMs: 0 })
          continue
        }
        try {
          const stats = await lstat(pathOfName(options.folder, name))
          const observation = await observe(name, stats, nowMs)
          next.set(name, observation)
          found.push({ entry: judge(name, stats, observation), sinceMs: observation.sinceMs, changedMs: stats.mtimeMs })
        } catch (error) {
          // Gone or replaced since the listing: the next look tells.
          if (codeOf(error) !== 'ENOENT') throw error
        }
      }
      seen = next
      // What an earlier look met came earlier, whatever the clock was set to since.
      found.sort((a, b) => a.sinceMs - b.sinceMs || a.changedMs - b.changedMs || (a.entry.name < b.entry.name ? -1 : 1))
      return found.map(({ entry }) => entry)
    },

    async peek(name) {
      const observation = seen.get(name)
      if (observation === undefined) return undefined
      observation.peek ??= peek(pathOfName(options.folder, name))
      try {
        return await observation.peek
      } catch (error) {
        delete observation.peek
        throw error
      }
    },

    async isUnchanged(name) {
      try {
        return seen.get(name)?.identity === identityOf(await lstat(pathOfName(options.folder, name)))
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
        return false
      }
    },
  }
}

function identityOf(stats: Stats): string {
  return `${stats.ino.toString()}:${stats.size.toString()}:${stats.mtimeMs.toString()}`
}

/** Files under way, editors' files and files that are no jobs. Dotfiles are the usual mark of "not yet". */
function ignoredBecause(name: string): string | undefined {
  if (name.startsWith('.')) return 'hidden'
  if (/~$|\.(part|filepart|tmp|swp|swx|crdownload)$/i.test(name)) return 'the name says that it is under way'
  if (!/\.ya?ml$/i.test(name)) return 'not named *.yaml or *.yml'
  return undefined
}

async function peek(path: string | Buffer): Promise<Peek | undefined> {
  const file = await readBounded(path, maxJobFileBytes)
  if (file.kind !== 'file') return undefined
  // Most often it is claimed next.
  const parsed = parseJobFileAhead(file.bytes)
  return parsed.ok ? { project: parsed.value.project_name, action: parsed.value.action } : undefined
}

/** Whether the last line is the YAML document end, `...` (YAML 1.2.2, 9.1.2): nothing else can begin so. */
async function endsWithMarker(path: string | Buffer, size: number): Promise<boolean> {
  const length = Math.min(size, tailBytes)
  if (length === 0) return false
  const marker = length === size ? /(^|\n)\.\.\.[ \t]*(\r?\n)*$/ : /\n\.\.\.[ \t]*(\r?\n)*$/
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
      return marker.test(buffer.subarray(0, bytesRead).toString('latin1'))
    } finally {
      await file.close()
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw error
    // What can't be read is taken after the quiet period and refused with a reason.
    return false
  }
}
