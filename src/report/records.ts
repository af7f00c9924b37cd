import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import * as z from 'zod'
import { publish, readBounded, sweepTemporaries } from '../support/files.js'
import { Problem } from '../support/problem.js'
import { parseYaml } from '../support/yaml-document.js'
import { reportKinds } from './say.js'

const reportSchema = z.strictObject({
  /** `acme/shop#7` */
  subject: z.string(),
  /** The API of the server that has the issue. */
  api_url: z.string(),
  project: z.string(),
  /** The newest job about it. */
  job_id: z.string(),
  /** Stands in the comment, where nobody sees it. Random, so that nobody can have written it before us. */
  marker: z.string().regex(/^[0-9a-f]{32}$/),
  /** Noted before a comment is posted: until its id is known too, it may stand there. */
  posting_since: z.string().nullable(),
  comment_id: z.number().int().positive().nullable(),
  /** What the comment says, and the digest of its text; null: there is none yet. */
  said: z.enum(reportKinds).nullable(),
  digest: z.string().nullable(),
  /** Nothing more will come of it, unless there is another job. */
  final: z.boolean(),
  /** The comment was there and is not any more: somebody does not want it. */
  gone: z.boolean(),
})

/** What is known of the comment on one issue: `state/reports/DIGEST.yaml`. */
export type Report = z.infer<typeof reportSchema>

/** The reports; the files are the truth. */
export interface Reports {
  /** The one on an issue. @throws Problem where its file is damaged, a system error where it can't be read */
  read(apiUrl: string, subject: string): Promise<Report | undefined>
  /** Durable when it resolves. @throws a system error */
  write(report: Report): Promise<void>
  /** All that can be read. */
  list(): Promise<Report[]>
}

const maxBytes = 64 * 1024

/** @param folder made where it is missing */
export function createReports(folder: string): Reports {
  const read = async (path: string): Promise<Report | undefined> => {
    const file = await readBounded(path, maxBytes)
    if (file.kind === 'missing') return undefined
    const parsed = file.kind === 'file' ? parseYaml(file.bytes, reportSchema, () => []) : undefined
    if (parsed?.ok === true) return parsed.value
    throw new Problem({
      doing: 'read what was reported on an issue',
      because: `${path} is damaged`,
      remedy: 'remove it, and the comment on the issue; another comment is made then',
    })
  }
  const pathOf = (apiUrl: string, subject: string) => join(folder, `${fileNameOf(apiUrl, subject)}.yaml`)
  return {
    read: (apiUrl, subject) => read(pathOf(apiUrl, subject)),

    async write(report) {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await publish(pathOf(report.api_url, report.subject), `${stringify(report, { lineWidth: 0 })}...\n`)
    },

    async list() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await sweepTemporaries(folder)
      const found: Report[] = []
      for (const name of (await readdir(folder)).sort()) {
        if (!/^[0-9a-f]{32}\.yaml$/.test(name)) continue
        try {
          const report = await read(join(folder, name))
          if (report !== undefined) found.push(report)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
        }
      }
      return found
    },
  }
}

/** The report on an issue of which nothing was said yet. */
export function newReport(about: Pick<Report, 'subject' | 'api_url' | 'project' | 'job_id'>): Report {
  return {
    ...about,
    marker: randomBytes(16).toString('hex'),
    posting_since: null,
    comment_id: null,
    said: null,
    digest: null,
    final: false,
    gone: false,
  }
}

/** Case makes no difference in GitHub's names. What comes from outside never becomes part of a path as it is. */
function fileNameOf(apiUrl: string, subject: string): string {
  return createHash('sha256').update(`${apiUrl} ${subject.toLowerCase()}`).digest('hex').slice(0, 32)
}
