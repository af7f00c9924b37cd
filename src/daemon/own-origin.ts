import type { Origin } from '../job/job.js'

/** Of the jobs that the daemon drops by itself. */
export const ownOrigin: Origin = {
  kind: 'daemon',
  address: null,
  delivery_id: null,
  subject: null,
  sender: null,
  trusted: true,
}
