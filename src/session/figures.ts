import { join } from 'node:path'
import * as z from 'zod'
import type { Home } from '../config/home.js'
import { publish, readBounded } from '../support/files.js'
import { jsonOf } from '../support/json.js'

const gitSchema = z.strictObject({
  at: z.string(),
  /** As `GitState` of repo/git-state.ts says. */
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  subject: z.string().nullable(),
  committed_at: z.string().nullable(),
  dirty: z.number().nullable(),
  ahead: z.number().nullable(),
  behind: z.number().nullable(),
})

const processesSchema = z.strictObject({
  at: z.string(),
  count: z.number(),
  /** The sum of their proportional shares (`readMemory`). */
  memory_bytes: z.number(),
  /** What they had of one core since the look before, 1 is a whole one; null: there was none. */
  cpu: z.number().nullable(),
})

const diskSchema = z.strictObject({
  at: z.string(),
  /** What the working copy takes of its filesystem, as du(1) counts it; null: it could not be told. */
  bytes: z.number().nullable(),
})

const figuresSchema = z.strictObject({
  /** The job that made the session that was looked at. */
  job_id: z.string(),
  git: gitSchema.nullable(),
  processes: processesSchema.nullable(),
  disk: diskSchema.nullable(),
})

/** What a look at a session found, each part with the time of that look. Null: nobody has looked, or it could not be told. */
export type Figures = z.infer<typeof figuresSchema>
export type GitFigures = z.infer<typeof gitSchema>
export type ProcessFigures = z.infer<typeof processesSchema>
export type DiskFigures = z.infer<typeof diskSchema>

const fileSchema = z.strictObject({ sessions: z.record(z.string(), figuresSchema) })

/** Thousands of sessions. */
const maxBytes = 4 * 1024 * 1024

/**
 * The last figures of all sessions, by their names, as the daemon has published them (`state/sessions/figures.json`). Without the file,
 * or where it is damaged, there are none: the next look of a daemon makes it anew.
 */
export async function readFigures(home: Home): Promise<ReadonlyMap<string, Figures>> {
  const file = await readBounded(fileOf(home), maxBytes)
  const parsed = file.kind === 'file' ? fileSchema.safeParse(jsonOf(file.bytes.toString('utf8'))) : undefined
  return new Map(parsed?.success === true ? Object.entries(parsed.data.sessions) : [])
}

/** @throws a system error */
export async function publishFigures(home: Home, figures: ReadonlyMap<string, Figures>): Promise<void> {
  await publish(fileOf(home), `${JSON.stringify({ sessions: Object.fromEntries(figures) })}\n`)
}

/** Not a session's: their names hold no full stop. */
function fileOf(home: Home): string {
  return join(home.sessions, 'figures.json')
}
