import { findPhrases, type Found, type Lexicon } from './lexicon.js'
import type { Stack } from './stacks.js'
import { clauseStart, type Word } from './words.js'

/** A stack that a text speaks of. */
export interface Mention {
  readonly stack: Stack
  /** The words that say it, folded. */
  readonly words: string
  readonly at: number
  readonly length: number
  readonly role: Role
}

/**
 * 3: the text says that it is to be used (`in Go`, `use Koa`, `Stack: Vue`); 2: it stands where what is asked for stands (`Koa server
 * for …`, `built with Koa`); 1: neither is said; 0: it stands beside what is asked for (`for our Koa server`).
 */
export type Role = 0 | 1 | 2 | 3

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

/** Between what leads to a stack and its name: `in plain Go`, `be a small Koa server`. */
const fillers = set(
  'a an the one some plain pure simple small tiny little minimal modern classic proper real new fresh fast typed vanilla ' +
    'ein eine einer einem einen un una une el la le uno een',
)
/** What comes before the name of that which is to be used or made. */
const leads = set(
  'in with using use uses chose choose chosen pick picked via on onto to into by as be build built make made making create write written develop set up setup ' +
    'scaffold start want need like prefer take → mit en con avec com met auf als mittels usando is',
)
/** What comes before the name of a tool, also behind `that` and `which`. */
const strongLeads = set('in use choose chose as be become becomes → 用')
/** From here on a clause tells of what stands beside: whom it is for, what it reads, what it is like. */
const openers = set(
  'that which who whose where because since though although for from between behind against like about calls reads consumes ' +
    'wraps wrapping wrapper talks talking consuming calling around über für von que qui para pour der die das',
)
/** Before `in`, behind `that`: what is done in a language, not where something is looked for. */
const doneIn = set('written built made done implemented programmed coded developed be is it this everything')
/** Before `in`: where it is put, not what it is made in. */
const placed = set(
  'deployed hosted embedded embed run runs running shown served used mounted wrapped lives sits displayed included',
)
/** Before `with`: what stands beside. */
const companions = set(
  'works work working integrates integrate compatible talks talk talking deals deal together along plays interacts connects connect syncs',
)
/** Before `is`: what comes then is what is asked for. */
const wanted = set(
  'missing need needed needs want wanted required lacking left task job part repo repository project this here now todo stack framework language technology choice fehlt falta manque',
)
/** Behind a name: `…, which is this project`. */
const isThis = /^(?:which is|that is|and is|is|thats) (?:this|what (?:we|i|this|is))\b/
const owners = set(
  'our their my your his her existing current other all many unser unsere unserer nuestro nuestra notre nos',
)
const makers = set('build make write create set have use develop start get be')
/** Before `by`: who does it stands beside, unless it takes the place of another. */
const isDone =
  /^(?!replaced|superseded|substituted|followed|driven|backed|powered)(?:\w+ed|written|given|run|read|built|sent|fed|made)$/
/** Behind `and`: another thing to do, no more of what stands beside. */
const tasks = set('analyse analyze build create do draw explore make plot present put render rewrite show turn write')
/** Behind what is asked for: what it is for. */
const isFor = /^(?:for|on|about|für|sur|sobre|su|over)$/
const pronouns = set('to can could will would should shall must may might they we you i people users who cannot')
const units = set('weeks week days day hours hour minutes min months month years year km people steps times pages')
const particles = set(
  'to through into on when if within ahead live back home out over off and the a an our their any how what',
)

/** What a text speaks of; what is taken back or only sounds like a stack is left out. */
export function findMentions(lexicon: Lexicon, words: readonly Word[], taken: ReadonlySet<number>): Mention[] {
  const found = findPhrases(lexicon, words)
  const sureAt = new Set(
    found
      .filter((one) => one.sure)
      .flatMap((one) => Array.from({ length: one.length }, (_, offset) => one.at + offset)),
  )
  const isTechnical =
    sureAt.size > 0 ||
    words.some((word) => lexicon.technical.has(word.text)) ||
    // `No React, please.`
    found.some((one) => words[one.at]?.name === true && isTaken(one, taken))
  const surroundings = { sureAt, isTechnical, lexicon }
  const mentions: Mention[] = []
  for (const one of found) {
    const role = roleOf(one, words, mentions.at(-1))
    const asked = one.stack.is === 'thing' && role >= 2 ? 1 : 0
    if (!one.sure && evidence(one, words, surroundings) + asked < 2) continue
    if (isTaken(one, taken)) continue
    mentions.push({ ...one, role, words: textOf(words.slice(one.at, one.at + one.length)) })
  }
  return mentions
}

const textOf = (words: readonly Word[]): string => words.map((word) => word.text).join(' ')

/** `We have a Rails monolith and a React app`: what is there, unless something is wanted of it. */
function isHad(words: readonly Word[], start: number): boolean {
  const clause = words.filter((word) => word.clause === words[start]?.clause).map(({ text }) => text)
  return (
    /^(?:we|i) (?:have|run|own|maintain|operate) (?!to|decided|chosen|settled|agreed|opted|picked|voted|gone)/.test(
      clause.join(' '),
    ) && !clause.some((text) => /^(?:needs?|want|to|should|must|like)$/.test(text))
  )
}

function isTaken(found: Found, taken: ReadonlySet<number>): boolean {
  for (let at = found.at; at < found.at + found.length; at++) if (taken.has(at)) return true
  return false
}

/** What the whole text tells of an unsure word. */
interface Surroundings {
  /** Where words stand that are beyond doubt. */
  readonly sureAt: ReadonlySet<number>
  /** Whether the text is about software. */
  readonly isTechnical: boolean
  readonly lexicon: Lexicon
}

/** Points for an unsure word's being the name of a stack; two are enough. */
function evidence(found: Found, words: readonly Word[], { sureAt, isTechnical, lexicon }: Surroundings): number {
  const { at, length } = found
  const word = words[at]
  const clause = word?.clause
  const before = words[at - 1]?.clause === clause ? words[at - 1] : undefined
  const after = words[at + length]?.clause === clause ? words[at + length] : undefined
  const isTool = (one: Word | undefined) => one !== undefined && lexicon.beside.has(one.text)
  let points = 0
  if (isTool(after)) points += 2
  // `Koa rather than Express`
  if (word?.capital === true && /^(?:rather|instead)$/.test(after?.text ?? '')) points += 2
  if (sureAt.has(at - 1) || sureAt.has(at + length)) points += 2
  if (after?.text === '→' || before?.text === '→') points += 2
  if (after !== undefined && /^v?\d+$/.test(after.text) && !units.has(words[at + length + 1]?.text ?? '')) points += 1
  if (word?.name === true) {
    // Among capitals it may be part of another name: Nest Hotel, American Express.
    const inName = [before, after].some((one) => one?.name === true && !isTool(one) && one.text.length > 1)
    points += inName && !sureAt.has(at - 1) && !sureAt.has(at + length) ? 0 : 2
  }
  const lead = before !== undefined && strongLeads.has(before.text)
  if (lead || before?.text === 'with') points += 1
  if (lead && (after === undefined || after.text === 'with')) points += 1
  if (/^(?:written|built|made|build)$/.test(words[at - 2]?.text ?? '') && lead) points += 1
  if (after === undefined && (before === undefined || at === 0)) points += 1
  // `Nest with Prisma`, `Flask and SQLite`, at the beginning of a sentence.
  const joined = after !== undefined && /^(?:with|and|plus|mit|und|y|et)$/.test(after.text)
  const begins = word?.capital === true && !word.name
  if (at === 0 && word?.capital === false) points += 1
  if (begins && ((joined && words[at + length + 1]?.name === true) || isFor.test(after?.text ?? ''))) points += 1
  // A Latin word amid Chinese or Japanese is a name.
  if ([before, after].some((one) => /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]$/u.test(one?.text ?? ''))) points += 2
  if (isTechnical) points += 1
  if (word?.capital === false) {
    if (before !== undefined && pronouns.has(before.text)) points -= 3
    if (after !== undefined && particles.has(after.text) && words[at + length - 1]?.tied !== true) points -= 2
  }
  return points
}

function roleOf(found: Found, words: readonly Word[], previous: Mention | undefined): Role {
  const clause = words[found.at]?.clause
  const end = found.at + found.length
  if (isThis.test(textOf(words.slice(end, end + 4).filter((one) => one.sentence === words[end - 1]?.sentence))))
    return 3
  let before = found.at - 1
  const wordAt = (at: number) => (words[at]?.clause === clause ? (words[at]?.text ?? '') : '')
  const isFiller = () => fillers.has(wordAt(before)) || /^\d+$/.test(wordAt(before))
  while (isFiller()) before--
  if (previous?.role === 0 && isListed(previous, before, words)) return 0
  if (previous !== undefined && joins(previous, before, words, clause)) return previous.role
  const opened = isOpened(words, found.at, clause)
  const lead = wordAt(before)
  // `deployed in an Express container`
  if (lead === 'in' && placed.has(wordAt(before - 1))) return 0
  // `gives agents access to it through an MCP server`
  if (/^(?:through|via)$/.test(lead) && /^an?$/.test(wordAt(before + 1))) return 3
  if (isHad(words, clauseStart(words, found.at))) return 0
  if (opened) {
    // `that lints code in Python projects`, but `which is written in Python`
    if (lead === 'in' && !doneIn.has(wordAt(before - 1))) {
      // `Screens for the warehouse in Vue.`
      const ends = words[end]?.clause !== clause || /^(?:with|and|mit|und)$/.test(words[end]?.text ?? '')
      return ends && !words.slice(clauseStart(words, found.at), found.at).some(isRelative) ? 1 : 0
    }
    if (strongLeads.has(lead)) return 3
    if (/^(?:using|uses)$/.test(lead)) return 2
    return /^(?:with|on|mit|con|avec)$/.test(lead) && !companions.has(wordAt(before - 1)) ? 1 : 0
  }
  if (companions.has(wordAt(before - 1)) && !strongLeads.has(lead)) return 0
  // `Stack: Vue`, but in `Monorepo: a Vue site, …` the list says what it holds.
  const held = previous?.stack.is === 'thing' && previous.stack.leads && previous.at + previous.length - 1 === before
  if (strongLeads.has(lead) || (words[before + 1]?.colon === true && !held && wordAt(before + 1) !== 'the')) return 3
  if (/^(?:is|ist|es|est)$/.test(lead)) return wanted.has(wordAt(before - 1)) ? 3 : 1
  if (lead === 'of' && !/^(?:kind|sort|version|use|set|bunch)$/.test(wordAt(before - 1))) return 0
  if (owners.has(lead)) return lead === 'our' && wordAt(before + 1) === 'new' ? 2 : 0
  if (leads.has(lead)) return 2
  // At the beginning of the text; what is spoken of as `the` one is known already.
  const definite = words.slice(before + 1, found.at).some((word) => word.text === 'the')
  if (before < 2 && !definite && !words.slice(0, found.at).some((word) => owners.has(word.text))) return 2
  return 1
}

/** `React and Vue projects`, `TypeScript, React`: what is joined to another mention shares its role. */
function joins(previous: Mention, before: number, words: readonly Word[], clause: number | undefined): boolean {
  const end = previous.at + previous.length - 1
  if (end === before) return words[end]?.clause === clause
  const joint = words[before]?.text ?? ''
  return (
    end >= before - 1 &&
    /^(?:and|or|und|y|et|e|plus|both)$/.test(joint) &&
    words[end]?.sentence === words[before]?.sentence
  )
}

/** `our Go, Python and Node services`: the comma ends a clause, but not the list. */
function isListed(previous: Mention, before: number, words: readonly Word[]): boolean {
  const end = previous.at + previous.length - 1
  // `for our Flutter app and our React admin, Nest`: behind the `and` the list is at its end.
  const clause = words[previous.at]?.clause
  const isClosed = words
    .slice(Math.max(0, previous.at - 3), previous.at)
    .some((one) => one.text === 'and' && one.clause === clause)
  return (
    !isClosed &&
    end === before &&
    words[end]?.sentence === words[before + 1]?.sentence &&
    words[before + 1]?.colon !== true
  )
}

/** Whether the clause has turned to something else before this word. */
function isOpened(words: readonly Word[], at: number, clause: number | undefined): boolean {
  for (let index = at - 1; index >= 0 && words[index]?.clause === clause; index--) {
    const text = words[index]?.text ?? ''
    if (openers.has(text) && !isAsked(words, index)) return true
    if (text === 'by' && isDone.test(words[index - 1]?.text ?? '')) return true
    const verb = words[index + 1]?.text ?? ''
    if (text === 'and' && tasks.has(verb) && !words.slice(clauseStart(words, at), index).some(isRelative)) return false
    if (text === 'to' && index + 1 < at && !makers.has(verb) && !fillers.has(verb)) return true
  }
  return false
}

function isRelative({ text }: Word): boolean {
  return /^(?:that|which|who|whose|where)$/.test(text)
}

/** `kind of`, `start from`, `behind one gateway` say nothing of what stands beside. */
function isAsked(words: readonly Word[], index: number): boolean {
  const text = words[index]?.text ?? ''
  if (text === 'behind') return /^(?:a|an|one)$/.test(words[index + 1]?.text ?? '')
  const before = words[index - 1]?.text ?? ''
  // `Do that in Koa.`
  if (text === 'that') return /^(?:in|with|using)$/.test(words[index + 1]?.text ?? '')
  if (text === 'like') return /^(?:id|wed|would|i|we|theyd|shed|hed|youd)$/.test(before)
  if (text === 'for') return /^(?:go|went|opt|opted|vote|voted|ask|asked|settle|settled)$/.test(before)
  return text === 'from' && before === 'start'
}
