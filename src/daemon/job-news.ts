import { madeMsOf, type JobId } from '../job/id.js'
import type { JobState, JobView } from '../job/record.js'
import type { Spool } from '../job/spool.js'
import { isOn, parseIssue } from '../report/issue.js'
import { newReport, type Report, type Reports } from '../report/records.js'
import type { Logger } from '../support/log.js'
import { Problem } from '../support/problem.js'

/** The reports of which there may be something to say. */
export interface JobNews {
  /**
   * Looks for jobs that are new, and gives reports that are open on a server: all, or, of very many, in turn those that were
   * not given for longest.
   */
  look(apiUrl: string): Promise<Report[]>
  /** What was written of a report elsewhere. */
  note(report: Report): void
  /** Writes a report down. */
  keep(report: Report): Promise<void>
}

/** Jobs that were settled before this daemon's start are looked at where they are not older. */
const oldMs = 24 * 60 * 60 * 1000
/** A flood of jobs must not take the time that they need: so many are read in a look, and so many reports given. */
const atOnce = { jobs: 500, reports: 100 }
const states: readonly JobState[] = ['queued', 'active', 'done', 'failed']

export function createJobNews(
  { spool }: { readonly spool: Pick<Spool, 'list' | 'find'> },
  reports: Reports,
  log: Logger,
): JobNews {
  let seen = new Set<JobId>()
  /** By the marker. */
  let open: Map<string, Report> | undefined

  const note = (report: Report): void => {
    if (report.final || report.gone) open?.delete(report.marker)
    else open?.set(report.marker, report)
  }
  const keep = async (report: Report): Promise<void> => {
    await reports.write(report)
    note(report)
  }

  /** Takes a job into the report on its issue. A create begins one, where the issue is on this server. */
  const take = async (job: JobView, apiUrl: string): Promise<void> => {
    const { origin } = job
    const subject = origin?.kind === 'github' ? origin.subject : null
    if (job.job === null || subject === null || parseIssue(subject) === undefined) return
    const { action, project_name: project, repo_url: repository } = job.job
    switch (action) {
      case 'create':
      case 'restart':
      case 'destroy':
        break
      case 'restore':
      case 'send':
        return
    }
    const known = await reports.read(apiUrl, subject)
    if (known === undefined) {
      if (action !== 'create' || repository === undefined || !isOn(apiUrl, repository)) return
      await keep(newReport({ subject, api_url: apiUrl, project, job_id: job.id }))
      return
    }
    // Ids begin with the time. The same job is met again after a restart.
    if (job.id <= known.job_id || known.gone) return
    if (repository !== undefined && !isOn(apiUrl, repository)) return
    await keep({ ...known, project, job_id: job.id, final: false })
  }

  return {
    note,
    keep,

    async look(apiUrl) {
      open ??= new Map((await reports.list()).filter(isOpen).map((report) => [report.marker, report]))
      const now = new Set<JobId>()
      const fresh: JobId[] = []
      for (const state of states) {
        const settled = state === 'done' || state === 'failed'
        for (const id of await spool.list(state)) {
          if (!seen.has(id) && !(settled && madeMsOf(id) < Date.now() - oldMs)) fresh.push(id)
          now.add(id)
        }
      }
      const inOrder = [...new Set(fresh)].sort()
      for (const id of inOrder.slice(atOnce.jobs)) now.delete(id)
      for (const id of inOrder.slice(0, atOnce.jobs)) {
        const job = await spool.find(id)
        try {
          if (job === undefined) now.delete(id)
          else await take(job, apiUrl)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          log.warn('nothing is told on the issue of a job', { jobId: id, error: error.message })
        }
      }
      seen = now
      const given = [...open.values()].filter((report) => report.api_url === apiUrl).slice(0, atOnce.reports)
      for (const report of given) {
        open.delete(report.marker)
        open.set(report.marker, report)
      }
      return given
    },
  }
}

function isOpen(report: Report): boolean {
  return !report.final && !report.gone
}
