import { newJobId } from '../job/id.js'
import type { Job } from '../job/job.js'
import type { JobRecord } from '../job/record.js'

/** A job that a command carries out itself, here and now: no file is made of it. */
export function ownJob(job: Job): JobRecord {
  const now = new Date()
  return {
    id: newJobId(job.project_name, now),
    job,
    origin: { kind: 'cli', address: null, delivery_id: null, subject: null, sender: null, trusted: true },
    receivedAt: now.toISOString(),
    attempts: 1,
    retryOf: undefined,
    file: undefined,
    result: undefined,
  }
}
