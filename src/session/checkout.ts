import { lstat, mkdir, realpath, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Job, Origin } from '../job/job.js'
import type { JobId } from '../job/id.js'
import { cloneRepository, type Cloned } from '../repo/clone.js'
import { markMade } from '../repo/made-mark.js'
import { inspectWorkingCopy } from '../repo/working-copy.js'
import { exists, removeFolder, sweepTemporaries, temporaryName } from '../support/files.js'
import { allDone } from '../support/all-done.js'
import { once } from '../support/once.js'
import { codeOf, Problem } from '../support/problem.js'
import { trackerName } from '../tracker/tracker-file.js'
import { applyChosenTemplate, type AppliedTemplate, type TemplateReport } from './checkout-template.js'
import { settleTracker, wantedTracker, type TrackerReport } from './checkout-tracker.js'
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

export interface CheckoutRequest {
  readonly id: JobId
  readonly job: Job
  readonly origin: Origin
  readonly plan: SessionPlan
  /** ISO 8601: when the job came, which wants the repository as it was then or later. */
  readonly receivedAt: string
  readonly signal: AbortSignal
  /** Throws where the session's name is taken; called before anything comes to its place. */
  readonly refuseTaken: () => Promise<void>
}

/** A working copy on its way. */
export interface CheckoutUnderWay {
  /**
   * Puts it in its place: an existing one of the same repository is reused as it is; else it is cloned, given its template
   * and tracker in a hidden folder beside its place, and renamed there whole. The caller holds the project's lock.
   * @throws Problem
   */
  finish(): Promise<Checkout>
  /** Ends what is under way, and removes what has not come to its place. */
  discard(): Promise<void>
  /** Resolves when git is at work, or nothing is: starting another process holds everything here up for milliseconds. */
  readonly started: Promise<void>
}

/**
 * Begins to make a working copy. What needs no lock, since it touches nothing but its own hidden folder and the mirror,
 * begins at once where it will most likely be needed: nothing stands in the place, and there is no session.
 */
export async function beginCheckout(
  request: CheckoutRequest,
  tools: SessionTools,
  timing: Timing,
): Promise<CheckoutUnderWay> {
  const { plan, job } = request
  const projects = dirname(plan.workingCopy)
  const staging = join(projects, stagingName(request.id))
  const discarding = new AbortController()
  const signal = AbortSignal.any([request.signal, discarding.signal])
  const fetch = once(() => timing.step('tracker_ms', wantedTracker(job, tools)))
  let applied: AppliedTemplate | undefined
  let tracker: TrackerReport | undefined
  const settle = async (made: AppliedTemplate | undefined): Promise<TrackerReport> =>
    await settleTracker(staging, request, await fetch.begin(), made)
  const furnish = async ({ empty }: Cloned): Promise<void> => {
    const applying = timing.step('template_ms', applyChosenTemplate(staging, { ...request, signal }, empty, tools))
    // One that is fetched would hold up others that clone the repository.
    const settling = job.tracker_url === undefined ? applying.then(settle) : undefined
    ;[applied, tracker] = await allDone([applying, settling, markMade(staging, plan.project)])
  }
  let onStarted = (): void => undefined
  const started = new Promise<void>((resolve) => {
    onStarted = resolve
  })
  const clone = once(() => {
    const { repository, branch } = plan
    const wanted = {
      repository,
      branch,
      into: staging,
      since: new Date(request.receivedAt),
      furnish,
      onStarted,
      signal,
    }
    return timing.step('repository_ms', cloneRepository(wanted, tools.repositories).finally(onStarted))
  })
  const projectsFolder = once(() => checkProjectsFolder(projects))
  const [hasPlace, hasSession] = await Promise.all([exists(plan.workingCopy), exists(tools.registry.pathOf(plan.name))])
  if (hasPlace || hasSession) {
    onStarted()
  } else {
    await mkdir(projects, { recursive: true })
    void clone.begin()
    void fetch.begin()
    void projectsFolder.begin()
  }

  const reuse = async (commit: string | null, branch: string | null): Promise<Checkout> => {
    await request.refuseTaken()
    await sweepTemporaries(plan.workingCopy, trackerName)
    const tracker = await settleTracker(plan.workingCopy, request, await fetch.begin(), undefined)
    const workingCopy = await realpath(plan.workingCopy)
    return { workingCopy, commit, branch, reused: true, template: null, tracker, layout: undefined, watch: undefined }
  }

  const make = async (): Promise<Checkout> => {
    void fetch.begin()
    const askedMs = performance.now()
    const refusing = request.refuseTaken().catch((error: unknown) => {
      discarding.abort()
      throw error
    })
    const [, { commit, branch, empty }] = await allDone([refusing, clone.begin()])
    tracker ??= await settle(applied)
    if (performance.now() > askedMs + askAgainAfterMs) await request.refuseTaken()
    request.signal.throwIfAborted()
    await rename(staging, plan.workingCopy).catch((error: unknown) => {
      const taken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')
      throw taken ? occupied(plan, 'something was put there meanwhile') : error
    })
    const workingCopy = await realpath(plan.workingCopy)
    const template = applied?.report ?? null
    const watch = await watchOf(applied?.template, empty, tools.config.watch)
    return { workingCopy, commit, branch, reused: false, template, tracker, layout: applied?.template?.layout, watch }
  }

  return {
    started,
    async finish() {
      await projectsFolder.begin()
      const there = await inspectWorkingCopy(plan.workingCopy, plan.repository, tools.repositories)
      switch (there.kind) {
        case 'same':
          return await reuse(there.commit, there.branch)
        case 'other':
          throw occupied(plan, `it is a clone of ${there.repository}`)
        case 'not-git':
          throw occupied(plan, 'it is no git repository')
        case 'absent':
        case 'empty-folder':
          return await make()
      }
    },
    async discard() {
      discarding.abort()
      await Promise.allSettled([clone.begun()])
      await removeFolder(staging)
    },
  }
}

/** Each attempt has a folder of its own, which tells whose it is: what a killed process left is swept at the start. */
function stagingName(id: JobId): string {
  return temporaryName(`${stagingPrefix}${id}`)
}

/** How the names of these folders begin, behind the dot. */
export const stagingPrefix = 'devorch-'

/** What was asked longer ago is asked again: a clone may take minutes, and so may a tracker that is fetched. */
const askAgainAfterMs = 500

/** Notes how long each step took, for the job's result. */
export interface Timing {
  step<T>(name: string, work: Promise<T>): Promise<T>
}

/** Makes it where it is missing, and removes from it what killed processes have left. */
async function checkProjectsFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  if (!(await lstat(await realpath(folder))).isDirectory()) {
    throw new Problem({
      doing: `use ${folder} for projects`,
      because: 'it is no folder',
      remedy: 'correct projects_dir',
    })
  }
  await sweepTemporaries(folder, stagingPrefix)
}

function occupied(plan: SessionPlan, because: string): Problem {
  return new Problem({
    doing: `clone ${plan.repository.url} to ${plan.workingCopy}`,
    because: `that place is taken: ${because}`,
    remedy: 'choose another project_name, or move that folder away',
    field: 'project_name',
  })
}
