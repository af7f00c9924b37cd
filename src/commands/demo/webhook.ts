import { createHmac } from 'node:crypto'
import * as z from 'zod'
import { parseJobId, type JobId } from '../../job/id.js'
import { messageOf, Problem } from '../../support/problem.js'

const answerTimeoutMs = 10_000

const queuedSchema = z.looseObject({ job_id: z.string(), session_name: z.string() })

/** The 202: the job is on disk. */
export interface Accepted {
  readonly jobId: JobId
  readonly sessionName: string
}

/** Posts the job as GitHub would: the raw bytes signed with the shared secret. @throws Problem where it is refused */
export async function postWebhook(
  daemonUrl: string,
  job: Readonly<Record<string, string>>,
  secret: string,
): Promise<Accepted> {
  const body = Buffer.from(JSON.stringify(job))
  const signature = createHmac('sha256', secret).update(body).digest('hex')
  const answer = await fetch(`${daemonUrl}/create-session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
    body,
    signal: AbortSignal.timeout(answerTimeoutMs),
  }).catch((error: unknown) => {
    throw unexpected(messageOf(error), error)
  })
  const text = await answer.text()
  if (answer.status !== 202) throw unexpected(`HTTP ${answer.status.toString()}: ${text.slice(0, 300)}`)
  const queued = queuedSchema.parse(JSON.parse(text))
  const jobId = parseJobId(queued.job_id)
  if (jobId === undefined) throw unexpected('the answer names no job')
  return { jobId, sessionName: queued.session_name }
}

function unexpected(because: string, cause?: unknown): Problem {
  return new Problem({ doing: 'post the webhook', because, remedy: 'see the log in the demo’s home', cause })
}
