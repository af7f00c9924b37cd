import * as z from 'zod'
import { keysAt } from '../support/schema-keys.js'
import { fieldProblems, type FieldProblem } from '../support/field-problem.js'
import { parseYaml, type YamlResult } from '../support/yaml-document.js'
import { parseJobId, type JobId } from './id.js'
import { resultSchema } from './result.js'

/** A string field; a number, date or truth value there is a YAML slip, so the message says how to write it. */
function text(maxLength: number) {
  return z
    .string({
      error: (issue) =>
        issue.input === undefined ? 'is required; add it' : `must be text, got ${slipOf(issue.input)}`,
    })
    .min(1, 'is empty; give it a value or leave it out')
    .max(maxLength, `is longer than ${maxLength.toString()} characters; shorten it`)
    .refine(isWellFormed, 'contains half a character (a lone surrogate); write it again')
}

function oneLine(maxLength: number) {
  return text(maxLength).refine(
    (value) => !/\p{Cc}/u.test(value),
    'contains a control character or line break; write it on one line',
  )
}

const projectNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const jobFields = z.strictObject({
  project_name: text(200).regex(
    projectNamePattern,
    'is not a project name; use 1 to 64 letters, digits, dots, _ and -, the first a letter or digit',
  ),
  repo_url: oneLine(2048).optional(),
  branch: oneLine(255).optional(),
  template_hint: oneLine(200).optional(),
  requirements_summary: text(20_000).optional(),
  tracker_url: oneLine(2048).optional(),
  tracker: text(600_000).refine(fitsJobFile, 'takes too much room in a job file; put it behind tracker_url').optional(),
  layout: oneLine(64).optional(),
  agent: oneLine(64).optional(),
  action: z
    .enum(
      ['create', 'destroy', 'restart', 'restore', 'send'],
      'is not an action; use create, destroy, restart, restore or send',
    )
    .default('create'),
  text: text(20_000).optional(),
  idempotency_key: oneLine(255).optional(),
})

/** What one wants done: the fields of a job file and of the body of `POST /create-session`. */
export type Job = z.infer<typeof jobFields>

/** How a job came in. Added by the daemon; a call that carries one of its own is refused. */
export const originSchema = z.strictObject({
  /** `daemon`: its own, for a session that was lost. */
  kind: z.enum(['http', 'github', 'file', 'cli', 'daemon']),
  /** The caller's network address, or the name of the dropped file (escaped). */
  address: z.string().nullable().default(null),
  delivery_id: z.string().nullable().default(null),
  subject: z.string().nullable().default(null),
  sender: z.string().nullable().default(null),
  /** Whether its text may be given to the agent as instructions. */
  trusted: z.boolean(),
})
export type Origin = z.infer<typeof originSchema>

const jobId = z.string().transform((value, context): JobId => {
  const id = parseJobId(value)
  if (id !== undefined) return id
  context.addIssue('is not a job id; remove it')
  return z.NEVER
})

/** A job file as the daemon keeps it: the job and what the daemon knows of it. */
const recordFields = jobFields.extend({
  job_id: jobId.optional(),
  origin: originSchema.optional(),
  received_at: z.string().optional(),
  retry_of: z.string().optional(),
  /** When its latest attempt began. */
  begun_at: z.string().optional(),
  /** How many times its building was begun. */
  attempts: z.number().int().min(0).default(0),
  /** The name under which a person dropped it. */
  file: z.string().optional(),
  result: resultSchema.optional(),
})
export type RecordFields = z.infer<typeof recordFields>

/** Fields that hang together; the same rules for both schemas. */
function checkTogether(job: Job, context: z.core.$RefinementCtx): void {
  const problem = (path: string, message: string) => {
    context.addIssue({ code: 'custom', path: [path], message })
  }
  if (job.action === 'create' && job.repo_url === undefined) {
    problem('repo_url', 'is required; add the address of the repository')
  }
  if (job.action === 'send' && job.text === undefined) problem('text', 'is required for send; add it')
  if (job.action !== 'send' && job.text !== undefined) problem('text', 'belongs to send only; remove it')
  if (job.tracker !== undefined && job.tracker_url !== undefined) {
    problem('tracker_url', 'stands beside tracker; keep one of the two')
  }
}

const jobSchema = jobFields.superRefine(checkTogether)
const recordSchema = recordFields.superRefine(checkTogether)

/** Parses the body of a call. `value` is what JSON.parse gave. */
export function parseJobBody(
  value: unknown,
): { readonly ok: true; readonly job: Job } | { readonly ok: false; readonly problems: readonly FieldProblem[] } {
  const result = jobSchema.safeParse(value)
  if (result.success) return { ok: true, job: result.data }
  const problems = fieldProblems(result.error, (path) => keysAt(jobFields, path))
  return { ok: false, problems: problems.map(({ path: _path, ...problem }) => problem) }
}

/** Parses a job file, also one of the daemon's own records. */
export function parseJobFile(bytes: Uint8Array | string): YamlResult<RecordFields> {
  const { ahead } = parsed
  if (ahead === undefined || typeof bytes === 'string' || !ahead.bytes.equals(bytes)) return parseAnew(bytes)
  delete parsed.ahead
  return ahead.result
}

/** The same, of a file that is likely to be asked for next: the call that asks gets this very result, and nobody after it. */
export function parseJobFileAhead(bytes: Buffer): YamlResult<RecordFields> {
  const result = parseAnew(bytes)
  parsed.ahead = { bytes, result }
  return result
}

const parsed: { ahead?: { readonly bytes: Buffer; readonly result: YamlResult<RecordFields> } } = {}

function parseAnew(bytes: Uint8Array | string): YamlResult<RecordFields> {
  return parseYaml(bytes, recordSchema, (path) => keysAt(jobFields, path))
}

/** The job alone, without what the daemon added. */
export function jobOf(record: RecordFields): Job {
  const job: Record<string, unknown> = {}
  for (const key of Object.keys(jobFields.shape) as (keyof Job)[]) if (record[key] !== undefined) job[key] = record[key]
  return jobFields.parse(job)
}

/** Whether a tracker leaves room for the other fields in the largest job file, however it is written there. */
function fitsJobFile(value: string): boolean {
  return Buffer.byteLength(JSON.stringify(value)) <= 750_000 && value.split('\n').length <= 50_000
}

/** Only well-formed text survives being written as UTF-8 and read again. */
function isWellFormed(value: string): boolean {
  return !/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(value)
}

/** What stands where text should, and what to do about it. */
function slipOf(value: unknown): string {
  if (value === null) return 'nothing; give it a value or leave it out'
  if (Array.isArray(value)) return 'a list; write one text'
  if (typeof value === 'number' || typeof value === 'boolean') return `${String(value)}; quote it: "${String(value)}"`
  return 'a group of fields; write one text'
}
