import { Document, visit } from 'yaml'
import * as z from 'zod'
import type { JobId } from './id.js'
import { jobOf, type Job, type Origin, type RecordFields } from './job.js'
import { resultSchema, type JobResult } from './result.js'

/** The states of a job; each is a folder. `queued` is the inbox. */
export type JobState = 'queued' | 'active' | 'done' | 'failed'

/** A job and what the daemon knows of it: one file. */
export interface JobRecord {
  readonly id: JobId
  readonly job: Job
  readonly origin: Origin
  /** ISO 8601, UTC. */
  readonly receivedAt: string
  /** When its latest attempt began; undefined: none has. */
  readonly begunAt?: string | undefined
  readonly attempts: number
  readonly retryOf: string | undefined
  readonly file: string | undefined
  readonly result: JobResult | undefined
}

/** A job as people and callers are told of it; also a file that was never understood, which has no `job`. */
export interface JobView {
  readonly id: JobId
  readonly state: JobState
  readonly job: Job | null
  readonly origin: Origin | null
  readonly receivedAt: string
  readonly begunAt?: string | undefined
  readonly attempts: number
  readonly retryOf: string | undefined
  readonly file: string | undefined
  readonly result: JobResult | undefined
}

/** What is kept of a file that is no valid job, beside the file itself. */
export const rejectedSchema = z.strictObject({
  job_id: z.string(),
  file: z.string(),
  received_at: z.string(),
  result: resultSchema,
})
export type Rejected = z.infer<typeof rejectedSchema>

/** Builds a record of a file that was parsed, filling in what the file does not say. */
export function recordOf(fields: RecordFields, known: { id: JobId; origin: Origin; receivedAt: string }): JobRecord {
  return {
    id: known.id,
    job: jobOf(fields),
    origin: fields.origin ?? known.origin,
    receivedAt: fields.received_at ?? known.receivedAt,
    begunAt: fields.begun_at,
    attempts: fields.attempts,
    retryOf: fields.retry_of,
    file: fields.file,
    result: fields.result,
  }
}

/**
 * The text of a record's file. `written` is the document that a person wrote, so that their comments and order stay
 * (where it uses aliases, which would point at what is replaced here, it is written anew).
 * It ends with the end-of-document line `...`, the sign that it is whole.
 */
export function formatRecord(record: JobRecord, written: Document = new Document({})): string {
  const base = hasAlias(written) ? new Document({}) : written
  for (const [key, value] of Object.entries(record.job)) {
    if (value !== base.get(key)) base.set(key, base.createNode(value))
  }
  const added: Record<string, unknown> = {
    job_id: record.id,
    origin: record.origin,
    received_at: record.receivedAt,
    retry_of: record.retryOf,
    file: record.file,
    begun_at: record.begunAt,
    attempts: record.attempts === 0 ? undefined : record.attempts,
    result: record.result,
  }
  for (const [key, value] of Object.entries(added)) {
    if (value === undefined) base.delete(key)
    else base.set(key, base.createNode(value, { aliasDuplicateObjects: false }))
  }
  if (base.directives !== undefined) base.directives.docEnd = true
  // A comment at the end would be written behind the marker.
  if (base.contents !== null && base.comment !== null) {
    base.contents.comment = [base.contents.comment, base.comment]
      .filter((comment) => typeof comment === 'string')
      .join('\n')
    base.comment = null
  }
  // yaml 2.9 changes a text that it writes as a block beginning with white space, folded, or in quotes over several lines.
  visit(base, {
    Scalar(_key, node) {
      if (typeof node.value === 'string' && /^\s/.test(node.value)) node.type = 'QUOTE_DOUBLE'
      else if (node.type === 'BLOCK_FOLDED') node.type = 'BLOCK_LITERAL'
    },
  })
  // Document.toString of yaml 2.9 ends with the marker itself, without a line end.
  return `${base.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Infinity }).trimEnd()}\n`
}

function hasAlias(document: Document): boolean {
  let found = false
  visit(document, {
    Alias() {
      found = true
      return visit.BREAK
    },
  })
  return found
}
