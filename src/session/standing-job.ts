import type { Config } from '../config/schema.js'
import { parseJobId, type JobId } from '../job/id.js'
import type { Job } from '../job/job.js'
import { layoutNames } from './layouts.js'
import { sessionNameOf } from './name.js'
import { planSession } from './plan.js'
import { findStanding } from './standing.js'
import type { SessionTools } from './tools.js'

/**
 * The job that made the session which stands for a job's project and, where the job names a repository, that
 * repository; undefined: there is none, or one that only has the same name.
 */
export async function standingJob(job: Job, config: Config, tools: SessionTools): Promise<JobId | undefined> {
  const name = sessionNameOf(job.project_name)
  const record = await tools.registry.read(name)
  if (record?.project !== job.project_name) return undefined
  if (job.action === 'create') {
    const planned = planSession(job, config, await layoutNames(job, tools))
    if (!planned.ok || planned.plan.repository.key !== record.repository_key) return undefined
    const standing = await findStanding(tools.tmux, name)
    if (standing.kind === 'none' || standing.jobId !== record.job_id) return undefined
  }
  return parseJobId(record.job_id)
}
