import type { Job } from '../job/job.js'
import type { JobView } from '../job/record.js'
import type { SessionView } from '../session/view.js'
import { fenced, forEverybody } from './markdown.js'

/** What a comment says, in a word that is kept. */
export const reportKinds = [
  'queued',
  'building',
  'restarting',
  'ending',
  'ready',
  'waiting',
  'limited',
  'down',
  'ended',
  'closed',
  'failed',
  'cancelled',
] as const
export type ReportKind = (typeof reportKinds)[number]

/** What there is to say of an issue. `isFinal`: nothing will change it but another job. */
export interface Said {
  readonly kind: ReportKind
  /** Markdown. */
  readonly text: string
  readonly isFinal: boolean
}

/** What is known of an issue's session. */
export interface ReportFacts {
  /** The newest job; undefined: it is not kept any more. */
  readonly job: JobView | undefined
  readonly session: SessionView | 'none' | 'unknown'
  /** What was said last. */
  readonly before: ReportKind | null
  /** Takes secrets and paths of the machine out of a text. */
  readonly clean: (text: string) => string
}

/** What to say now; undefined: it can't be told, so that what was said stays. Pure. */
export function sayOf(facts: ReportFacts): Said | undefined {
  const { job } = facts
  // It was settled so long ago that its record is gone.
  if (job === undefined) return facts.before === null || isFailure(facts.before) ? undefined : ofSession(facts)
  switch (job.state) {
    case 'queued':
      return ofQueued(job)
    case 'active':
      return job.result === undefined ? ofActive(job) : undefined
    case 'done':
      return ofSession(facts)
    case 'failed':
      return ofFailed(job, facts)
  }
}

function isFailure(kind: ReportKind): boolean {
  return kind === 'failed' || kind === 'cancelled'
}

function ofQueued({ job }: JobView): Said | undefined {
  switch (job?.action) {
    case 'create':
      return still('queued', 'A development session for this is queued.')
    case 'restart':
    case 'destroy':
    case 'restore':
    case 'send':
    case undefined:
      // Soon done; until then what was said is true.
      return undefined
  }
}

function ofActive({ job }: JobView): Said | undefined {
  switch (job?.action) {
    case 'create':
      return still('building', 'The development session is being built.')
    case 'restart':
      return still('restarting', 'The development session is being started again.')
    case 'destroy':
      return still('ending', 'The development session is being ended.')
    case 'restore':
    case 'send':
    case undefined:
      return undefined
  }
}

function ofFailed({ job, result }: JobView, { clean }: ReportFacts): Said | undefined {
  if (result?.status === 'cancelled') return final('cancelled', 'The job was cancelled by a person.')
  if (result?.status !== 'failed') return undefined
  const reason = fenced(forEverybody(result.error.message, clean))
  return final('failed', `The development session could not be ${doneTo(job?.action)}:\n\n${reason}`)
}

function doneTo(action: Job['action'] | undefined): string {
  switch (action) {
    case 'create':
    case undefined:
      return 'built'
    case 'destroy':
      return 'ended'
    case 'restart':
    case 'restore':
      return 'started again'
    case 'send':
      return 'spoken to'
  }
}

function ofSession({ session }: ReportFacts): Said | undefined {
  if (session === 'unknown') return undefined
  if (session === 'none') return final('closed', 'The development session is closed.')
  const attach = fenced(session.attach_command)
  const name = `\`${session.name}\``
  switch (session.session) {
    case 'unknown':
      return undefined
    case 'gone':
      return still('down', `The development session ${name} does not stand at the moment.`)
    case 'ended':
      return still('ended', `The development session ${name} was ended by a person. \`/dev restart\` starts it again.`)
    case 'standing':
      break
  }
  const { status, detail, until } = session.agent
  switch (status) {
    case 'waiting': {
      const what = detail === 'approval' ? 'an approval' : 'input'
      return still('waiting', `The agent in ${name} waits for ${what}. On the development server:\n\n${attach}`)
    }
    case 'limited':
      return still('limited', `The agent in ${name} has met a limit of its use, and goes on after ${until ?? 'it'}.`)
    case 'starting':
    case 'working':
    case 'idle':
    case 'exited':
    case 'unknown':
      return still('ready', `The development session ${name} is ready. On the development server:\n\n${attach}`)
  }
}

function still(kind: ReportKind, text: string): Said {
  return { kind, text, isFinal: false }
}

function final(kind: ReportKind, text: string): Said {
  return { kind, text, isFinal: true }
}
