import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import * as z from 'zod'
import { formatFieldProblem } from '../../support/field-problem.js'
import { publish, readBounded } from '../../support/files.js'
import { codeOf } from '../../support/problem.js'
import { keysAt } from '../../support/schema-keys.js'
import { parseYaml } from '../../support/yaml-document.js'
import { provenanceName } from '../listing.js'
import { subfolderOf } from './source.js'

const text = z.string().min(1).max(4096)

const provenanceSchema = z.strictObject({
  /** As it was given; an address with credentials is refused before. */
  source: text,
  kind: z.enum(['folder', 'git', 'npm']),
  /** The template's folder in the source; '' is the source itself. */
  path: z
    .string()
    .max(4096)
    .refine((path) => path === '' || subfolderOf(path) === path, 'must lead down into the source'),
  /** Of git. */
  commit: text.optional(),
  /** Of npm: what the registry has, and what its tarball was checked against. */
  version: text.optional(),
  integrity: text.optional(),
  /** ISO 8601, UTC. */
  added_at: text,
  /** Of the files as they were added; see content-hash.ts. */
  content: text,
  /** Other hints, for the template.yaml that is written where the source has none. */
  aliases: z.array(text).max(100),
})

/** Where a template that was added came from. It lies in the template's folder, so that both move in one rename. */
export type Provenance = z.infer<typeof provenanceSchema>

export type ProvenanceResult =
  | { readonly kind: 'added'; readonly provenance: Provenance }
  /** A folder of a person's own. */
  | { readonly kind: 'own' }
  | { readonly kind: 'broken'; readonly because: string }

/** Reads where a template came from. @param folder the template's */
export async function readProvenance(folder: string): Promise<ProvenanceResult> {
  const read = await readBounded(join(folder, provenanceName), 64 * 1024)
  switch (read.kind) {
    case 'missing':
      return { kind: 'own' }
    case 'odd':
      return { kind: 'broken', because: `${provenanceName} is ${read.what}` }
    case 'too-large':
      return { kind: 'broken', because: `${provenanceName} is larger than 64 KiB` }
    case 'file': {
      const parsed = parseYaml(read.bytes, provenanceSchema, (path) => keysAt(provenanceSchema, path))
      if (parsed.ok) return { kind: 'added', provenance: parsed.value }
      return { kind: 'broken', because: `${provenanceName}, ${parsed.problems.map(formatFieldProblem).join('; ')}` }
    }
  }
}

const heading =
  '# Where this template came from. Written by `devorch templates`, which reads it for update and remove.\n'

export async function writeProvenance(folder: string, provenance: Provenance): Promise<void> {
  await publish(join(folder, provenanceName), heading + stringify(provenance, { lineWidth: 0 }), { mode: 0o644 })
}

/** The templates of a folder of templates that were added, by id; broken records are among them. */
export async function listAdded(templates: string): Promise<Map<string, Exclude<ProvenanceResult, { kind: 'own' }>>> {
  const added = new Map<string, Exclude<ProvenanceResult, { kind: 'own' }>>()
  for (const id of await foldersIn(templates)) {
    const result = await readProvenance(join(templates, id))
    if (result.kind !== 'own') added.set(id, result)
  }
  return added
}

/** The names of a folder's folders that can be templates; none where it is not there. */
export async function foldersIn(templates: string): Promise<string[]> {
  try {
    const entries = await readdir(templates, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && !/^[._]/.test(entry.name) && entry.name !== 'node_modules')
      .map((entry) => entry.name)
      .sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}
