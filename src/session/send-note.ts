import { join } from 'node:path'
import * as z from 'zod'
import type { JobId } from '../job/id.js'
import { publish, readBounded } from '../support/files.js'
import { jsonOf } from '../support/json.js'

const noteSchema = z.strictObject({
  job_id: z.string(),
  /** `begun`: the text may stand in the input box. `entered`: Enter was pressed behind it. */
  state: z.enum(['begun', 'entered']),
})

const noteFile = 'last-send.json'
const maxBytes = 4096

/**
 * How far the last job that sent a text came, in the session's folder: one that was cut off must not send it again. One note
 * is enough, since the jobs of a session are done one after another, a resumed one first.
 */
export async function writeSendNote(folder: string, jobId: JobId, state: 'begun' | 'entered'): Promise<void> {
  await publish(join(folder, noteFile), `${JSON.stringify({ job_id: jobId, state })}\n`)
}

/** How far an earlier attempt of a job came; undefined: nothing of its text was sent. */
export async function readSendNote(folder: string, jobId: JobId): Promise<'begun' | 'entered' | undefined> {
  const file = await readBounded(join(folder, noteFile), maxBytes)
  if (file.kind !== 'file') return undefined
  const parsed = noteSchema.safeParse(jsonOf(file.bytes.toString('utf8')))
  return parsed.success && parsed.data.job_id === jobId ? parsed.data.state : undefined
}
