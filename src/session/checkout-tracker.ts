import type { Job, Origin } from '../job/job.js'
import { renderTemplateTracker } from '../template/render.js'
import { composeTracker } from '../tracker/compose.js'
import { fetchTracker } from '../tracker/fetch-tracker.js'
import { placeTracker, readTracker } from '../tracker/place.js'
import type { AppliedTemplate } from './checkout-template.js'
import type { SessionPlan } from './plan.js'
import type { SessionTools } from './tools.js'

export interface TrackerReport {
  readonly from: 'inline' | 'url' | 'template' | 'composed' | 'repository'
  /** Bytes of PROGRESS_TRACKER.md in the working copy. */
  readonly bytes: number
  /** Text of the job itself, byte-exact, for the agent as instructions; undefined where there is none to be trusted. */
  readonly instructions: string | undefined
  /** Whether the file holds text that the agent must take as data: the repository's, or a stranger's. */
  readonly asData: boolean
}

const trackerTimeoutMs = 30_000

/** What the job itself gives. */
export interface Wanted {
  readonly from: 'inline' | 'url'
  readonly text: string
}

/** The job's own tracker; fetched where it names an address. @throws Problem */
export async function wantedTracker(job: Job, tools: SessionTools): Promise<Wanted | undefined> {
  if (job.tracker !== undefined) return { from: 'inline', text: job.tracker }
  if (job.tracker_url === undefined) return undefined
  const text = await fetchTracker(job.tracker_url, {
    allowPrivate: tools.config.repositories.private_addresses,
    timeoutMs: trackerTimeoutMs,
  })
  return { from: 'url', text }
}

/** Puts the tracker into the working copy where there is none, and decides how the agent is given it. */
export async function settleTracker(
  folder: string,
  request: { readonly job: Job; readonly origin: Origin; readonly plan: SessionPlan },
  wanted: Wanted | undefined,
  applied: AppliedTemplate | undefined,
): Promise<TrackerReport> {
  const { job, origin, plan } = request
  const instructions = origin.trusted ? wanted?.text : undefined
  const existing = await readTracker(folder)
  if (existing !== undefined) {
    return { from: 'repository', bytes: Buffer.byteLength(existing), instructions, asData: true }
  }
  const own = wanted ?? (await ownTracker(job, plan, applied))
  const placed = await placeTracker(folder, own.text)
  if (placed === 'kept-existing') {
    // Not readable as a text file, or made in this very moment: it stays what it is.
    return { from: 'repository', bytes: 0, instructions, asData: true }
  }
  const bytes = Buffer.byteLength(own.text)
  return { from: own.from, bytes, instructions: origin.trusted ? own.text : undefined, asData: !origin.trusted }
}

async function ownTracker(
  job: Job,
  plan: SessionPlan,
  applied: AppliedTemplate | undefined,
): Promise<{ from: 'template' | 'composed'; text: string }> {
  const template = applied?.template
  if (template !== undefined && applied !== undefined) {
    const text = await renderTemplateTracker(template, applied.variables)
    if (text !== undefined && text.trim() !== '') return { from: 'template', text }
  }
  const text = composeTracker({
    project: plan.project,
    repositoryUrl: plan.repository.url,
    ...(job.requirements_summary === undefined ? {} : { summary: job.requirements_summary }),
    ...(template === undefined ? {} : { template }),
  })
  return { from: 'composed', text }
}
