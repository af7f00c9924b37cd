import * as z from 'zod'

const phrase = z.string().trim().min(1).max(200)
/** A list, or one line with commas. */
const phrases = z.preprocess(
  (value) => (typeof value === 'string' ? value.split(',') : value),
  z.array(phrase).max(5000).default([]),
)
const template = phrase.optional()

/** How a stack is named in a text; the same for languages, frameworks and things. */
const names = {
  name: phrase,
  words: phrases,
  unsure: phrases,
  not: phrases,
  template,
}

const languageSchema = z.strictObject({ ...names, templates: phrases })
const frameworkSchema = z.strictObject({
  ...names,
  language: phrase.optional(),
  side: z.enum(['front', 'back']).optional(),
  over: phrases,
})
const thingSchema = z.strictObject({
  ...names,
  leads: z.boolean().default(false),
  in: z.record(phrase, phrase).default({}),
})

/** The part `stacks` of rules.yaml. */
export const stacksSchema = z.strictObject({
  beside: phrases,
  technical: phrases,
  languages: z.array(languageSchema).max(1000).default([]),
  frameworks: z.array(frameworkSchema).max(5000).default([]),
  things: z.array(thingSchema).max(5000).default([]),
})

/** What a text can ask for by name: languages, frameworks, and kinds of things to make. */
export type Stacks = z.infer<typeof stacksSchema>

/**
 * One stack. `words` mean it beyond doubt, `unsure` only with evidence beside them, and in the phrases of `not` it
 * isn't meant. `template` is what it leads to by itself; where that is missing, no template is made of it.
 */
export type Stack =
  | ({ readonly is: 'language' } & Stacks['languages'][number])
  | ({ readonly is: 'framework' } & Stacks['frameworks'][number])
  | ({ readonly is: 'thing' } & Stacks['things'][number])

/** In the order of the file: languages, frameworks, things. */
export function listStacks(stacks: Stacks): Stack[] {
  return [
    ...stacks.languages.map((one) => ({ is: 'language', ...one }) as const),
    ...stacks.frameworks.map((one) => ({ is: 'framework', ...one }) as const),
    ...stacks.things.map((one) => ({ is: 'thing', ...one }) as const),
  ]
}

/** Every template that the stacks name. */
export function templatesOf(stacks: Stacks): string[] {
  return listStacks(stacks).flatMap((stack) => [
    ...(stack.template === undefined ? [] : [stack.template]),
    ...(stack.is === 'language' ? stack.templates : []),
    ...(stack.is === 'thing' ? Object.values(stack.in) : []),
  ])
}
