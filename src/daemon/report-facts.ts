import { parseJobId } from '../job/id.js'
import type { JobView } from '../job/record.js'
import type { Report } from '../report/records.js'
import type { ReportFacts } from '../report/say.js'
import { sessionNameOf } from '../session/name.js'
import { viewSessions } from '../session/view.js'
import { Problem } from '../support/problem.js'
import type { Workshop } from './assemble.js'

/**
 * Looks once at the sessions, for what there is to say of one report after another.
 * @param clean takes secrets out of a text
 */
export async function reportFacts(
  { tools, spool }: Workshop,
  clean: (text: string) => string,
): Promise<(report: Report) => Promise<ReportFacts>> {
  const sessions = new Map((await viewSessions(tools)).map((one) => [one.name, one]))

  const sessionOf = async (project: string): Promise<ReportFacts['session']> => {
    const name = sessionNameOf(project)
    const known = sessions.get(name)
    try {
      // It may have been made or removed since; what can't be read was left out.
      if ((await tools.registry.read(name)) === undefined) return 'none'
      if (known === undefined) return 'unknown'
      return known.project === project ? known : 'none'
    } catch (error) {
      if (error instanceof Problem) return 'unknown'
      throw error
    }
  }

  /** The job, or the one that had done it before. */
  const jobOf = async (text: string): Promise<JobView | undefined> => {
    const id = parseJobId(text)
    const job = id === undefined ? undefined : await spool.find(id)
    if (job?.result?.status !== 'duplicate') return job
    const first = parseJobId(job.result.duplicate_of)
    return first === undefined ? job : ((await spool.find(first)) ?? job)
  }

  return async (report) => {
    // In this order: a session that a settled job has made is seen, or is told of as unknown.
    const job = await jobOf(report.job_id)
    return { job, session: await sessionOf(report.project), before: report.said, clean }
  }
}
