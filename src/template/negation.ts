import { afterthoughts, complaints, elsewhere, given, negators, type Negator, type Phrase } from './negators.js'
import { clauseStart, placesOf, type Word } from './words.js'

/**
 * The indexes of words that are spoken of but not asked for: negated, migrated away from, complained of, or standing
 * elsewhere. A small table of patterns, made to err on the side of doubt.
 */
export function takenBack(words: readonly Word[]): Set<number> {
  const taken = new Set<number>()
  for (const negator of negators) {
    for (const phrase of negator.phrases) {
      for (const at of placesOf(phrase, words)) {
        if (phrase[0] === 'not' && /^(?:only|just|necessarily)$/.test(words[at + 1]?.text ?? '')) continue
        // `as discussed`
        if (words[at - 1]?.text === 'as' && words[at - 1]?.clause === words[at]?.clause) continue
        takeForward(words, at + phrase.length, negator, taken)
      }
    }
  }
  for (const at of placesOfAny(afterthoughts, words)) takeBackward(words, at, 2, taken)
  for (const at of placesOfAny(complaints, words)) takeBackward(words, at, Infinity, taken)
  for (const at of placesOfAny(given, words)) takeGiven(words, at, taken)
  for (const at of placesOfAny(elsewhere, words)) takeWhatIsElsewhere(words, at, taken)
  takeState(words, taken)
  takeMigration(words, taken)
  return taken
}

function placesOfAny(phrases: readonly Phrase[], words: readonly Word[]): number[] {
  return phrases.flatMap((phrase) => placesOf(phrase, words))
}

function takeForward(words: readonly Word[], from: number, negator: Negator, taken: Set<number>): void {
  for (let index = from; index < from + negator.reach; index++) {
    const word = words[index]
    if (word === undefined) return
    if (word.clause !== words[index - 1]?.clause && !goesOn(words, index)) return
    const follows = index === from && /^(?:use|using)$/.test(word.text)
    if (negator.stops.has(word.text) && !follows) return
    if (negator.keeps?.has(word.text) !== true) taken.add(index)
  }
}

/** `no React, Vue or Angular`: the list goes on behind the comma, as far as an `or` shows. */
function goesOn(words: readonly Word[], index: number): boolean {
  const { sentence } = words[index] ?? {}
  if (sentence !== words[index - 1]?.sentence) return false
  return words
    .slice(index, index + 4)
    .some((word, offset) => /^(?:or|nor|oder|ou|o|noch)$/.test(word.text) && word.sentence === sentence && offset > 0)
}

function takeBackward(words: readonly Word[], at: number, reach: number, taken: Set<number>): void {
  const clause = words[at]?.clause
  for (let index = at - 1; index >= at - reach && words[index]?.clause === clause; index--) taken.add(index)
}

function takeClause(words: readonly Word[], at: number, taken: Set<number>): void {
  const clause = words[at]?.clause
  words.forEach((word, index) => {
    if (word.clause === clause) taken.add(index)
  })
}

/** `The client is React and the admin Django, both exist`: what is summed up stands before it in the sentence. */
function takeGiven(words: readonly Word[], at: number, taken: Set<number>): void {
  if (/^(?:that|which)$/.test(words[at - 1]?.text ?? '')) {
    takeWhatIsElsewhere(words, at, taken)
    return
  }
  takeClause(words, at, taken)
  const start = clauseStart(words, at)
  if (!/^(?:both|all|these|those|they)$/.test(words[start]?.text ?? '')) return
  for (let index = start - 1; words[index]?.sentence === words[at]?.sentence; index--) taken.add(index)
}

/** `Nest backend for the Angular app that the other team builds`: the clause begins with what is asked for. */
function takeWhatIsElsewhere(words: readonly Word[], at: number, taken: Set<number>): void {
  const start = clauseStart(words, at)
  const first = words[start]?.text ?? ''
  const isKnown = /^(?:the|our|their|its|both|all|these|it|that|which|existing|there)$/.test(first)
  let from = start + 1
  while (
    from < at &&
    !/^(?:for|that|which|behind|between|from|against|to|on|with|talking|calling|reading|consuming|beside)$/.test(
      words[from]?.text ?? '',
    )
  )
    from++
  if (isKnown || from >= at) takeClause(words, at, taken)
  else for (let index = from; words[index]?.clause === words[at]?.clause; index++) taken.add(index)
}

/** `Our service is written in Go`, `There is a React shop already`: what is so today, and nothing of what is to be. */
function takeState(words: readonly Word[], taken: Set<number>): void {
  for (const [index, word] of words.entries()) {
    if (index > 0 && words[index - 1]?.clause === word.clause) continue
    let end = index
    while (words[end]?.clause === word.clause) end++
    const clause = words.slice(index, end).map((one) => one.text)
    const has = (pattern: RegExp) => clause.some((text) => pattern.test(text))
    const isOurs = /^(?:our|the|my|their|current|currently|today|existing|unser|unsere|nuestro|nuestra|notre)$/.test(
      word.text,
    )
    const ours = () => has(/^(?:our|existing|current|currently|today|other|rest|unser|unsere|nuestro|nuestra|notre)$/)
    const stated = () => has(/^(?:is|are|was|were|runs|run|uses|written|built|ist|sind|es|está|est)$/)
    const wished = () =>
      has(
        /^(?:new|should|must|shall|will|would|needs|need|want|be|missing|please|next|stack|job|task|part|prefer|favourite|soll|muss|debe|doit|replace|rewrite|gets|get)$/,
      )
    const today = has(/^(?:today|currently|presently)$/) && stated() && !wished()
    const already = has(/^already$/) && has(/^(?:there|have|has|exists|live|running|made|done)$/)
    const isThere = word.text === 'there' && (clause[1] === 'a' || clause[1] === 'an' || stated())
    if ((((isOurs && ours()) || isThere) && (isThere || stated()) && !wished()) || today || already)
      takeClause(words, index, taken)
  }
}

/** `Express → Fastify`, `Gatsby to Astro migration`: what stands on the left is left behind. */
function takeMigration(words: readonly Word[], taken: Set<number>): void {
  const arrows = words.flatMap((word, index) => (word.text === '→' ? [index] : []))
  const [arrow] = arrows
  if (arrow !== undefined && arrows.length === 1) takeBackward(words, arrow, 4, taken)
  for (const at of words.keys()) {
    if (isRefusal(words, at)) takeSentence(words, at - 1, taken)
    if (words[at]?.text === 'from') takeFrom(words, at, taken)
    if (words[at]?.text !== 'to') continue
    const ahead = words.slice(at + 1, at + 5).filter((word) => word.clause === words[at]?.clause)
    if (ahead.some((word) => /^(?:migration|rewrite|port|conversion|switch|transition)$/.test(word.text))) {
      takeBackward(words, at, 3, taken)
    }
  }
}

/** `From Nuxt to SvelteKit`. */
function takeFrom(words: readonly Word[], from: number, taken: Set<number>): void {
  const to = words.findIndex((word, index) => index > from + 1 && /^(?:to|over|towards)$/.test(word.text))
  if (to < 0 || to > from + 5 || words[to]?.clause !== words[from]?.clause) return
  for (let index = from + 1; index < to; index++) taken.add(index)
}

/** `FastAPI? No.` */
function isRefusal(words: readonly Word[], at: number): boolean {
  const word = words[at]
  const alone = words[at - 1]?.sentence !== word?.sentence && words[at + 1]?.sentence !== word?.sentence
  return at > 0 && alone && /^(?:no|nope|nein|non)$/.test(word?.text ?? '')
}

function takeSentence(words: readonly Word[], at: number, taken: Set<number>): void {
  words.forEach((word, index) => {
    if (word.sentence === words[at]?.sentence) taken.add(index)
  })
}
