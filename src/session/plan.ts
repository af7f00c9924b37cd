import { join } from 'node:path'
import type { AgentConfig, Config } from '../config/schema.js'
import type { Job } from '../job/job.js'
import { checkBranchName } from '../repo/branch-name.js'
import { parseRepository, type Repository } from '../repo/repository-url.js'
import type { FieldProblem } from '../support/field-problem.js'
import { nearest, printable } from '../support/text.js'
import { messageOf } from './message.js'
import { sessionNameOf, type SessionName } from './name.js'

/** What a job asks for, in the words of this machine: decided before anything is done. */
export interface SessionPlan {
  readonly name: SessionName
  readonly project: string
  readonly repository: Repository
  readonly branch: string | undefined
  /** Absolute: `projects_dir/PROJECT`. */
  readonly workingCopy: string
  readonly agentName: string
  readonly agent: AgentConfig
  /** The name of the layout that the job asks for; undefined: the template's, or the configuration's. */
  readonly layout: string | undefined
}

/**
 * Plans the session of a `create` job, or says all that is wrong with the job. Pure.
 * @param layouts the names of all layouts; only looked at where the job names one
 */
export function planSession(
  job: Job,
  config: Config,
  layouts: readonly string[],
):
  | { readonly ok: true; readonly plan: SessionPlan }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] } {
  const problems: FieldProblem[] = []
  const repository = parseRepository(job.repo_url ?? '', {
    protocols: config.repositories.protocols,
    hosts: config.repositories.hosts,
    privateAddresses: config.repositories.private_addresses,
  })
  if (!repository.ok) {
    problems.push({ field: 'repo_url', message: repository.because, remedy: repository.remedy })
  }
  const badBranch = job.branch === undefined ? undefined : checkBranchName(job.branch)
  if (badBranch !== undefined) {
    problems.push({
      field: 'branch',
      message: `"${printable(job.branch ?? '', 60)}": ${badBranch}`,
      remedy: 'give the name of a branch',
    })
  }
  const agentName = job.agent ?? config.default_agent
  const agent = Object.hasOwn(config.agents, agentName) ? config.agents[agentName] : undefined
  if (agent === undefined) problems.push(unknownName('agent', agentName, Object.keys(config.agents)))
  if (job.layout !== undefined && !layouts.includes(job.layout)) {
    problems.push(unknownName('layout', job.layout, layouts))
  }
  if (job.tracker?.trim() === '') {
    problems.push({ field: 'tracker', message: 'is blank', remedy: 'give it a text or leave it out' })
  }
  if (!repository.ok || agent === undefined || problems.length > 0) return { ok: false, problems }
  return {
    ok: true,
    plan: {
      name: sessionNameOf(job.project_name),
      project: job.project_name,
      repository: repository.repository,
      branch: job.branch,
      workingCopy: join(config.projects_dir, job.project_name),
      agentName,
      agent,
      layout: job.layout,
    },
  }
}

/** What is wrong with a job beyond its shape, for the one who sends it; empty: it can be queued. */
export function checkJob(job: Job, config: Config, layouts: readonly string[]): readonly FieldProblem[] {
  switch (job.action) {
    case 'create': {
      const planned = planSession(job, config, layouts)
      return planned.ok ? [] : planned.problems
    }
    case 'send': {
      const message = messageOf(job.text ?? '')
      return message.ok ? [] : [message.problem]
    }
    case 'destroy':
    case 'restart':
    case 'restore':
      return []
  }
}

function unknownName(field: string, name: string, known: readonly string[]): FieldProblem {
  const near = nearest(name, known)
  return {
    field,
    message: `no ${field} is called "${printable(name, 60)}"`,
    remedy: `use ${(near.length > 0 ? near : known).join(', ')}`,
  }
}
