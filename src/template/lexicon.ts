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
  const known = new Set<string>()
  const add = (phrase: string, stack: Stack | undefined, sure: boolean) => {
    const parts = wordsOf(phrase).map((word) => word.text)
    const [first] = parts
    const key = parts.join(' ')
    if (first === undefined || known.has(key)) return
    known.add(key)
    const entry = { parts, stack, sure }
    push(entries, first, entry)
    if (stack !== undefined && isForgiven(stack) && parts.length === 1 && /^[a-z]{5,}$/.test(first)) {
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
  const all = (key: 'beside' | 'technical') => new Set(sources.flatMap((source) => source[key]))
  return { entries, misspelt, stacks, beside: all('beside'), technical: all('technical') }
}

/** The phrases in a text, the longest where several begin at one word; they never overlap. */
export function findPhrases(lexicon: Lexicon, words: readonly Word[]): Found[] {
  const found: Found[] = []
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (word === undefined) continue
    const entry = lexicon.entries.get(word.text)?.find((one) => fits(one, words, at)) ?? meant(lexicon, word.text)
    if (entry === undefined) continue
    const length = entry.parts.length
    if (entry.stack !== undefined) found.push({ stack: entry.stack, at, length, sure: entry.sure })
    at += length - 1
  }
  return found
}

/** `react to` is no stack, but `React to-do list` is: what is overlooked must not end inside a hyphenated word. */
function fits(entry: Entry, words: readonly Word[], at: number): boolean {
  if (!isAt(entry.parts, words, at)) return false
  return entry.stack !== undefined || words[at + entry.parts.length - 1]?.tied !== true
}

/** The name of which a word is a slip of the pen: one character too many, too few or wrong, or two exchanged. */
function meant(lexicon: Lexicon, word: string): Entry | undefined {
  if (word.length < 5 || word.length > 20 || !/^[a-z]+$/.test(word)) return undefined
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
