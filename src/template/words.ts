import { plainText } from './plain-text.js'

/** A word of a text, folded: lower case, without dots and apostrophes (`Node.js` is `nodejs`). */
export interface Word {
  readonly text: string
  /** Clauses are numbered from 0; a phrase doesn't reach over the end of one. */
  readonly clause: number
  /** Sentences are numbered from 0; a clause is within one. */
  readonly sentence: number
  /** True where a hyphen ties it to the next: `to-do`. */
  readonly tied: boolean
  /** True where it is written with a capital though no sentence begins there: a name, most often. */
  readonly name: boolean
  /** True where it begins with a capital, wherever it stands. */
  readonly capital: boolean
  /** True where a colon stands before it: `Stack: Vue`. */
  readonly colon: boolean
}

/** The arrow of a migration; scripts without spaces, character by character; words with their dots. */
const wordPattern =
  /→|[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]|(?:[A-Za-z0-9_]|(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}])[\p{L}\p{N}_\p{M}])+(?:\.[\p{L}\p{N}_]+)*(?:\+\+|#)?/gu

/** Splits a text into words. What plainText leaves out is no word of it. */
export function wordsOf(text: string): Word[] {
  const plain = plainText(text)
  const shouted = isShouted(plain)
  const words: Word[] = []
  let clause = 0
  let sentence = 0
  let end = 0
  for (const match of plain.matchAll(wordPattern)) {
    const between = plain.slice(end, match.index)
    const last = words.at(-1)
    if (last !== undefined && between === '-') words[words.length - 1] = { ...last, tied: true }
    // A space alone ends nothing; that is quickly told of most words.
    const spaced = between === ' '
    const begins = !spaced && endsSentence(between)
    if (begins) sentence++
    if (begins || (!spaced && endsClause(between))) clause++
    const opens = last === undefined || begins || (!spaced && /[:*"“„]/.test(between))
    const capital = !shouted && /^\p{Lu}/u.test(match[0])
    const folded = match[0].toLowerCase().replaceAll('.', '')
    const colon = !spaced && /[::]\W*$/.test(between)
    words.push({ text: folded, clause, sentence, tied: false, name: capital && !opens, capital, colon })
    end = match.index + match[0].length
  }
  return words
}

/** Written all in capitals, so that a capital tells nothing. */
function isShouted(text: string): boolean {
  const capitals = text.match(/\p{Lu}/gu)?.length ?? 0
  const letters = text.match(/\p{L}/gu)?.length ?? 0
  return letters > 0 && capitals > letters / 2
}

function endsSentence(between: string): boolean {
  return /[.!?。!?]|\n\s*[\n*#+-]/u.test(between)
}

/** Punctuation, a dash between spaces, or what ends a sentence. */
function endsClause(between: string): boolean {
  return /[,;:()[\]{}|—–>、,;:]|\s-+\s/u.test(between)
}

/** The first word of a word's clause. */
export function clauseStart(words: readonly Word[], at: number): number {
  let start = at
  while (start > 0 && words[start - 1]?.clause === words[at]?.clause) start--
  return start
}

/** Where a phrase begins in the words: whole words, in order, within one clause. */
export function placesOf(phrase: readonly string[], words: readonly Word[]): readonly number[] {
  const [first] = phrase
  const starts = first === undefined ? undefined : positionsIn(words).get(first)
  return starts?.filter((at) => isAt(phrase, words, at)) ?? nowhere
}

const nowhere: readonly number[] = []

const positionsByWords = new WeakMap<readonly Word[], ReadonlyMap<string, readonly number[]>>()

/** Where each word stands; a text is searched for many phrases. */
function positionsIn(words: readonly Word[]): ReadonlyMap<string, readonly number[]> {
  const known = positionsByWords.get(words)
  if (known !== undefined) return known
  const positions = new Map<string, number[]>()
  words.forEach((word, at) => {
    const list = positions.get(word.text)
    if (list === undefined) positions.set(word.text, [at])
    else list.push(at)
  })
  positionsByWords.set(words, positions)
  return positions
}

/** Whether the phrase begins at that word. */
export function isAt(phrase: readonly string[], words: readonly Word[], at: number): boolean {
  const clause = words[at]?.clause
  return phrase.every((text, offset) => words[at + offset]?.text === text && words[at + offset]?.clause === clause)
}
