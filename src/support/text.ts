import { distance } from 'fastest-levenshtein'

/**
 * Makes text from outside fit for one line of a log, an answer or a terminal: control characters, also the
 * C1 range and those that turn the direction of text (UAX #9), and halves of characters become visible escapes;
 * cut to `maxLength` characters.
 */
export function printable(text: string, maxLength = 200): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  return cut.replace(
    // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202f\u2066-\u2069\ufeff]|\p{Cs}/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Nothing that people name is longer, and the distance takes time with the length. */
const maxWordLength = 200

/** The up to `count` candidates nearest to `word` by edit distance, nearest first, far ones left out. */
export function nearest(word: string, candidates: readonly string[], count = 3): string[] {
  if (word.length > maxWordLength) return []
  const wanted = word.toLowerCase()
  const limit = Math.max(2, Math.floor(wanted.length / 2))
  return candidates
    .map((candidate) => ({ candidate, distance: distance(wanted, candidate.toLowerCase()) }))
    .filter((entry) => entry.distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate))
    .slice(0, count)
    .map((entry) => entry.candidate)
}
