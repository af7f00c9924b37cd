import { listStacks, type Stack, type Stacks } from './stacks.js'
import { isAt, wordsOf, type Word } from './words.js'

/** A phrase of rules.yaml, in words. */
interface Entry {
  readonly parts: readonly string[]
  /** Undefined where the phrase means no stack: it is there to be overlooked. */
  readonly stack: Stack | undefined
  readonly sure: boolean
}

/** Every phrase of the stacks, found by its first word. */
export interface Lexicon {
  /** The longest first; of two equal ones, the one of higher precedence. */
  readonly entries: ReadonlyMap<string, readonly Entry[]>
  /** Names of one word in which a slip of the pen is forgiven, by their first letter. */
  readonly misspelt: ReadonlyMap<string, readonly Entry[]>
  /** First words of phrases of several, by their first letter. */
  readonly partsByLetter: ReadonlyMap<string, readonly string[]>
  /** Beginnings of compounds (`kommandozeilen*`), by their first letter. */
  readonly beginnings: ReadonlyMap<string, readonly Entry[]>
  readonly stacks: readonly Stack[]
  /** Words that, beside an unsure one, show that a stack is meant. */
  readonly beside: ReadonlySet<string>
  /** Words that show that the text is about software. */
  readonly technical: ReadonlySet<string>
}

/** A phrase found in a text. */
export interface Found {
  readonly stack: Stack
  readonly at: number
  readonly length: number
  readonly sure: boolean
}

/** @param sources of the highest precedence first */
export function makeLexicon(sources: readonly Stacks[]): Lexicon {
  const entries = new Map<string, Entry[]>()
  const misspelt = new Map<string, Entry[]>()
  const beginnings = new Map<string, Entry[]>()
  const known = new Set<string>()
  const add = (phrase: string, stack: Stack | undefined, sure: boolean) => {
    if (phrase.endsWith('*')) {
      const beginning = phrase.slice(0, -1).toLowerCase()
      push(beginnings, beginning.charAt(0), { parts: [beginning], stack, sure })
      return
    }
    const parts = wordsOf(phrase).map((word) => word.text)
    const [first] = parts
    const key = parts.join(' ')
    if (first === undefined || known.has(key)) return
    known.add(key)
    const entry = { parts, stack, sure }
    push(entries, first, entry)
    if (stack !== undefined && isForgiven(stack) && parts.length === 1 && /^[a-z]{4,}$/.test(first)) {
      push(misspelt, first.charAt(0), entry)
    }
  }
  const stacks = sources.flatMap(listStacks)
  for (const stack of stacks) {
    for (const phrase of stack.not) add(phrase, undefined, true)
    for (const phrase of stack.words) add(phrase, stack, true)
    for (const phrase of stack.unsure) add(phrase, stack, false)
  }
  for (const stack of stacks) {
    if (stack.is !== 'thing') continue
    for (const phrase of stack.words) if (/[a-z]{2}$/i.test(phrase)) add(`${phrase}s`, stack, true)
  }
  for (const list of entries.values()) list.sort((a, b) => b.parts.length - a.parts.length)
  const partsByLetter = new Map<string, string[]>()
  for (const [first, list] of entries) {
    if (first.length >= 6 && list.some(({ parts }) => parts.length > 1)) push(partsByLetter, first.charAt(0), first)
  }
  const all = (key: 'beside' | 'technical') => new Set(sources.flatMap((source) => source[key]))
  return { entries, misspelt, partsByLetter, beginnings, stacks, beside: all('beside'), technical: all('technical') }
}

/** The phrases in a text, the longest where several begin at one word; they never overlap. */
export function findPhrases(lexicon: Lexicon, words: readonly Word[]): Found[] {
  const found: Found[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word === undefined) continue
    const entry =
      lexicon.entries.get(word.text)?.find((one) => fits(one, words, at)) ??
      compound(lexicon, word.text) ??
      meantPhrase(lexicon, words, at) ??
      meant(lexicon, word.text)
    if (entry === undefined) continue
    const length = entry.parts.length
    if (entry.stack !== undefined) found.push({ stack: entry.stack, at, length, sure: entry.sure })
    at += length - 1
  }
  return found
}

/** A word that begins as a compound of rules.yaml does. */
function compound(lexicon: Lexicon, word: string): Entry | undefined {
  return lexicon.beginnings.get(word.charAt(0))?.find(({ parts }) => parts.every((part) => word.startsWith(part)))
}

/** `react to` is no stack, but `React to-do list` is: what is overlooked must not end inside a hyphenated word. */
function fits(entry: Entry, words: readonly Word[], at: number): boolean {
  if (!isAt(entry.parts, words, at)) return false
  return entry.stack !== undefined || words[at + entry.parts.length - 1]?.tied !== true
}

/** The phrase of several words that is meant where one of them has a slip of the pen: `comand line tool`. */
function meantPhrase(lexicon: Lexicon, words: readonly Word[], at: number): Entry | undefined {
  const first = words[at]?.text ?? ''
  if (first.length < 3) return undefined
  const starts = lexicon.entries.has(first) ? [first] : (lexicon.partsByLetter.get(first.charAt(0)) ?? [])
  for (const start of starts) {
    if (start !== first && !isSlip(first, start)) continue
    const entry = lexicon.entries
      .get(start)
      ?.find(({ parts, stack }) => parts.length > 1 && stack !== undefined && isNearly(parts, words, at))
    if (entry !== undefined) return entry
  }
  return undefined
}

function isNearly(parts: readonly string[], words: readonly Word[], at: number): boolean {
  const clause = words[at]?.clause
  let slips = 0
  return parts.every((part, offset) => {
    const word = words[at + offset]
    if (word?.clause !== clause) return false
    return word?.text === part || (isSlip(word?.text ?? '', part) && ++slips === 1)
  })
}

function isSlip(word: string, name: string): boolean {
  if (name.length < 6 || word.length < 5 || word === `${name}s` || name === `${word}s`) return false
  return isExchanged(word, name) || isOneOff(word, name)
}

/** The name of which a word is a slip of the pen: one character too many, too few or wrong, or two exchanged. */
function meant(lexicon: Lexicon, word: string): Entry | undefined {
  if (word.length < 4 || word.length > 20 || !/^[a-z]+$/.test(word)) return undefined
  // `pythons` and `reacts` are words of their own.
  if (word.endsWith('s') && lexicon.entries.has(word.slice(0, -1))) return undefined
  return lexicon.misspelt.get(word.charAt(0))?.find((entry) => {
    const name = entry.parts[0] ?? ''
    if (Math.abs(name.length - word.length) > 1) return false
    // Many words differ in a letter from a name that is an everyday word itself.
    return isExchanged(word, name) || (entry.sure && name.length >= 6 && isOneOff(word, name))
  })
}

/** Slips are forgiven in the names that lead to a template: the others would only add mistakes. */
function isForgiven(stack: Stack | undefined): boolean {
  if (stack === undefined || stack.is === 'thing') return false
  return stack.template !== undefined || (stack.is === 'language' && stack.templates.length > 0)
}

/** Whether two neighbouring letters are exchanged, and all else is the same. */
function isExchanged(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  return at + 1 < a.length && a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2)
}

function isOneOff(a: string, b: string): boolean {
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  return Math.max(a.length, b.length) - start - end <= 1
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else list.push(value)
}
