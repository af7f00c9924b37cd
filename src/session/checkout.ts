import { lstat, mkdir, realpath, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Job, Origin } from '../job/job.js'
import type { JobId } from '../job/id.js'
import { cloneRepository, type Cloned } from '../repo/clone.js'
import { markMade } from '../repo/made-mark.js'
import { inspectWorkingCopy } from '../repo/working-copy.js'
import { removeFolder, sweepTemporaries, temporaryName } from '../support/files.js'
import { codeOf, Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import { applyTemplate } from '../template/apply.js'
import { chooseTemplate, type Choice } from '../template/choose.js'
import type { Template } from '../template/catalogue.js'
import { renderTemplateTracker, type TemplateVariables } from '../template/render.js'
import { composeTracker } from '../tracker/compose.js'
import { fetchTracker } from '../tracker/fetch-tracker.js'
import { placeTracker, readTracker } from '../tracker/place.js'
import { trackerName } from '../tracker/tracker-file.js'
import { appliedReport, type AppliedReport } from './applied-report.js'
import type { SessionPlan } from './plan.js'
import type { SessionTools } from './tools.js'
import { watchOf } from './watch.js'
import type { Watch } from './panes.js'

/** A working copy that stands in its place, and how it came about; the words of the job's result. */
export interface Checkout {
  readonly workingCopy: string
  readonly commit: string | null
  readonly branch: string | null
  readonly reused: boolean
  readonly template: TemplateReport | null
  readonly tracker: TrackerReport
  /** The layout that the template names. */
  readonly layout: string | undefined
  /** What the template has the pane `apps` run. */
  readonly watch: Watch | undefined
}

export interface TemplateReport extends AppliedReport {
  readonly id: string
  readonly by: Choice['by'] | 'none'
  readonly words: readonly string[]
  readonly runners_up: readonly string[]
  readonly hint_problem?: string
  /** What the template suggests to do first. */
  readonly steps: readonly string[]
}

export interface TrackerReport {
  readonly from: 'inline' | 'url' | 'template' | 'composed' | 'repository'
  /** Bytes of PROGRESS_TRACKER.md in the working copy. */
  readonly bytes: number
  /** Text of the job itself, byte-exact, for the agent as instructions; undefined where there is none to be trusted. */
  readonly instructions: string | undefined
  /** Whether the file holds text that the agent must take as data: the repository's, or a stranger's. */
  readonly asData: boolean
}

export interface CheckoutRequest {
  readonly id: JobId
  readonly job: Job
  readonly origin: Origin
  readonly plan: SessionPlan
  /** ISO 8601: when the job came, which wants the repository as it was then or later. */
  readonly receivedAt: string
  readonly signal: AbortSignal
  /** Throws where the session's name is taken; called once, before anything is put in its place. */
  readonly refuseTaken: () => Promise<void>
}

/**
 * Makes the working copy: an existing one of the same repository is reused as it is; else it is cloned, given its
 * template and tracker in a hidden folder beside its place, and renamed there whole.
 * @throws Problem
 */
export async function prepareCheckout(
  request: CheckoutRequest,
  tools: SessionTools,
  timing: Timing,
): Promise<Checkout> {
  const { plan, job } = request
  const staging = join(dirname(plan.workingCopy), stagingName(request.id))
  await makeProjectsFolder(dirname(plan.workingCopy))
  await sweepTemporaries(dirname(plan.workingCopy), stagingPrefix)
  const there = await inspectWorkingCopy(plan.workingCopy, plan.repository, tools.repositories)
  const fetched = timing.step('tracker_ms', wantedTracker(job, tools))
  // Awaited below; this keeps an early failure of the other from leaving it unhandled.
  fetched.catch(() => undefined)
  switch (there.kind) {
    case 'same': {
      await request.refuseTaken()
      await sweepTemporaries(plan.workingCopy, trackerName)
      const tracker = await settleTracker(plan.workingCopy, request, await fetched, undefined)
      const folder = await realpath(plan.workingCopy)
      const { commit, branch } = there
      const none = { template: null, layout: undefined, watch: undefined }
      return { workingCopy: folder, commit, branch, reused: true, tracker, ...none }
    }
    case 'other':
      throw occupied(plan, `it is a clone of ${there.repository}`)
    case 'not-git':
      throw occupied(plan, 'it is no git repository')
    case 'absent':
    case 'empty-folder':
      break
  }
  try {
    const cloned = await timing.step('repository_ms', cloneMeanwhileRefusing(staging, request, tools))
    const applied = await timing.step('template_ms', applyChosenTemplate(staging, request, cloned.empty, tools))
    const tracker = await settleTracker(staging, request, await fetched, applied)
    await markMade(staging, plan.project)
    request.signal.throwIfAborted()
    await rename(staging, plan.workingCopy)
    const workingCopy = await realpath(plan.workingCopy)
    const template = applied?.report ?? null
    const { commit, branch, empty } = cloned
    const watch = await watchOf(applied?.template, empty, tools.config.watch)
    return { workingCopy, commit, branch, reused: false, template, tracker, layout: applied?.template?.layout, watch }
  } catch (error) {
    await removeFolder(staging)
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) {
      throw occupied(plan, 'something was put there meanwhile')
    }
    throw error
  }
}

/** Each attempt has a folder of its own, which tells whose it is: what a killed process left is swept at the start. */
function stagingName(id: JobId): string {
  return temporaryName(`${stagingPrefix}${id}`)
}

/** How the names of these folders begin, behind the dot. */
export const stagingPrefix = 'devorch-'

/** git has been started by then; starting a process holds up everything else here for a few milliseconds. */
const gitStartedMs = 12

/** Clones, and asks at the same time whether the session's name is taken: the clone is given up where it is. */
async function cloneMeanwhileRefusing(into: string, request: CheckoutRequest, tools: SessionTools): Promise<Cloned> {
  const { repository, branch } = request.plan
  const taken = new AbortController()
  const signal = AbortSignal.any([request.signal, taken.signal])
  const since = new Date(request.receivedAt)
  const cloning = cloneRepository({ repository, branch, into, since, signal }, tools.repositories)
  const refusing = delay(gitStartedMs)
    .then(request.refuseTaken)
    .catch((error: unknown) => {
      taken.abort()
      throw error
    })
  const [cloned, refused] = await Promise.allSettled([cloning, refusing])
  if (refused.status === 'rejected') throw refused.reason
  if (cloned.status === 'rejected') throw cloned.reason
  return cloned.value
}

/** Notes how long each step took, for the job's result. */
export interface Timing {
  step<T>(name: string, work: Promise<T>): Promise<T>
}

async function makeProjectsFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  if (!(await lstat(await realpath(folder))).isDirectory()) {
    throw new Problem({
      doing: `use ${folder} for projects`,
      because: 'it is no folder',
      remedy: 'correct projects_dir',
    })
  }
}

function occupied(plan: SessionPlan, because: string): Problem {
  return new Problem({
    doing: `clone ${plan.repository.url} to ${plan.workingCopy}`,
    because: `that place is taken: ${because}`,
    remedy: 'choose another project_name, or move that folder away',
    field: 'project_name',
  })
}

interface Applied {
  readonly report: TemplateReport
  readonly template: Template | undefined
  readonly variables: TemplateVariables
}

/** Whole on an empty repository; on one with content only where a hint names it, and then only what is missing. */
async function applyChosenTemplate(
  folder: string,
  request: CheckoutRequest,
  empty: boolean,
  tools: SessionTools,
): Promise<Applied | undefined> {
  const { job, plan } = request
  if (!empty && job.template_hint === undefined) return undefined
  const catalogue = await tools.loadCatalogue()
  const choice = await chooseTemplate(catalogue, {
    ...(job.template_hint === undefined ? {} : { hint: job.template_hint }),
    ...(job.requirements_summary === undefined ? {} : { summary: job.requirements_summary }),
  })
  const variables: TemplateVariables = {
    project: plan.project,
    owner: plan.repository.owner,
    repository: plan.repository.name,
    year: tools.now().getUTCFullYear(),
    summary: job.requirements_summary ?? null,
  }
  const hint = choice.hintProblem === undefined ? {} : { hint_problem: choice.hintProblem }
  const template = catalogue.templates.get(choice.id)
  if (template === undefined || (!empty && choice.by !== 'hint')) {
    const nothing = { words: [], runners_up: [], ...hint, ...appliedReport(undefined), steps: [] }
    const report = { id: 'none', by: 'none', ...nothing } as const
    return { report, template: undefined, variables }
  }
  const mode = empty ? 'whole' : 'missing-only'
  const written = await applyTemplate({ template, folder, mode, variables, signal: request.signal })
  const { id, by, words, runnersUp } = choice
  const chosen = { id, by, words, runners_up: runnersUp, ...hint }
  const report = { ...chosen, ...appliedReport(written), steps: template.steps.map((step) => printable(step, 500)) }
  return { report, template, variables }
}

const trackerTimeoutMs = 30_000

interface Wanted {
  readonly from: 'inline' | 'url'
  readonly text: string
}

async function wantedTracker(job: Job, tools: SessionTools): Promise<Wanted | undefined> {
  if (job.tracker !== undefined) return { from: 'inline', text: job.tracker }
  if (job.tracker_url === undefined) return undefined
  const text = await fetchTracker(job.tracker_url, {
    allowPrivate: tools.config.repositories.private_addresses,
    timeoutMs: trackerTimeoutMs,
  })
  return { from: 'url', text }
}

/** Puts the tracker into the working copy where there is none, and decides how the agent is given it. */
async function settleTracker(
  folder: string,
  request: CheckoutRequest,
  wanted: Wanted | undefined,
  applied: Applied | undefined,
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
  applied: Applied | undefined,
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
