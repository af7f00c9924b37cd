import type { Job } from '../job/job.js'
import { printable } from '../support/text.js'
import { applyTemplate } from '../template/apply.js'
import type { Template } from '../template/catalogue.js'
import { chooseTemplate, type Choice } from '../template/choose.js'
import type { TemplateVariables } from '../template/render.js'
import { appliedReport, type AppliedReport } from './applied-report.js'
import type { SessionPlan } from './plan.js'
import type { SessionTools } from './tools.js'

export interface TemplateReport extends AppliedReport {
  readonly id: string
  readonly by: Choice['by'] | 'none'
  readonly words: readonly string[]
  readonly runners_up: readonly string[]
  readonly hint_problem?: string
  /** What the template suggests to do first. */
  readonly steps: readonly string[]
}

/** Undefined as the template: none was applied. */
export interface AppliedTemplate {
  readonly report: TemplateReport
  readonly template: Template | undefined
  readonly variables: TemplateVariables
}

/** Whole on an empty repository; on one with content only where a hint names it, and then only what is missing. */
export async function applyChosenTemplate(
  folder: string,
  request: { readonly job: Job; readonly plan: SessionPlan; readonly signal: AbortSignal },
  empty: boolean,
  tools: SessionTools,
): Promise<AppliedTemplate | undefined> {
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
