import { mkdir, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { stringify } from 'yaml'
import * as z from 'zod'
import { publish, readBounded, unlinkIfThere } from '../support/files.js'
import { Problem } from '../support/problem.js'
import { parseYaml } from '../support/yaml-document.js'
import { parseSessionName, type SessionName } from './name.js'

const recordSchema = z.strictObject({
  name: z.string(),
  project: z.string(),
  /** As the job gave it; never with credentials. */
  repository: z.string(),
  /** Equal for two addresses of the same repository. */
  repository_key: z.string(),
  working_copy: z.string(),
  /** The job that made it; the tmux session carries the same id. */
  job_id: z.string(),
  created_at: z.string(),
  /** The tmux server that it stands on, noted once it stands: its sessions end with it. */
  tmux_server: z
    .strictObject({
      boot_id: z.string(),
      pid: z.number().int(),
      /** Seconds since 1970. */
      start_time: z.number().int(),
      /** Whether the server ends with its last session. */
      exit_empty: z.boolean(),
    })
    .optional(),
  /** When it was seen that a person had ended it in tmux. Such a session is never restored by itself. */
  ended_at: z.string().optional(),
  /** The layout's name; undefined: made before there were others than `default`. */
  layout: z.string().optional(),
  /** What the pane `apps` runs: the operator's template's, never the job's or the repository's (watch.ts). */
  watch: z.strictObject({ prepare: z.string().optional(), command: z.string() }).optional(),
  /** Noted before it is moved to the trash. */
  removed: z
    .strictObject({
      at: z.string(),
      why: z.string(),
      /** What would be lost with the working copy, in words; null: it could not be told. */
      unsaved: z.array(z.string()).nullable(),
    })
    .optional(),
  /** When it was last brought back from the trash: its age counts from then. */
  restored_at: z.string().optional(),
  agent: z.strictObject({
    name: z.string(),
    kind: z.enum(['claude', 'command']),
    conversation_id: z.string(),
    /** Whether the tracker's text stands in the session's folder as instructions for the agent. */
    instructions: z.boolean(),
    /** Whether the tracker in the working copy is named to the agent as data. */
    tracker_as_data: z.boolean(),
  }),
})

/** What the daemon knows of a session, beyond what tmux tells: `state/sessions/NAME.yaml`. */
export type SessionRecord = z.infer<typeof recordSchema>

/** The sessions that the daemon made and that nobody removed; the files are the truth. */
export interface Registry {
  /** The folder of a session's own files (0700): settings, events, instructions. */
  folderOf(name: SessionName): string
  /** The file of its record. */
  pathOf(name: SessionName): string
  /** @throws Problem where the record is there and can't be read */
  read(name: SessionName): Promise<SessionRecord | undefined>
  write(name: SessionName, record: SessionRecord): Promise<void>
  remove(name: SessionName): Promise<void>
  list(): Promise<SessionName[]>
}

const maxBytes = 256 * 1024

export function createRegistry(folder: string): Registry {
  const pathOf = (name: SessionName) => join(folder, `${name}.yaml`)
  return {
    folderOf: (name) => join(folder, name),
    pathOf,
    read: (name) => readRecord(pathOf(name)),

    async write(name, record) {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 })
      await publish(pathOf(name), `${stringify(record, { lineWidth: 0 })}...\n`)
    },

    async remove(name) {
      await unlinkIfThere(pathOf(name))
    },

    async list() {
      const names = await readdir(folder)
      return names
        .flatMap((name) => (name.endsWith('.yaml') ? [parseSessionName(name.slice(0, -5))] : []))
        .filter((name) => name !== undefined)
        .sort()
    },
  }
}

/** Reads the record of a session, also of a removed one. @throws Problem where it is there and can't be read */
export async function readRecord(path: string): Promise<SessionRecord | undefined> {
  const file = await readBounded(path, maxBytes)
  if (file.kind === 'missing') return undefined
  const parsed = file.kind === 'file' ? parseYaml(file.bytes, recordSchema, () => []) : undefined
  if (parsed?.ok === true) return parsed.value
  throw new Problem({
    doing: `read the record of session ${basename(path, '.yaml')}`,
    because: `${path} is damaged`,
    remedy: 'move the file away; the session itself is not touched',
  })
}
