import { createHash } from 'node:crypto'
import type { Comments } from './comments.js'
import type { Issue } from './issue.js'
import type { Report, Reports } from './records.js'
import type { Said } from './say.js'
import type { Trouble } from './trouble.js'

/** Clocks differ, and a post may have waited before GitHub took it. */
const slackMs = 24 * 60 * 60 * 1000

/** The text of a comment. A Markdown reader shows nothing of its first line. */
export function bodyOf(report: Pick<Report, 'marker'>, said: Said): string {
  return `${beginningOf(report)}\n${said.text}\n`
}

function beginningOf({ marker }: Pick<Report, 'marker'>): string {
  return `<!-- dev-orchestrator:${marker} -->`
}

export function digestOf(body: string): string {
  return createHash('sha256').update(body).digest('hex')
}

/**
 * Brings the comment on an issue up to date, of which there is never a second: that one is posted stands on disk before,
 * and its id after. Where a crash, or an answer that did not come, leaves the first without the second, the comment is
 * looked for before anything is posted. One that a person has deleted stays away.
 */
export async function deliver(
  report: Report,
  issue: Issue,
  said: Said,
  { comments, reports, now }: { readonly comments: Comments; readonly reports: Reports; readonly now: () => Date },
): Promise<{ readonly report: Report; readonly trouble: Trouble | undefined }> {
  const body = bodyOf(report, said)
  const note = async (changes: Partial<Report>): Promise<Report> => {
    const next = { ...report, ...changes }
    await reports.write(next)
    return next
  }
  const saying = { said: said.kind, digest: digestOf(body), final: said.isFinal }

  let id = report.comment_id
  if (id === null && report.posting_since !== null) {
    const since = new Date(Date.parse(report.posting_since) - slackMs)
    const found = await comments.find(issue, beginningOf(report), since)
    if (!found.ok) return { report, trouble: found.trouble }
    id = found.value ?? null
  }
  if (id !== null) {
    const edited = await comments.edit(issue, id, body)
    if (edited.ok) return { report: await note({ ...saying, comment_id: id }), trouble: undefined }
    if (edited.trouble.kind !== 'missing') return { report, trouble: edited.trouble }
    return { report: await note({ comment_id: id, gone: true, final: true }), trouble: edited.trouble }
  }
  report = await note({ posting_since: report.posting_since ?? now().toISOString() })
  const created = await comments.create(issue, body)
  if (!created.ok) return { report, trouble: created.trouble }
  return { report: await note({ ...saying, comment_id: created.value }), trouble: undefined }
}
