import { randomUUID } from 'node:crypto'
import type { JobRecord } from '../job/record.js'
import type { JobResult } from '../job/result.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { Problem } from '../support/problem.js'
import { attachCommand } from './attach-command.js'
import { beginCheckout, type Checkout, type CheckoutUnderWay, type Timing } from './checkout.js'
import { readEnvironments, removePaneFiles } from './environment.js'
import { layoutNames, requireLayout, templatesLayout } from './layouts.js'
import { planSession, type SessionPlan } from './plan.js'
import type { SessionRecord } from './registry.js'
import { findStanding, NotOurs } from './standing.js'
import { startSession, type Started } from './start.js'
import type { SessionTools } from './tools.js'
import { completeRemoval } from './trash.js'

/**
 * Tells of each step as it begins (`ms` undefined) and as it ends, by its name in the result; steps may overlap.
 * `devorch create` prints them, and the daemon tells who asks for the job.
 */
export type OnStep = (step: string, ms: number | undefined) => void

/**
 * Builds the session that a `create` job asks for. Safe to repeat after any interruption: what the job itself had
 * made so far is found again by its id.
 * @param lock gives the project's lock, which the caller releases; what needs none begins before
 * @throws Problem
 */
export async function buildSession(
  record: JobRecord,
  tools: SessionTools,
  signal: AbortSignal,
  lock: () => Promise<unknown>,
  onStep: OnStep = () => undefined,
): Promise<JobResult> {
  const planned = planSession(record.job, tools.config, await layoutNames(record.job, tools))
  if (!planned.ok) {
    const [first] = planned.problems
    throw new Problem({
      doing: `plan the session of ${record.job.project_name}`,
      because: planned.problems.map(formatFieldProblem).join('; '),
      remedy: 'correct the job and send it again',
      ...(first === undefined ? {} : { field: first.field }),
    })
  }
  const { plan } = planned
  const begunMs = performance.now()
  const { timing, steps } = stopwatch(onStep)
  const request = {
    id: record.id,
    job: record.job,
    origin: record.origin,
    plan,
    receivedAt: record.receivedAt,
    signal,
    refuseTaken: () => refuseTaken(plan, record.id, tools),
  }
  const underWay = await beginCheckout(request, tools, timing)
  try {
    await underWay.started
    await lock()
    const standing = await findSame(plan, record.id, tools)
    if (standing !== undefined) return standing
    const built = await buildOn(underWay, { plan, record, signal, timing }, tools)
    steps['total_ms'] = Math.round(performance.now() - begunMs)
    return { ...built, steps }
  } finally {
    await underWay.discard()
  }
}

interface Building {
  readonly plan: SessionPlan
  readonly record: JobRecord
  readonly signal: AbortSignal
  readonly timing: Timing
}

/** Makes the session on the working copy that is under way. */
async function buildOn(
  underWay: CheckoutUnderWay,
  { plan, record, signal, timing }: Building,
  tools: SessionTools,
): Promise<JobResult> {
  const wanted = await requireLayout(plan.layout ?? tools.config.layout, tools)
  const checkout = await underWay.finish()
  const layout = plan.layout === undefined ? await templatesLayout(checkout.layout, wanted, tools) : wanted
  const session = { ...sessionRecord(plan, record, checkout, tools), layout: layout.name }
  let started: Started
  try {
    const of = { repositoryKey: plan.repository.key, agentName: plan.agentName, layout: layout.layout }
    const request = {
      record: session,
      name: plan.name,
      agent: plan.agent,
      layout: layout.layout,
      environments: await readEnvironments(of, tools),
      trackerBytes: checkout.tracker.bytes,
      instructions: checkout.tracker.instructions,
      signal,
      timing,
    }
    started = await timing.step('session_ms', startSession({ ...request, start: 'new' }, tools))
  } catch (error) {
    await forget(plan, tools)
    throw error
  }
  return {
    status: 'created',
    finished_at: tools.now().toISOString(),
    ...sessionWords(plan, tools),
    working_copy: checkout.workingCopy,
    reused: checkout.reused,
    commit: checkout.commit,
    branch: checkout.branch,
    ...(checkout.template === null ? {} : { template: checkout.template }),
    tracker: {
      from: checkout.tracker.from,
      bytes: checkout.tracker.bytes,
      given: [
        ...(checkout.tracker.instructions === undefined ? [] : ['system-prompt']),
        ...(checkout.tracker.asData ? ['conversation'] : []),
      ],
    },
    agent: { name: plan.agentName, event: started.agentEvent?.name ?? 'none', detail: started.agentEvent?.detail },
    layout: { name: layout.name, ...(layout.notes.length === 0 ? {} : { notes: layout.notes }) },
    attempts: record.attempts,
  }
}

/** What stands already under the plan's name: the same (nothing is touched), or a reason to refuse. */
async function findSame(plan: SessionPlan, jobId: string, tools: SessionTools): Promise<JobResult | undefined> {
  const known = await tools.registry.read(plan.name)
  if (known !== undefined && known.project !== plan.project) {
    throw new Problem({
      doing: `create the session ${plan.name}`,
      because: `the project ${known.project} has a session of that name already`,
      remedy: 'choose a project_name that differs by more than punctuation',
      field: 'project_name',
    })
  }
  // Without a record, what stands there can only be a person's: that is asked before the working copy comes to its place.
  if (known === undefined) return undefined
  const standing = await findStanding(tools.tmux, plan.name)
  if (standing.kind === 'none') {
    if (known.job_id !== jobId) await completeRemoval(plan.name, known, tools)
    return undefined
  }
  if (standing.jobId === null || standing.jobId !== known.job_id) {
    // Noted by this very job before it was cut off: its session never was, or is no more.
    if (known.job_id === jobId) await forget(plan, tools)
    throw new NotOurs(plan.name)
  }
  if (known.repository_key !== plan.repository.key) {
    throw new Problem({
      doing: `create the session ${plan.name}`,
      because: `it stands already, with the repository ${known.repository}`,
      remedy: 'choose another project_name, or end that session: devorch rm',
      field: 'project_name',
    })
  }
  // Made by this very job, whose daemon was cut off before it could say so: adopted.
  const status = standing.jobId === jobId ? 'created' : 'existing'
  return {
    status,
    finished_at: tools.now().toISOString(),
    ...sessionWords(plan, tools),
    working_copy: known.working_copy,
  }
}

/** Removes what was noted of a session that is not made after all. */
async function forget(plan: SessionPlan, tools: SessionTools): Promise<void> {
  await tools.registry.remove(plan.name)
  await removePaneFiles(tools.registry.folderOf(plan.name))
}

/** @throws Problem where a session that this job did not make stands already under the plan's name */
async function refuseTaken(plan: SessionPlan, jobId: string, tools: SessionTools): Promise<void> {
  const standing = await findStanding(tools.tmux, plan.name)
  if (standing.kind === 'session' && standing.jobId !== jobId) throw new NotOurs(plan.name)
}

function sessionWords(plan: SessionPlan, tools: SessionTools): { session: string; attach_command: string } {
  return { session: plan.name, attach_command: attachCommand(plan.name, tools) }
}

function sessionRecord(plan: SessionPlan, record: JobRecord, checkout: Checkout, tools: SessionTools): SessionRecord {
  return {
    name: plan.name,
    project: plan.project,
    repository: plan.repository.url,
    repository_key: plan.repository.key,
    working_copy: checkout.workingCopy,
    job_id: record.id,
    created_at: tools.now().toISOString(),
    ...(checkout.watch === undefined ? {} : { watch: checkout.watch }),
    agent: {
      name: plan.agentName,
      kind: plan.agent.kind,
      conversation_id: randomUUID(),
      instructions: checkout.tracker.instructions !== undefined,
      tracker_as_data: checkout.tracker.asData,
    },
  }
}

function stopwatch(onStep: OnStep): { timing: Timing; steps: Record<string, number> } {
  const steps: Record<string, number> = {}
  const timing: Timing = {
    async step(name, work) {
      const begunMs = performance.now()
      onStep(name, undefined)
      const value = await work
      steps[name] = Math.round(performance.now() - begunMs)
      onStep(name, steps[name])
      return value
    },
  }
  return { timing, steps }
}
