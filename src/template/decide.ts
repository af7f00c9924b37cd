import type { Mention } from './mentions.js'
import type { Stack } from './stacks.js'

/** What the named stacks lead to. */
export type Verdict =
  | {
      readonly kind: 'chosen'
      readonly template: string
      readonly words: readonly string[]
      readonly others: readonly string[]
    }
  /** A language alone: which of its templates is left to ranking, and `template` where that finds none. */
  | {
      readonly kind: 'language'
      readonly template: string | undefined
      readonly templates: readonly string[]
      readonly words: readonly string[]
    }
  /** Something is asked for that no template here is made for, or several things at once. */
  | { readonly kind: 'none'; readonly words: readonly string[]; readonly others: readonly string[] }
  /** No stack is named. */
  | { readonly kind: 'silent' }

type MentionOf<Is extends Stack['is']> = Mention & { readonly stack: Extract<Stack, { is: Is }> }

const isOf =
  <Is extends Stack['is']>(is: Is) =>
  (mention: Mention): mention is MentionOf<Is> =>
    mention.stack.is === is

/**
 * One answer of all mentions: a thing that leads (a monorepo, a browser extension) before a framework, a framework before a
 * language with a thing (`command line tool in Go`), each only where it isn't just spoken of beside.
 */
export function decide(mentions: readonly Mention[]): Verdict {
  if (mentions.length === 0) return { kind: 'silent' }
  const language = foremost(mentions.filter(isOf('language')))
  const things = mentions.filter(isOf('thing'))
  const leading = foremost(things.filter(({ stack }) => stack.leads))
  const frameworks = withoutCovered(mentions.filter(isOf('framework')))
  const framework = foremost(frameworks)
  const asked = Math.max(...mentions.filter(decides).map(({ role }) => role), 0)
  // `Browser extension written in Svelte`: what is asked for at all, not with what.
  if (leading !== undefined && leading.role >= Math.min(asked, framework?.role ?? 0, 2)) {
    const side = leading.role === 0 && language !== undefined && language.role >= 2
    if (!side) return ofThing(leading, languageOf(language, framework), mentions)
  }
  // `Plain HTML page for our Django product`, `The shop is Next.js; build the webhook consumer in Go`: the framework stands beside.
  const isOther =
    language?.role === 3 &&
    (framework?.role ?? 0) < 3 &&
    framework?.stack.language !== language.stack.name &&
    things.some((one) => one.role > 0 && fitsLanguage(one, language))
  const isBeside =
    isOther || (framework?.role === 0 && ((language?.role ?? 0) >= 2 || things.some(({ role }) => role >= 2)))
  if (framework !== undefined && !isBeside) {
    return ofFrameworks(
      frameworks.filter(({ role }) => role === framework.role),
      framework,
      mentions,
    )
  }
  const able = foremost(things.filter(({ stack }) => stack.template !== undefined))
  const thing = foremost(things.filter((one) => fitsLanguage(one, language))) ?? foremost(things)
  if (able !== undefined && (language === undefined || (language.role === 0 && able.role >= 2))) {
    return ofThing(able, undefined, mentions)
  }
  if (language === undefined) return { kind: 'silent' }
  if (thing !== undefined && fitsLanguage(thing, language)) return ofThing(thing, language, mentions)
  return ofLanguage(language, thing, mentions)
}

/** A language says how, and only together with a thing what. */
const decides = ({ stack }: Mention): boolean => stack.is !== 'thing' || stack.leads

function fitsLanguage(thing: MentionOf<'thing'>, language: MentionOf<'language'> | undefined): boolean {
  return language !== undefined && thing.stack.in[language.stack.name] !== undefined
}

/** The language of a thing is the one that is named, or that of the framework it is made with. */
function languageOf(
  language: MentionOf<'language'> | undefined,
  framework: MentionOf<'framework'> | undefined,
): MentionOf<'language'> | undefined {
  return language === undefined || (framework !== undefined && framework.role > language.role) ? undefined : language
}

function ofThing(
  thing: MentionOf<'thing'>,
  language: MentionOf<'language'> | undefined,
  mentions: readonly Mention[],
): Verdict {
  // Beside what is surely asked for, a language that is only spoken of says nothing.
  const isBeside = language === undefined || language.role === 0 || (thing.role === 3 && language.role === 1)
  const beside = isBeside ? undefined : language
  const named = language === undefined ? undefined : thing.stack.in[language.stack.name]
  const template =
    named ??
    (beside === undefined || thing.stack.in[beside.stack.name] !== undefined ? thing.stack.template : undefined)
  const words = [...(named === undefined && beside === undefined ? [] : [language?.words ?? '']), thing.words].filter(
    Boolean,
  )
  const others = othersOf(mentions, template)
  if (template !== undefined) return { kind: 'chosen', template, words, others }
  // A kind of thing alone (`a service`) says too little to choose by, but what leads and has no template is none of ours.
  if (language === undefined && !thing.stack.leads) return { kind: 'silent' }
  return { kind: 'none', words, others }
}

function ofFrameworks(
  candidates: readonly MentionOf<'framework'>[],
  first: MentionOf<'framework'>,
  mentions: readonly Mention[],
): Verdict {
  const sides = new Set(candidates.flatMap(({ stack }) => stack.side ?? []))
  const foreign = candidates.find(({ stack }) => stack.template === undefined)
  const words = [...new Set(candidates.map((one) => one.words))]
  if (first.stack.template === undefined || (foreign !== undefined && sides.size > 1)) {
    return { kind: 'none', words, others: othersOf(mentions, undefined) }
  }
  if (sides.size > 1) return { kind: 'none', words, others: othersOf(mentions, undefined) }
  return {
    kind: 'chosen',
    template: first.stack.template,
    words: [
      ...new Set(candidates.filter(({ stack }) => stack.template === first.stack.template).map((one) => one.words)),
    ],
    others: othersOf(mentions, first.stack.template),
  }
}

function ofLanguage(
  language: MentionOf<'language'>,
  thing: MentionOf<'thing'> | undefined,
  mentions: readonly Mention[],
): Verdict {
  const { template, templates } = language.stack
  const words = [language.words, ...(thing === undefined ? [] : [thing.words])]
  // What the thing can be made of in other languages, but not in this one, is none of ours.
  const mismatch = thing !== undefined && thing.role >= 2
  if (templates.length === 0 || mismatch) return { kind: 'none', words, others: othersOf(mentions, undefined) }
  return { kind: 'language', template, templates, words: [language.words] }
}

/** The most asked for, of several the first. */
function foremost<M extends Mention>(mentions: readonly M[]): M | undefined {
  return mentions.reduce<M | undefined>(
    (best, one) => (best === undefined || one.role > best.role ? one : best),
    undefined,
  )
}

/** A framework that another one brings along (`Next.js with React`) is not asked for by itself. */
function withoutCovered(frameworks: readonly MentionOf<'framework'>[]): MentionOf<'framework'>[] {
  return frameworks.filter(
    (one) => !frameworks.some((other) => other.role >= one.role && other.stack.over.includes(one.stack.name)),
  )
}

function othersOf(mentions: readonly Mention[], template: string | undefined): string[] {
  const templates = mentions.flatMap(({ stack }) => (stack.template === undefined ? [] : [stack.template]))
  return [...new Set(templates)].filter((one) => one !== template).slice(0, 3)
}
