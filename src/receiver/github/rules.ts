import * as z from 'zod'
import { readBounded } from '../../support/files.js'
import { formatFieldProblem } from '../../support/field-problem.js'
import { programFile } from '../../support/package.js'
import { Problem } from '../../support/problem.js'
import { keysAt } from '../../support/schema-keys.js'
import { parseYaml } from '../../support/yaml-document.js'

const word = z.string().min(1)
const oneOrMore = z.union([word.transform((one) => [one]), z.array(word).min(1)])
const scalar = z.union([z.string(), z.number(), z.boolean()])

const condition = z.union([
  z.strictObject({ field: word, equals: scalar }),
  z.strictObject({ field: word, one_of: z.array(scalar).min(1) }),
  z.strictObject({ field: word, starts_with: word }),
  z.strictObject({ field: word, exists: z.boolean() }),
  /** `dev-session`: that label, or `dev-session:HINT`. */
  z.strictObject({ field: word, label: word }),
])

const jobTemplates = z.strictObject({
  action: z.enum(['create', 'destroy', 'restart', 'send']).default('create'),
  project_name: word,
  repo_url: word.optional(),
  branch: word.optional(),
  template_hint: word.optional(),
  requirements_summary: word.optional(),
  tracker: word.optional(),
  agent: word.optional(),
  layout: word.optional(),
  text: word.optional(),
})

const rule = z.strictObject({
  name: word,
  event: oneOrMore,
  action: oneOrMore.optional(),
  when: z.array(condition).default([]),
  who: z.enum(['anyone', 'trusted']).default('anyone'),
  job: jobTemplates,
})

const rulesSchema = z.strictObject({ rules: z.array(rule) })

export type Rule = z.infer<typeof rule>
export type Condition = z.infer<typeof condition>

/** The rules that are shipped, with the documentation of their form. */
const defaultRulesFile = programFile('receiver/github/default-rules.yaml')

const maxBytes = 256 * 1024

/** Reads the rules: `default`, or a file. @throws Problem that lists all that is wrong with it, with line and column */
export async function loadRules(file: string): Promise<readonly Rule[]> {
  const path = file === 'default' ? defaultRulesFile : file
  const read = await readBounded(path, maxBytes)
  const fail = (because: string): Problem =>
    new Problem({
      doing: `read the rules ${path}`,
      because,
      remedy: 'correct it, or github.rules',
      field: 'github.rules',
    })
  switch (read.kind) {
    case 'missing':
      throw fail('there is no such file')
    case 'odd':
      throw fail(`it is ${read.what}`)
    case 'too-large':
      throw fail('it is larger than 256 KiB')
    case 'file': {
      const parsed = parseYaml(read.bytes, rulesSchema, (at) => keysAt(rulesSchema, at))
      if (parsed.ok) return parsed.value.rules
      throw fail(parsed.problems.map(formatFieldProblem).join('\n'))
    }
  }
}
