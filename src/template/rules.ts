import * as z from 'zod'
import { formatFieldProblem } from '../support/field-problem.js'
import { readBounded } from '../support/files.js'
import { keysAt } from '../support/schema-keys.js'
import { parseYaml } from '../support/yaml-document.js'
import { stacksSchema, type Stacks } from './stacks.js'

/** The file of rules beside the templates. */
export const rulesName = 'rules.yaml'

/**
 * When a template is chosen by the words of a summary. Every group of `all` needs one of its phrases, `any` needs
 * one, and none of `none` may occur. A phrase is whole words in their order. What `ignore` names doesn't count.
 */
export interface Rule extends Conditions {
  readonly template: string
  readonly ignore: readonly string[]
}

export interface Conditions {
  readonly all: readonly (readonly string[])[]
  readonly any: readonly string[]
  readonly none: readonly string[]
}

const maxBytes = 1024 * 1024
const phrase = z.string().trim().min(1).max(200)
const phrases = z.array(phrase).max(5000)
const group = z.union([phrase.transform((word) => [word]), phrases.min(1)])

const conditions = {
  all: z.array(group).max(100).default([]),
  any: phrases.default([]),
  none: phrases.default([]),
}
const neverEmpty = [
  (found: Conditions) => found.all.length + found.any.length > 0,
  'it would always fit; give it words under any or all',
] as const

const ruleSchema = z.strictObject({ template: phrase, ...conditions }).refine(...neverEmpty)

/** A template's own rule, the `when` of its template.yaml. */
export const whenSchema = z.strictObject(conditions).refine(...neverEmpty)

const rulesSchema = z.strictObject({
  ignore: phrases.default([]),
  rules: z.array(ruleSchema).max(10_000).default([]),
  stacks: stacksSchema.optional(),
})

export type RulesResult =
  | { readonly kind: 'rules'; readonly rules: readonly Rule[]; readonly stacks?: Stacks }
  | { readonly kind: 'broken'; readonly because: string; readonly remedy: string }

/** Reads one rules.yaml; a missing one has no rules. Its `ignore` is for its own rules only. */
export async function readRules(path: string): Promise<RulesResult> {
  const read = await readBounded(path, maxBytes)
  switch (read.kind) {
    case 'missing':
      return { kind: 'rules', rules: [] }
    case 'odd':
      return { kind: 'broken', because: `${rulesName} is ${read.what}`, remedy: 'make it a plain file' }
    case 'too-large':
      return { kind: 'broken', because: `${rulesName} is larger than 1 MiB`, remedy: 'shorten it' }
    case 'file':
      return parseRules(read.bytes)
  }
}

/** The same of a text. */
export function parseRules(text: Uint8Array | string): RulesResult {
  const schema = z.preprocess((value) => value ?? {}, rulesSchema)
  const parsed = parseYaml(text, schema, (path) => keysAt(rulesSchema, path))
  if (!parsed.ok) {
    const because = parsed.problems.map((problem) => `${rulesName}, ${formatFieldProblem(problem)}`).join('; ')
    return { kind: 'broken', because, remedy: `correct ${rulesName}; its rules are not used until then` }
  }
  const { ignore, rules, stacks } = parsed.value
  const stacksPart = stacks === undefined ? {} : { stacks }
  return { kind: 'rules', rules: rules.map((rule) => ({ ...rule, ignore })), ...stacksPart }
}
