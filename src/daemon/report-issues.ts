import { setTimeout as delay } from 'node:timers/promises'
import { createPulse } from '../job/pulse.js'
import { createComments } from '../report/comments.js'
import { bodyOf, deliver, digestOf } from '../report/deliver.js'
import { parseIssue } from '../report/issue.js'
import { createReports, type Report } from '../report/records.js'
import { sayOf, type Said } from '../report/say.js'
import type { Logger } from '../support/log.js'
import { Problem } from '../support/problem.js'
import { redactor } from '../support/redact.js'
import type { Workshop } from './assemble.js'
import { createJobNews } from './job-news.js'
import { readGithubToken } from './github-token.js'
import { createPatience } from './patience.js'
import { reportFacts } from './report-facts.js'

/** Tells on GitHub what became of what was asked for there. */
export interface IssueReporter {
  readonly start: () => void
  /** A job was worked off: there will be something to tell. */
  readonly jobEnded: () => void
  /** Cuts the call under way off, and resolves when nothing runs any more. */
  readonly stop: () => Promise<void>
}

/** In milliseconds. A test shortens them. */
export interface ReportTimes {
  /** Between two looks. */
  readonly everyMs: number
  /** Between two writing calls: GitHub asks for a second at least. */
  readonly restMs: number
  /** Between two edits of one comment where its agent works and waits by turns. */
  readonly turnsMs: number
  /** The longest that a call may take. */
  readonly timeoutMs: number
  /** What is waited first where GitHub can't be reached; then more and more, up to ten minutes. */
  readonly backoffMs: number
}

const usualTimes: ReportTimes = { everyMs: 5000, restMs: 1000, turnsMs: 60_000, timeoutMs: 15_000, backoffMs: 5000 }

/**
 * Looks now and again what there is to say of the issues whose jobs came from GitHub, and keeps one comment on each up to
 * date (`github.token_file`, `github.comment`). The jobs' and sessions' files are what is looked at, so that neither knows
 * of this. What waits is the newest state of each issue and no more; nothing that goes wrong here touches a job.
 */
export function reportIssues(workshop: Workshop, log: Logger, times: ReportTimes = usualTimes): IssueReporter {
  const stopping = new AbortController()
  const reports = createReports(workshop.home.reports)
  const news = createJobNews(workshop, reports, log)
  const patience = createPatience(times.backoffMs, log)
  /** Of each issue the digest of a text that was refused: it is not sent again. */
  const refused = new Map<string, string>()
  /** When a comment was last written, on the monotonic clock. */
  const written = new Map<string, number>()

  const look = async (): Promise<void> => {
    const { github, auth } = workshop.config
    if (!github.comment || github.token_file === null) return
    const open = await news.look(github.api_url)
    if (open.length === 0 || !patience.isOver()) return
    const token = await readGithubToken(github.token_file)
    if (typeof token !== 'string') {
      patience.wait({ kind: 'later', waitMs: undefined, why: token.because })
      return
    }
    const secrets = [token.trim(), ...auth.github_secrets, ...auth.tokens, ...auth.basic.map((one) => one.password)]
    const redact = redactor(secrets)
    const facts = await reportFacts(workshop, (text) => redact(workshop.tools.secrets.redact(text)))
    const { apiUrl, signal, timeoutMs } = { apiUrl: github.api_url, signal: stopping.signal, ...times }
    const comments = createComments({ apiUrl, token, signal, timeoutMs })
    for (const report of open) {
      if (stopping.signal.aborted || !patience.isOver()) return
      const said = sayOf(await facts(report))
      if (said === undefined) continue
      const due = isDue(report, said)
      if (due === 'later') continue
      if (due === 'said') {
        if (said.isFinal !== report.final) await news.keep({ ...report, said: said.kind, final: said.isFinal })
        continue
      }
      await tell(report, said, comments)
      await delay(times.restMs, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  const isDue = (report: Report, said: Said): 'now' | 'later' | 'said' => {
    const digest = digestOf(bodyOf(report, said))
    if (digest === report.digest) return 'said'
    if (refused.get(report.marker) === digest) return 'later'
    const turns = isTurn(report.said) && isTurn(said.kind)
    const lastMs = written.get(report.marker) ?? -Infinity
    return turns && performance.now() < lastMs + times.turnsMs ? 'later' : 'now'
  }

  const tell = async (report: Report, said: Said, comments: ReturnType<typeof createComments>): Promise<void> => {
    const issue = parseIssue(report.subject)
    if (issue === undefined) return
    const { report: next, trouble } = await deliver(report, issue, said, { comments, reports, now: () => new Date() })
    news.note(next)
    const fields = { issue: report.subject, session: report.project, said: said.kind }
    if (trouble === undefined) {
      patience.reached()
      written.set(report.marker, performance.now())
      log.info('told on the issue', fields)
      return
    }
    switch (trouble.kind) {
      case 'later':
        // The stop has cut it off.
        if (!stopping.signal.aborted) patience.wait(trouble)
        return
      case 'missing':
      case 'refused':
        patience.reached()
        refused.set(report.marker, digestOf(bodyOf(report, said)))
        if (next.gone) log.info('the comment was deleted; nothing more is told on the issue', fields)
        else log.warn('GitHub refuses the comment', { ...fields, because: trouble.why })
    }
  }

  const pulse = createPulse({
    look,
    everyMs: times.everyMs,
    onError: (error) => {
      const because = error instanceof Problem ? error.message : error
      log.error('what there is to tell on GitHub could not be looked through; it is tried again', { error: because })
    },
  })
  return {
    start: pulse.hint,
    // The job is settled a moment after.
    jobEnded: () => {
      pulse.wakeIn(300)
    },
    async stop() {
      stopping.abort()
      await pulse.stop()
    },
  }
}

function isTurn(kind: Said['kind'] | null): boolean {
  return kind === 'ready' || kind === 'waiting'
}
