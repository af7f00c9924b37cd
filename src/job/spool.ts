import { link, readdir, rename, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import {
  moveWithoutReplacing,
  publish,
  readBounded,
  sweepTemporaries,
  syncFolder,
  unlinkIfThere,
} from '../support/files.js'
import { formatFieldProblem, type FieldProblem } from '../support/field-problem.js'
import { codeOf, Problem } from '../support/problem.js'
import { parseYaml } from '../support/yaml-document.js'
import { printable } from '../support/text.js'
import { newJobId, parseJobId, type JobId } from './id.js'
import { parseJobFile, type Job, type Origin } from './job.js'
import {
  formatRecord,
  recordOf,
  rejectedSchema,
  type JobRecord,
  type JobState,
  type JobView,
  type Rejected,
} from './record.js'
import { restingState, type JobResult } from './result.js'

/** The folders of the queue; all on one filesystem, since every step is a rename. */
export interface SpoolFolders {
  readonly inbox: string
  readonly active: string
  readonly done: string
  readonly failed: string
}

/** What became of taking a file out of the inbox. */
export type Claim =
  | { readonly kind: 'claimed'; readonly record: JobRecord }
  /** Somebody else took or removed it first: normal. */
  | { readonly kind: 'lost' }
  /** It is no valid job; it rests in failed/ as ID.raw beside a record with the reason. */
  | { readonly kind: 'rejected'; readonly id: JobId; readonly problems: readonly FieldProblem[] }

/** The largest job file that is read, in bytes. */
export const maxJobFileBytes = 4 * 1024 * 1024

/**
 * The life of a job on disk, and the only module that moves its file:
 *
 *     drop → inbox/ID.yaml ─claim→ active/ID.yaml ─settle→ done/ID.yaml | failed/ID.yaml
 *
 * Every step leaves, at whatever point it is cut off, files from which `recover` goes on.
 */
export interface Spool {
  /** Writes a job into the inbox; durable when it resolves. @throws a system error (ENOSPC, EROFS, …) */
  drop(job: Job, origin: Origin, retryOf?: string): Promise<JobId>
  /** Takes a file of the inbox by its name. */
  claim(name: string): Promise<Claim>
  /** Notes, durably, that an attempt begins. */
  beginAttempt(record: JobRecord): Promise<JobRecord>
  /** Puts an active job to rest with its result. */
  settle(record: JobRecord, result: JobResult): Promise<void>
  find(id: JobId): Promise<JobView | undefined>
  /** The ids of a state, newest first. */
  list(state: JobState): Promise<JobId[]>
  /** What an earlier daemon left unfinished: half claims and half settlements are completed, the rest is returned. */
  recover(): Promise<JobRecord[]>
  /** The job once this process has settled it, or undefined where the signal came first. */
  whenSettled(id: JobId, signal: AbortSignal): Promise<JobView | undefined>
}

export function createSpool(folders: SpoolFolders, now: () => Date = () => new Date()): Spool {
  /** Who waits for a job: whenSettled's resolvers. */
  const listeners = new Map<JobId, () => void>()
  const folderOf = (state: JobState) => (state === 'queued' ? folders.inbox : folders[state])
  const pathOf = (state: JobState, id: JobId) => join(folderOf(state), `${id}.yaml`)

  const read = async (path: string, id: JobId): Promise<JobRecord | undefined> => {
    const file = await readBounded(path, maxJobFileBytes)
    if (file.kind !== 'file') return undefined
    const parsed = parseJobFile(file.bytes)
    if (parsed.ok)
      return recordOf(parsed.value, { id, origin: droppedFile(null), receivedAt: file.stats.mtime.toISOString() })
    return undefined
  }

  const reject = async (
    id: JobId,
    claimed: string,
    name: string,
    problems: readonly FieldProblem[],
  ): Promise<Claim> => {
    const result: JobResult = {
      status: 'failed',
      finished_at: now().toISOString(),
      error: {
        message: problems.map(formatFieldProblem).join('\n'),
        ...(problems[0]?.field ? { field: problems[0].field } : {}),
        remedy: `correct it and drop it again; the file as it came is ${id}.raw`,
      },
    }
    const rejected: Rejected = { job_id: id, file: printable(name), received_at: now().toISOString(), result }
    await publish(pathOf('failed', id), stringify(rejected, { lineWidth: 0 }))
    await rename(claimed, join(folders.failed, `${id}.raw`))
    await syncFolder(folders.failed)
    listeners.get(id)?.()
    return { kind: 'rejected', id, problems }
  }

  /** The second half of a claim: the bytes are checked and published anew, so that no writer holds them any more. */
  const finishClaim = async (id: JobId, claimed: string, name: string): Promise<Claim> => {
    const file = await readBounded(claimed, maxJobFileBytes)
    switch (file.kind) {
      case 'missing':
        return { kind: 'lost' }
      case 'odd':
        return await reject(id, claimed, name, [{ field: '', message: `is ${file.what}`, remedy: 'drop a plain file' }])
      case 'too-large': {
        const message = `is ${file.size.toString()} bytes, more than ${maxJobFileBytes.toString()}`
        return await reject(id, claimed, name, [{ field: '', message, remedy: 'put long text behind tracker_url' }])
      }
      case 'file': {
        const parsed = parseJobFile(file.bytes)
        if (!parsed.ok) return await reject(id, claimed, name, parsed.problems)
        const ours = parsed.value.job_id === id
        const fields = ours
          ? parsed.value
          : { ...parsed.value, attempts: 0, result: undefined, file: printable(name), retry_of: parsed.value.job_id }
        const record = recordOf(fields, { id, origin: droppedFile(name), receivedAt: now().toISOString() })
        const first = { ...record, attempts: 1 }
        await publish(pathOf('active', id), formatRecord(first, parsed.document))
        await unlinkIfThere(claimed)
        return { kind: 'claimed', record: first }
      }
    }
  }

  const settle = async (record: JobRecord, result: JobResult): Promise<void> => {
    const settled = { ...record, result }
    const from = pathOf('active', record.id)
    await publish(from, await formatFrom(from, settled))
    await moveWithoutReplacing(from, pathOf(restingState(result), record.id))
    listeners.get(record.id)?.()
  }

  const find = async (id: JobId): Promise<JobView | undefined> => {
    // In the order in which a job moves, so that one which moves meanwhile is met later, not missed.
    for (const state of ['queued', 'active', 'done', 'failed'] as const) {
      const record = await read(pathOf(state, id), id)
      if (record !== undefined) return { ...record, state }
    }
    return await readRejected(pathOf('failed', id), id)
  }

  return {
    settle,
    find,

    async drop(job, origin, retryOf) {
      const id = newJobId(job.project_name, now())
      const receivedAt = now().toISOString()
      const record = { id, job, origin, receivedAt, attempts: 0, retryOf, file: undefined, result: undefined }
      await publish(pathOf('queued', id), formatRecord(record), { replace: false })
      return id
    },

    async claim(name) {
      const own = parseJobId(name.replace(/\.yaml$/, ''))
      const taken =
        own !== undefined && (await existsAny([pathOf('active', own), pathOf('done', own), pathOf('failed', own)]))
      const id = own !== undefined && !taken ? own : newJobId(name.replace(/\.ya?ml$/, ''), now())
      const claimed = join(folders.active, `${id}${claimMark}${safeName(name)}`)
      try {
        await rename(join(folders.inbox, name), claimed)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return { kind: 'lost' }
        throw error
      }
      return await finishClaim(id, claimed, name)
    },

    async beginAttempt(record) {
      const next = { ...record, attempts: record.attempts + 1 }
      const path = pathOf('active', record.id)
      await publish(path, await formatFrom(path, next))
      return next
    },

    async list(state) {
      const names = await readdir(folderOf(state))
      return names
        .flatMap((name) => (name.endsWith('.yaml') ? [parseJobId(name.slice(0, -5))] : []))
        .filter((id) => id !== undefined)
        .sort()
        .reverse()
    },

    async recover() {
      for (const folder of [folders.inbox, folders.active, folders.done, folders.failed]) await sweepTemporaries(folder)
      const interrupted: JobRecord[] = []
      for (const name of (await readdir(folders.active)).sort()) {
        const mark = name.indexOf(claimMark)
        const id = parseJobId(mark === -1 ? name.replace(/\.yaml$/, '') : name.slice(0, mark))
        if (id === undefined) continue
        const path = join(folders.active, name)
        if (mark !== -1) {
          if (await existsAny([pathOf('active', id)])) await unlinkIfThere(path)
          else if (await existsAny([pathOf('failed', id)])) await rename(path, join(folders.failed, `${id}.raw`))
          else {
            const claim = await finishClaim(id, path, name.slice(mark + claimMark.length))
            if (claim.kind === 'claimed') interrupted.push(claim.record)
          }
          continue
        }
        const record = await read(path, id)
        if (record === undefined) {
          await reject(id, path, name, [{ field: '', message: 'the record is damaged', remedy: 'drop the job again' }])
        } else if (record.result !== undefined) {
          await finishSettling(path, pathOf(restingState(record.result), id))
        } else {
          interrupted.push(record)
        }
      }
      return [...new Map(interrupted.map((record) => [record.id, record])).values()]
    },

    async whenSettled(id, signal) {
      const settled = new Promise<void>((resolve) => {
        listeners.set(id, resolve)
        signal.addEventListener(
          'abort',
          () => {
            resolve()
          },
          { once: true },
        )
      })
      try {
        // It may have been settled before anybody listened.
        const before = await find(id)
        if (before?.result !== undefined) return before
        if (!signal.aborted) await settled
        return signal.aborted ? undefined : await find(id)
      } finally {
        listeners.delete(id)
      }
    },
  }
}

/** Separates the job id from the dropped file's name in active/, between the rename and the publishing. */
const claimMark = '.claimed.'

function safeName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80)
}

/** A file that a person, or a script with access to the folder, put into the inbox. */
function droppedFile(name: string | null): Origin {
  return {
    kind: 'file',
    address: name === null ? null : printable(name),
    delivery_id: null,
    subject: null,
    sender: null,
    trusted: true,
  }
}

async function readRejected(path: string, id: JobId): Promise<JobView | undefined> {
  const file = await readBounded(path, maxJobFileBytes)
  const parsed = file.kind === 'file' ? parseYaml(file.bytes, rejectedSchema, () => []) : undefined
  if (parsed?.ok !== true) return undefined
  const { file: name, received_at: receivedAt, result } = parsed.value
  return {
    id,
    state: 'failed',
    job: null,
    origin: null,
    receivedAt,
    attempts: 0,
    retryOf: undefined,
    file: name,
    result,
  }
}

/** Keeps the comments and the order of the file as it stands. */
async function formatFrom(path: string, record: JobRecord): Promise<string> {
  const file = await readBounded(path, maxJobFileBytes)
  const parsed = file.kind === 'file' ? parseJobFile(file.bytes) : undefined
  if (parsed?.ok === true) return formatRecord(record, parsed.document)
  throw new Problem({
    doing: `settle job ${record.id}`,
    because: 'its file in state/active was changed or removed by someone else',
    remedy: 'leave the files in state/active alone',
  })
}

/** Also where the move was cut off between its link and its unlink. */
async function finishSettling(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  await syncFolder(dirname(to))
  await unlinkIfThere(from)
}

async function existsAny(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    try {
      await stat(path)
      return true
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }
  return false
}
