import * as z from 'zod'

const error = z.looseObject({
  /** One line: what was tried, why it failed, what to do. */
  message: z.string(),
  field: z.string().optional(),
  remedy: z.string().optional(),
})

const counted = z.looseObject({
  /** ISO 8601, UTC. */
  finished_at: z.string(),
})

const session = counted.extend({
  session: z.string(),
  attach_command: z.string().optional(),
})

/**
 * What became of a job, as written into its file. `created` and the other good ends stand in done/, `failed` and
 * `cancelled` in failed/. Details (template, tracker, steps) are the session's to define.
 */
export const resultSchema = z.discriminatedUnion('status', [
  session.extend({ status: z.literal('created') }),
  session.extend({ status: z.literal('existing') }),
  session.extend({ status: z.literal('destroyed') }),
  session.extend({ status: z.literal('restarted') }),
  /** Another job of the same idempotency key stands; nothing was done. `message` says what to do where it was meant. */
  counted.extend({ status: z.literal('duplicate'), duplicate_of: z.string(), message: z.string() }),
  session.extend({ status: z.literal('restored') }),
  session.extend({ status: z.literal('sent') }),
  counted.extend({ status: z.literal('failed'), error }),
  counted.extend({ status: z.literal('cancelled'), error }),
])

export type JobResult = z.infer<typeof resultSchema>

/** The folder of state/ in which a job with this result rests. */
export function restingState(result: JobResult): 'done' | 'failed' {
  switch (result.status) {
    case 'created':
    case 'existing':
    case 'destroyed':
    case 'restarted':
    case 'duplicate':
    case 'restored':
    case 'sent':
      return 'done'
    case 'failed':
    case 'cancelled':
      return 'failed'
  }
}
