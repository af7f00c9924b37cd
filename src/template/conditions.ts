import type { Conditions } from './rules.js'
import { placesOf, wordsOf, type Word } from './words.js'

/**
 * The phrases that were found, or undefined where the conditions aren't met. A phrase counts where its first word isn't masked:
 * in `no login` the login is taken back, and the phrase says just that.
 */
export function match(
  conditions: Conditions,
  words: readonly Word[],
  masked: ReadonlySet<number>,
): string[] | undefined {
  const find = (phrases: readonly string[]) => {
    const at = partsOf(phrases).findIndex((parts) => placesOf(parts, words).some((place) => !masked.has(place)))
    return phrases[at]
  }
  const found: string[] = []
  for (const group of [...conditions.all, ...(conditions.any.length === 0 ? [] : [conditions.any])]) {
    const first = find(group)
    if (first === undefined) return undefined
    found.push(first)
  }
  if (find(conditions.none) !== undefined) return undefined
  return [...new Set(found)]
}

/** The indexes of words that belong to a phrase of `ignore`. */
export function ignored(phrases: readonly string[], words: readonly Word[]): number[] {
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
