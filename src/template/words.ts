/** A word of a text, folded: lower case, without dots and apostrophes (`Node.js` is `nodejs`). */
export interface Word {
  readonly text: string
  /** Clauses are numbered from 0; a phrase doesn't reach over the end of one. */
  readonly clause: number
  /** True where a hyphen ties it to the next: `to-do`. */
  readonly tied: boolean
}

const maxCharacters = 4000

/** Splits a text into words. What stands in addresses, HTML comments or is struck through is no word of it. */
export function wordsOf(text: string): Word[] {
  const folded = text
    .slice(0, maxCharacters)
    .normalize('NFKC')
    .toLowerCase()
    .replace(/<!--.*?(?:-->|$)/gs, ' . ')
    .replace(/~~[^~\n]*~~/g, ' ')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/g, ' ')
    .replace(/['’]s\b/g, '')
    .replace(/['’]/g, '')
  const words: Word[] = []
  let clause = 0
  let end = 0
  for (const match of folded.matchAll(/[\p{L}\p{N}_]+(?:\.[\p{L}\p{N}_]+)*(?:\+\+|#)?/gu)) {
    const between = folded.slice(end, match.index)
    const last = words.at(-1)
    if (last !== undefined && between === '-') words[words.length - 1] = { ...last, tied: true }
    if (isBoundary(between)) clause++
    words.push({ text: match[0].replaceAll('.', ''), clause, tied: false })
    end = match.index + match[0].length
  }
  return words
}

/** Punctuation, a dash between spaces, an arrow, an empty line or a list's bullet ends a clause. */
function isBoundary(between: string): boolean {
  return /[.,;:!?()[\]{}|—–→>]|\s-+\s|\n\s*[\n*#+-]/u.test(between)
}

/** Where a phrase begins in the words: whole words, in order, within one clause. */
export function placesOf(phrase: readonly string[], words: readonly Word[]): number[] {
  const places: number[] = []
  if (phrase.length === 0) return places
  for (let at = 0; at + phrase.length <= words.length; at++) {
    const clause = words[at]?.clause
    if (phrase.every((text, offset) => words[at + offset]?.text === text && words[at + offset]?.clause === clause)) {
      places.push(at)
    }
  }
  return places
}
