import type { Catalogue, Template } from './catalogue.js'
import { ignored, match } from './conditions.js'
import { decide, type Verdict } from './decide.js'
import { byHint, hintProblem } from './hint.js'
import { makeLexicon, type Lexicon } from './lexicon.js'
import { findMentions } from './mentions.js'
import { namedTemplate } from './named.js'
import { takenBack } from './negation.js'
import { rank, type Ranked } from './rank.js'
import type { Conditions } from './rules.js'
import { templatesOf } from './stacks.js'
import { wordsOf, type Word } from './words.js'

/** Which template, and why. */
export interface Choice {
  readonly id: string
  readonly by: 'hint' | 'rule' | 'rank' | 'fallback'
  /** What decided: the hint, or the words of the text. Of a fallback: what was named that no template fits. */
  readonly words: readonly string[]
  /** Ids that came next, the nearest first. */
  readonly runnersUp: readonly string[]
  /** Said where a hint was given and could not be followed. */
  readonly hintProblem?: string
}

type Chosen = Omit<Choice, 'hintProblem'>

/** The template where nothing decides. */
const fallbackId = 'generic-starter'

/** A ranked template is chosen where its words weigh this much, and its score leads by this factor. */
const threshold = { weight: 3, lead: 1.3 }
/** The same where a language is named and the choice is only among its templates. */
const inLanguage = { weight: 1, lead: 1.15 }

/** A text, looked at once. */
interface Reading {
  readonly words: readonly Word[]
  readonly taken: ReadonlySet<number>
}

/**
 * The hint, where it names a template; else what the rules say of the summary: a template's id as it is written, the rules of
 * rules.yaml, the stacks that are named, the templates' own `when`; else ranking by words, where one template leads clearly;
 * else `generic-starter`, which the shipped templates always have.
 */
export async function chooseTemplate(
  catalogue: Catalogue,
  request: { readonly hint?: string; readonly summary?: string },
): Promise<Choice> {
  const hint = request.hint?.trim() ?? ''
  const hinted = hint === '' ? undefined : byHint(catalogue, hint)
  if (hinted !== undefined) return { id: hinted.id, by: 'hint', words: [hint], runnersUp: [] }
  const problem = hint === '' ? {} : { hintProblem: hintProblem(catalogue, hint) }
  return { ...(await bySummary(catalogue, request.summary ?? '')), ...problem }
}

async function bySummary(catalogue: Catalogue, summary: string): Promise<Chosen> {
  const words = wordsOf(summary)
  const reading = { words, taken: takenBack(words) }
  const named = namedTemplate(catalogue, words, reading.taken)
  if (named !== undefined) return { id: named, by: 'rule', words: [named], runnersUp: [] }
  const ruled = byRules(catalogue, reading)
  if (ruled !== undefined) return ruled
  const verdict = decide(findMentions(prepare(catalogue).lexicon, words, reading.taken))
  switch (verdict.kind) {
    case 'chosen':
      if (!catalogue.templates.has(verdict.template)) return byOwnNames(catalogue, reading, verdict)
      return { id: verdict.template, by: 'rule', words: verdict.words, runnersUp: present(catalogue, verdict.others) }
    case 'none':
      return byOwnNames(catalogue, reading, verdict)
    case 'language':
      return inThatLanguage(catalogue, reading, verdict)
    case 'silent':
      return byWhen(catalogue, reading) ?? byRank(catalogue, reading, threshold, [])
  }
}

function byRules(catalogue: Catalogue, { words, taken }: Reading): Chosen | undefined {
  // The rules of one file share their `ignore`.
  const maskedFor = new Map<readonly string[], ReadonlySet<number>>()
  for (const rule of catalogue.rules) {
    if (!catalogue.templates.has(rule.template)) continue
    const masked = maskedFor.get(rule.ignore) ?? new Set([...taken, ...ignored(rule.ignore, words)])
    maskedFor.set(rule.ignore, masked)
    const found = match(rule, words, masked)
    if (found !== undefined) return { id: rule.template, by: 'rule', words: found, runnersUp: [] }
  }
  return undefined
}

/** The first template, by precedence, whose own conditions are met. */
function byWhen(catalogue: Catalogue, { words, taken }: Reading, allowed?: ReadonlySet<string>): Chosen | undefined {
  const found = prepare(catalogue)
    .conditional.filter((template) => allowed === undefined || allowed.has(template.id))
    .flatMap(({ id, when }) => {
      const phrases = match(when, words, taken)
      return phrases === undefined ? [] : [{ id, phrases }]
    })
  const [first, ...others] = found
  if (first === undefined) return undefined
  return { id: first.id, by: 'rule', words: first.phrases, runnersUp: others.slice(0, 3).map(({ id }) => id) }
}

async function inThatLanguage(
  catalogue: Catalogue,
  reading: Reading,
  { template, templates, words }: Extract<Verdict, { kind: 'language' }>,
): Promise<Chosen> {
  const allowed = new Set(templates)
  const chosen = byWhen(catalogue, reading, allowed) ?? (await byRank(catalogue, reading, inLanguage, words, allowed))
  if (chosen.by !== 'fallback' || template === undefined || !catalogue.templates.has(template)) {
    return chosen.by === 'fallback' ? chosen : { ...chosen, words: [...new Set([...words, ...chosen.words])] }
  }
  return { id: template, by: 'rule', words, runnersUp: chosen.runnersUp }
}

/** Of what the stacks have no template for: a template of the user's own that bears its name. */
async function byOwnNames(
  catalogue: Catalogue,
  reading: Reading,
  { words, others }: { readonly words: readonly string[]; readonly others: readonly string[] },
): Promise<Chosen> {
  const parts = words.flatMap((phrase) => phrase.split(' ')).filter((part) => /\p{L}/u.test(part))
  const own = [...catalogue.templates.values()].filter((template) => {
    const names = new Set(`${template.id} ${template.aliases.join(' ')}`.toLowerCase().split(/[^\p{L}\p{N}+#]+/u))
    return parts.some((part) => names.has(part)) && !prepare(catalogue).ofStacks.has(template.id)
  })
  const [ranked] =
    own.length === 0 ? [] : await rank(catalogue, reading.words, reading.taken, new Set(own.map(({ id }) => id)))
  if (ranked !== undefined)
    return { id: ranked.id, by: 'rank', words: ranked.words, runnersUp: present(catalogue, others) }
  return { id: fallbackId, by: 'fallback', words, runnersUp: present(catalogue, others) }
}

async function byRank(
  catalogue: Catalogue,
  reading: Reading,
  needed: typeof threshold,
  words: readonly string[],
  allowed?: ReadonlySet<string>,
): Promise<Chosen> {
  // Where no stack is named, a word like `next` or `go` is not the name of one.
  const except = allowed === undefined ? prepare(catalogue).stackWords : undefined
  const within = allowed === undefined ? undefined : prepare(catalogue).ofStacks
  const ranked = await rank(catalogue, reading.words, reading.taken, allowed, except, within)
  const [first, second] = ranked
  if (first !== undefined && isClear(first, second, needed)) {
    return { id: first.id, by: 'rank', words: first.words, runnersUp: ranked.slice(1).map(({ id }) => id) }
  }
  return { id: fallbackId, by: 'fallback', words, runnersUp: ranked.slice(0, 3).map(({ id }) => id) }
}

function isClear(first: Ranked, second: Ranked | undefined, needed: typeof threshold): boolean {
  return first.weight >= needed.weight && (second === undefined || first.score >= second.score * needed.lead)
}

function present(catalogue: Catalogue, ids: readonly string[]): string[] {
  return ids.filter((id) => catalogue.templates.has(id))
}

/** What is made of a catalogue once. */
interface Prepared {
  readonly lexicon: Lexicon
  /** Single words that name a language or a framework. */
  readonly stackWords: ReadonlySet<string>
  /** Templates that the stacks lead to. */
  readonly ofStacks: ReadonlySet<string>
  /** Those that have conditions of their own, the one of highest precedence first. */
  readonly conditional: readonly (Template & { readonly when: Conditions })[]
}

const preparedByCatalogue = new WeakMap<Catalogue, Prepared>()

function prepare(catalogue: Catalogue): Prepared {
  const known = preparedByCatalogue.get(catalogue)
  if (known !== undefined) return known
  const stacks = catalogue.stacks ?? []
  const lexicon = makeLexicon(stacks)
  const names = lexicon.stacks.filter(({ is }) => is !== 'thing').flatMap(({ words, unsure }) => [...words, ...unsure])
  const made = {
    lexicon,
    stackWords: new Set(names),
    ofStacks: new Set(stacks.flatMap(templatesOf)),
    conditional: [...catalogue.templates.values()]
      .reverse()
      .flatMap((template) => (template.when === undefined ? [] : [{ ...template, when: template.when }])),
  }
  preparedByCatalogue.set(catalogue, made)
  return made
}
