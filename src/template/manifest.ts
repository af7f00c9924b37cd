import { join } from 'node:path'
import * as z from 'zod'
import { formatFieldProblem } from '../support/field-problem.js'
import { readBounded } from '../support/files.js'
import { keysAt } from '../support/schema-keys.js'
import { parseYaml } from '../support/yaml-document.js'
import { whenSchema } from './rules.js'

/** The name of a template's own description; at the top of its folder, and never copied. */
export const manifestName = 'template.yaml'

const maxBytes = 64 * 1024
const line = z.string().trim().min(1).max(500)

const command = line.refine((value) => !/\p{Cc}/u.test(value), 'contains a control character; write it on one line')

const variableName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be a lower-case word of a-z, 0-9 and _; rename it')

const manifestSchema = z.strictObject({
  title: line.optional(),
  description: line.optional(),
  aliases: z.array(line).max(100).default([]),
  keywords: z.array(line).max(1000).default([]),
  when: whenSchema.optional(),
  variables: z.record(variableName, z.union([z.string().max(10_000), z.number(), z.boolean()])).default({}),
  leave_out: z.array(line).max(1000).default([]),
  steps: z.array(line).max(50).default([]),
  /** The layout of the sessions that are made with it. */
  layout: line.max(64).optional(),
  /** What the pane `apps` runs in a new project, constant lines for /bin/sh: once before, and then. */
  watch: z.strictObject({ prepare: command.optional(), command }).optional(),
})

export type Manifest = z.infer<typeof manifestSchema>

/** `none`: a plain folder, or a template.yaml that belongs to another program and is a file like any other. */
export type ManifestResult =
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly because: string; readonly remedy: string }

export async function readManifest(folder: string): Promise<ManifestResult> {
  const read = await readBounded(join(folder, manifestName), maxBytes)
  switch (read.kind) {
    case 'missing':
      return { kind: 'none' }
    case 'odd':
      return { kind: 'broken', because: `${manifestName} is ${read.what}`, remedy: 'make it a plain file' }
    case 'too-large':
      return { kind: 'broken', because: `${manifestName} is larger than 64 KiB`, remedy: 'shorten it' }
    case 'file':
      return parseManifest(read.bytes)
  }
}

function parseManifest(bytes: Uint8Array): ManifestResult {
  if (isOfAnotherFormat(bytes)) return { kind: 'none' }
  const schema = z.preprocess((value) => value ?? {}, manifestSchema)
  const parsed = parseYaml(bytes, schema, (path) => keysAt(manifestSchema, path))
  if (parsed.ok) return { kind: 'manifest', manifest: parsed.value }
  const because = parsed.problems.map((problem) => `${manifestName}, ${formatFieldProblem(problem)}`).join('; ')
  return { kind: 'broken', because, remedy: `correct ${manifestName}` }
}

/** AWS SAM and CloudFormation (Resources, Transform), Backstage and OpenShift (apiVersion, kind) use the same name. */
function isOfAnotherFormat(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes)
  return /^(?:AWSTemplateFormatVersion|Resources|Transform|apiVersion|kind)[ \t]*:/m.test(text)
}
