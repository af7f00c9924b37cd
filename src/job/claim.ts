import { rename } from 'node:fs/promises'
import { stringify } from 'yaml'
import { formatFieldProblem, type FieldProblem } from '../support/field-problem.js'
import { moveWithoutReplacing, publish, readBounded, syncFolder, unlinkIfThere, unreadable } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import { printable } from '../support/text.js'
import { pathOfName } from './file-name.js'
import { droppedFile, readRejected } from './find.js'
import { claimedPath, existsAny, maxJobFileBytes, rawPath, recordPath, type SpoolFolders } from './folders.js'
import { aboutOf, keyMarkOf, newJobId, parseJobId, type JobId } from './id.js'
import { parseJobFile, type RecordFields } from './job.js'
import { chosenKey, markOf, type Keys } from './keys.js'
import { duplicateResult } from './outcome.js'
import { formatRecord, recordOf, type JobRecord, type Rejected } from './record.js'
import type { JobResult } from './result.js'

/** What became of taking a file out of the inbox. */
export type Claim =
  | { readonly kind: 'claimed'; readonly record: JobRecord }
  /** Somebody else took or removed it first: normal. */
  | { readonly kind: 'lost' }
  /** Its key led to another job, which stands; it rests in done/. */
  | { readonly kind: 'duplicate'; readonly id: JobId; readonly of: JobId }
  /** It is no valid job; it rests in failed/ as ID.raw beside a record with the reason. */
  | { readonly kind: 'rejected'; readonly id: JobId; readonly problems: readonly FieldProblem[] }

export type Now = () => Date

/**
 * Takes a file of the inbox by its name: whoever's rename succeeds has it.
 * @throws a system error (ENOSPC, EACCES, …); the file is back in the inbox then, as far as that was possible
 */
export async function claimFile(folders: SpoolFolders, keys: Keys, name: string, now: Now): Promise<Claim> {
  const own = parseJobId(name.replace(/\.yaml$/, ''))
  const id = own !== undefined && !(await isKnown(folders, own)) ? own : freshId(name, own, now)
  const claimed = claimedPath(folders, id, name)
  try {
    await rename(pathOfName(folders.inbox, name), claimed)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'lost' }
    throw error
  }
  try {
    return await finishClaim(folders, keys, { id, claimed, name, attempts: 1 }, now)
  } catch (error) {
    await giveBack(folders, id, claimed, name).catch(() => undefined)
    throw error
  }
}

/** A file between the two halves of its claim. */
export interface HalfClaim {
  readonly id: JobId
  /** Where it lies now. */
  readonly claimed: string
  /** The name that it had in the inbox. */
  readonly name: string
  /** The attempts to note: 1 where its building begins with the claim. */
  readonly attempts: 0 | 1
}

/** The second half of a claim: the bytes are checked and published anew, so that no writer holds them any more. */
export async function finishClaim(folders: SpoolFolders, keys: Keys, half: HalfClaim, now: Now): Promise<Claim> {
  const { id, claimed, name, attempts } = half
  const file = await readBounded(claimed, maxJobFileBytes)
  switch (file.kind) {
    case 'missing':
      return { kind: 'lost' }
    case 'odd': {
      const remedy = file.what === unreadable ? 'let its user read it (chmod), then drop it again' : 'drop a plain file'
      const problem = { field: '', message: `is ${file.what}`, remedy }
      return await reject(folders, half, [problem], now)
    }
    case 'too-large': {
      const message = `is ${file.size.toString()} bytes, more than ${maxJobFileBytes.toString()}`
      const problem = { field: '', message, remedy: 'put long text behind tracker_url' }
      return await reject(folders, half, [problem], now)
    }
    case 'file':
      break
  }
  const parsed = parseJobFile(file.bytes)
  if (!parsed.ok) return await reject(folders, half, parsed.problems, now)
  const { value } = parsed
  const begun = value.attempts > 0 || value.result !== undefined
  const mark = markFor(value)
  // The record of an earlier run that a person put back is meant to be done again.
  const first = begun ? undefined : await firstOf(keys, value)
  const repeats = first !== undefined && first !== id
  if ((value.job_id === id && begun) || (mark !== undefined && mark !== keyMarkOf(id) && !repeats)) {
    // It must neither go on under the old id, nor under one that does not tell its key.
    const fresh = await unusedId(folders, id, mark ?? keyMarkOf(id), now)
    const moved = claimedPath(folders, fresh, name)
    await rename(claimed, moved)
    return await finishClaim(folders, keys, { ...half, id: fresh, claimed: moved }, now)
  }
  const earlier = {
    result: undefined,
    received_at: undefined,
    begun_at: undefined,
    file: printable(name),
    retry_of: value.job_id,
  }
  const fields = value.job_id === id ? value : { ...value, ...earlier }
  const record = {
    ...recordOf(fields, { id, origin: droppedFile(name), receivedAt: now().toISOString() }),
    attempts: repeats ? 0 : attempts,
    begunAt: repeats || attempts === 0 ? undefined : now().toISOString(),
    ...(repeats ? { result: duplicateResult(first, now()) } : {}),
  }
  await publish(recordPath(folders, 'active', id), formatRecord(record, parsed.document))
  // The old name must be gone for good before the job has effects.
  await syncFolder(folders.inbox)
  await unlinkIfThere(claimed)
  if (!repeats) return { kind: 'claimed', record }
  await moveWithoutReplacing(recordPath(folders, 'active', id), recordPath(folders, 'done', id))
  return { kind: 'duplicate', id, of: first }
}

/** The job that the file's key led to before. Claims come one after another, so that of two one is the first. */
async function firstOf(keys: Keys, fields: RecordFields): Promise<JobId | undefined> {
  const { idempotency_key: key, retry_of: retried } = fields
  return key === undefined || retried !== undefined ? undefined : await keys.find(markOf(chosenKey(key)))
}

/** How the id of a job must end, so that its key is found again: as that of the job that it repeats, else by its key. */
function markFor(fields: RecordFields): string | undefined {
  const { job_id: earlier, idempotency_key: key } = fields
  if (earlier !== undefined) return keyMarkOf(earlier)
  return key === undefined ? undefined : markOf(chosenKey(key))
}

/** Puts a file that is no job to rest, beside a record with the reason. */
export async function reject(
  folders: SpoolFolders,
  half: HalfClaim,
  problems: readonly FieldProblem[],
  now: Now,
): Promise<Claim> {
  const { claimed, name } = half
  const id = (await mayRejectAs(folders, half.id)) ? half.id : freshId(name, half.id, now)
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
  await publish(recordPath(folders, 'failed', id), stringify(rejected, { lineWidth: 0 }))
  await rename(claimed, rawPath(folders, id))
  await syncFolder(folders.failed)
  return { kind: 'rejected', id, problems }
}

/** Nothing is overwritten but the record of the same rejection, cut off before the file followed it. */
async function mayRejectAs(folders: SpoolFolders, id: JobId): Promise<boolean> {
  const { done, failed } = { done: recordPath(folders, 'done', id), failed: recordPath(folders, 'failed', id) }
  if (await existsAny([done, rawPath(folders, id)])) return false
  return !(await existsAny([failed])) || (await readRejected(folders, id)) !== undefined
}

/** Whether anything of this id is kept, so that a file which is named so is another one. */
async function isKnown(folders: SpoolFolders, id: JobId): Promise<boolean> {
  const records = (['active', 'done', 'failed'] as const).map((state) => recordPath(folders, state, id))
  return await existsAny([...records, rawPath(folders, id), claimedPath(folders, id, `${id}.yaml`)])
}

/** An id that tells what the file was called, or, where that was an id, what that one was about. */
function freshId(name: string, own: JobId | undefined, now: Now): JobId {
  const about = own === undefined ? name.replace(/\.ya?ml$/i, '') : aboutOf(own)
  return newJobId(about, now())
}

/** An id like another one, that ends with a mark: only its time can tell it from those of the same key. */
async function unusedId(folders: SpoolFolders, like: JobId, mark: string, now: Now): Promise<JobId> {
  for (let time = now().getTime(); ; time += 1) {
    const id = newJobId(aboutOf(like), new Date(time), mark)
    if (id !== like && !(await isKnown(folders, id))) return id
  }
}

/**
 * Undoes the claim, so that it is tried again without a restart; not where the file was refused, or the name is in use
 * again, which `recover` sees to.
 */
async function giveBack(folders: SpoolFolders, id: JobId, claimed: string, name: string): Promise<void> {
  const inbox = pathOfName(folders.inbox, name)
  if (await existsAny([recordPath(folders, 'failed', id), inbox])) return
  // The record came to stand, and its folder could not be synced: nothing has been begun by it.
  if (await existsAny([claimed])) await unlinkIfThere(recordPath(folders, 'active', id))
  await rename(claimed, inbox)
}
