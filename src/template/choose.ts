import { basename } from 'node:path'
import { nearest, printable } from '../support/text.js'
import type { Catalogue, Template } from './catalogue.js'
import { takenBack } from './negation.js'
import type { Rule } from './rules.js'
import { placesOf, wordsOf, type Word } from './words.js'

/** Which template, and why. */
export interface Choice {
  readonly id: string
  readonly by: 'hint' | 'rule' | 'fallback'
  /** What decided: the hint, or the rule's words that were found. */
  readonly words: readonly string[]
  /** Said where a hint was given and could not be followed. */
  readonly hintProblem?: string
}

/** The template where nothing decides. */
const fallbackId = 'generic-starter'

/**
 * The hint, where it names a template; else the first rule that fits the summary; else `generic-starter`, which the
 * shipped templates always have. A hint is compared without case and separators, with ids first, then aliases.
 */
export function chooseTemplate(
  catalogue: Catalogue,
  request: { readonly hint?: string; readonly summary?: string },
): Choice {
  const hint = request.hint?.trim() ?? ''
  const hinted = hint === '' ? undefined : byHint(catalogue, hint)
  if (hinted !== undefined) return { id: hinted.id, by: 'hint', words: [hint] }
  const problem = hint === '' ? {} : { hintProblem: hintProblem(catalogue, hint) }
  const words = wordsOf(request.summary ?? '')
  const taken = takenBack(words)
  // The rules of one file share their `ignore`.
  const maskedFor = new Map<readonly string[], ReadonlySet<number>>()
  for (const rule of catalogue.rules) {
    if (!catalogue.templates.has(rule.template)) continue
    const masked = maskedFor.get(rule.ignore) ?? new Set([...taken, ...ignored(rule.ignore, words)])
    maskedFor.set(rule.ignore, masked)
    const found = match(rule, words, masked)
    if (found !== undefined) return { id: rule.template, by: 'rule', words: found, ...problem }
  }
  return { id: fallbackId, by: 'fallback', words: [], ...problem }
}

function byHint(catalogue: Catalogue, hint: string): Template | undefined {
  const exact = catalogue.templates.get(hint)
  if (exact !== undefined) return exact
  const wanted = foldHint(hint)
  const latestFirst = [...catalogue.templates.values()].reverse()
  return (
    latestFirst.find((template) => foldHint(template.id) === wanted) ??
    latestFirst.find((template) => template.aliases.some((alias) => foldHint(alias) === wanted))
  )
}

/** Case and separators make no difference, except that a name of nothing but separators stays itself. */
export function foldHint(hint: string): string {
  const folded = hint.normalize('NFKC').toLowerCase()
  const bare = folded.replace(/[\s._-]+/gu, '')
  return bare === '' ? folded : bare
}

function hintProblem(catalogue: Catalogue, hint: string): string {
  const shown = printable(hint, 80)
  const left = catalogue.broken.find((broken) => foldHint(basename(broken.folder)) === foldHint(hint))
  if (left !== undefined)
    return `template_hint "${shown}" names a template that is left out: ${left.because}; ${left.remedy}`
  const idOf = new Map<string, string>()
  for (const template of catalogue.templates.values()) {
    for (const name of [...template.aliases, template.id]) idOf.set(name, template.id)
  }
  const near = [...new Set(nearest(hint.slice(0, 100), [...idOf.keys()], 10).map((name) => idOf.get(name) ?? name))]
  const nearText = near.length === 0 ? 'none is near it' : `nearest: ${near.slice(0, 3).join(', ')}`
  return `template_hint "${shown}" matches no template; ${nearText}`
}

/** The rule's phrases that were found, or undefined where it doesn't fit. */
function match(rule: Rule, words: readonly Word[], masked: ReadonlySet<number>): string[] | undefined {
  const find = (phrases: readonly string[]) => {
    const at = partsOf(phrases).findIndex((parts) =>
      placesOf(parts, words).some((place) => !parts.some((_, offset) => masked.has(place + offset))),
    )
    return phrases[at]
  }
  if (find(rule.none) !== undefined) return undefined
  const found: string[] = []
  for (const group of [...rule.all, ...(rule.any.length === 0 ? [] : [rule.any])]) {
    const first = find(group)
    if (first === undefined) return undefined
    found.push(first)
  }
  return [...new Set(found)]
}

/** The indexes of words that belong to a phrase of `ignore`. */
function ignored(phrases: readonly string[], words: readonly Word[]): number[] {
  return partsOf(phrases).flatMap((parts) =>
    placesOf(parts, words)
      // `react to` is no stack, but `React to-do list` is: the phrase must not end inside a hyphenated word.
      .filter((at) => words[at + parts.length - 1]?.tied !== true)
      .flatMap((at) => parts.map((_, offset) => at + offset)),
  )
}

const partsByList = new WeakMap<readonly string[], readonly (readonly string[])[]>()

/** The words of each phrase; a rule's lists are split once. */
function partsOf(phrases: readonly string[]): readonly (readonly string[])[] {
  const known = partsByList.get(phrases)
  if (known !== undefined) return known
  const parts = phrases.map((phrase) => wordsOf(phrase).map((word) => word.text))
  partsByList.set(phrases, parts)
  return parts
}
