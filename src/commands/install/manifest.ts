import { createHash } from 'node:crypto'
import * as z from 'zod'
import { readBounded } from '../../support/files.js'
import { Problem } from '../../support/problem.js'

/** Settings of the installation that are root's: what was installed, and the secrets. */
export const settingsFolder = '/etc/dev-orchestrator'
export const manifestPath = `${settingsFolder}/installed.json`
export const credentialsFolder = `${settingsFolder}/credentials`

const maxBytes = 256 * 1024

/** What `devorch install` did, for the next one, `devorch uninstall` and `devorch doctor`. It holds no secret. */
const manifestSchema = z.object({
  version: z.string(),
  /** Of the program's files and its node: see `fingerprint`. Undefined: the daemon was not (re)started yet. */
  program: z.string().optional(),
  main: z.string(),
  user: z.string(),
  home: z.string(),
  projects: z.string(),
  socket_name: z.string(),
  group: z.object({ name: z.string(), made: z.boolean() }),
  /** The files of the installation: hashes of what was written there. Two while an upgrade is under way; none: uninstalled. */
  files: z.record(z.string(), z.array(z.string())),
})

export type Manifest = z.infer<typeof manifestSchema>

/** @returns undefined where nothing was ever installed @throws Problem where it can't be understood */
export async function readManifest(): Promise<Manifest | undefined> {
  const read = await readBounded(manifestPath, maxBytes)
  switch (read.kind) {
    case 'missing':
      return undefined
    case 'odd':
      throw damaged(`it is ${read.what}`)
    case 'too-large':
      throw damaged('it is too large')
    case 'file':
      break
  }
  const parsed = manifestSchema.safeParse(parseJson(read.bytes.toString('utf8')))
  if (parsed.success) return parsed.data
  throw damaged('it is not what install wrote')
}

export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

export function isInstalled(manifest: Manifest | undefined): manifest is Manifest {
  return manifest !== undefined && Object.keys(manifest.files).length > 0
}

export function hashOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function damaged(because: string): Problem {
  return new Problem({ doing: `read ${manifestPath}`, because, remedy: 'move it away, then run devorch install again' })
}
