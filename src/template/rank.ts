import MiniSearch, { type SearchResult } from 'minisearch'
import type { Catalogue, Template } from './catalogue.js'
import type { Word } from './words.js'

/** A template that a text's words lead to. */
export interface Ranked {
  readonly id: string
  readonly score: number
  /** The words of the text that are among the template's names and keywords; a phrase is one. */
  readonly words: readonly string[]
  /** How much these are worth: 1 each, a phrase 2. */
  readonly weight: number
}

interface Entry {
  readonly id: number
  readonly template: string
  readonly names: string
  readonly keywords: readonly string[]
  readonly description: string
  readonly text: string
}

interface Index {
  readonly search: MiniSearch<Entry>
  readonly templates: readonly string[]
  /** In how many templates a word occurs. */
  readonly frequency: ReadonlyMap<string, number>
}

/** Of a catalogue, or of those of its templates that are in a set. */
const indexes = new WeakMap<Catalogue | ReadonlySet<string>, Promise<Index>>()

/** Entries that are added at once, before other work has its turn. */
const chunkSize = 20
/** A word of more templates than this part of them tells them apart no longer. */
const common = { part: 0.05, least: 8 }
const maxTextLength = 4000
const maxTerms = 200

/**
 * Templates by the words of a text (MiniSearch, BM25+), best first. The index is made at the first call for a catalogue,
 * a little at a time.
 */
export async function rank(
  catalogue: Catalogue,
  words: readonly Word[],
  taken: ReadonlySet<number>,
  allowed?: ReadonlySet<string>,
  /** Words that tell nothing. */
  except?: ReadonlySet<string>,
  /** How common a word is tell these alone, whatever else the catalogue has. The same set each time: it has an index of its own. */
  within?: ReadonlySet<string>,
): Promise<Ranked[]> {
  const index = await indexOf(catalogue, within)
  const most = Math.max(common.least, index.templates.length * common.part)
  const terms = termsOf(words, taken, except).filter((term) => {
    const count = index.frequency.get(term)
    return count !== undefined && count <= most
  })
  if (terms.length === 0) return []
  const found = index.search.search(terms.slice(0, maxTerms).join('\n'), {
    tokenize: (text) => text.split('\n'),
    processTerm: (term) => term,
    boost: { names: 3, keywords: 3, description: 1, text: 0.3 },
    bm25: { k: 1.2, b: 0.2, d: 0.5 },
    filter: ({ id }) => allowed === undefined || allowed.has(index.templates[Number(id)] ?? ''),
  })
  return found.slice(0, 4).map((result) => rankedOf(result, index))
}

function rankedOf(result: SearchResult, index: Index): Ranked {
  const strong = Object.entries(result.match)
    .filter(([, fields]) => fields.some((field) => field === 'names' || field === 'keywords'))
    .map(([term]) => term)
  // A word within a phrase that was found is no second find.
  const own = strong.filter((term) => !strong.some((other) => other !== term && ` ${other} `.includes(` ${term} `)))
  const weight = own.reduce((sum, term) => sum + (term.includes(' ') ? 2 : 1), 0)
  return { id: index.templates[Number(result.id)] ?? '', score: result.score, words: own, weight }
}

function indexOf(catalogue: Catalogue, within?: ReadonlySet<string>): Promise<Index> {
  const key = within ?? catalogue
  const known = indexes.get(key)
  if (known !== undefined) return known
  const all = [...catalogue.templates.values()]
  const made = makeIndex(within === undefined ? all : all.filter(({ id }) => within.has(id)))
  indexes.set(key, made)
  return made
}

async function makeIndex(templates: readonly Template[]): Promise<Index> {
  const frequency = new Map<string, number>()
  const search = new MiniSearch<Entry>({
    fields: ['names', 'keywords', 'description', 'text'],
    tokenize: (text) => text.split('\n'),
    processTerm: (term) => term || null,
    // An array's values become one text with commas otherwise.
    stringifyField: (value) => (Array.isArray(value) ? value.join('\n') : String(value)),
  })
  for (let from = 0; from < templates.length; from += chunkSize) {
    const entries = templates.slice(from, from + chunkSize).map((template, offset) => entryOf(template, from + offset))
    for (const entry of entries) count(entry, frequency)
    await search.addAllAsync(entries, { chunkSize })
  }
  return { search, templates: templates.map(({ id }) => id), frequency }
}

function count(entry: Entry, frequency: Map<string, number>): void {
  const terms = new Set([entry.names, entry.description, entry.text].flatMap((text) => text.split('\n')))
  for (const keyword of entry.keywords) terms.add(keyword)
  for (const term of terms) frequency.set(term, (frequency.get(term) ?? 0) + 1)
}

function entryOf(template: Template, id: number): Entry {
  const names = [template.id, template.title ?? '', ...template.aliases].flatMap(stemsOf)
  return {
    id,
    template: template.id,
    names: [...new Set(names)].join('\n'),
    keywords: [...new Set(template.keywords.map((keyword) => stemsOf(keyword).join(' ')))],
    description: stemsOf(template.description ?? '').join('\n'),
    text: stemsOf(template.text.slice(0, maxTextLength)).join('\n'),
  }
}

/** The words of a name or a text of a template. */
function stemsOf(text: string): string[] {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+(?:\+\+|#)?/gu) ?? []
  return words.map(stem)
}

/** The text's words, and those that stand side by side in pairs and threes; what is taken back is none. */
function termsOf(words: readonly Word[], taken: ReadonlySet<number>, except?: ReadonlySet<string>): string[] {
  const terms = new Set<string>()
  words.forEach((word, at) => {
    if (taken.has(at)) return
    const stems = words
      .slice(at, at + 3)
      .filter((one) => one.clause === word.clause)
      .map((one) => stem(one.text))
    stems.forEach((one, length) => {
      if (length > 0 || !(stopWords.has(one) || except?.has(word.text) === true))
        terms.add(stems.slice(0, length + 1).join(' '))
    })
  })
  return [...terms]
}

/** Without the usual English endings, the same way for both sides. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`
  const single = word.length > 3 && /[^s]s$/.test(word) ? word.slice(0, -1) : word
  return single.length > 5 ? single.replace(/(?:ing|ed|e)$/, '') : single
}

const stopWords: ReadonlySet<string> = new Set(
  (
    'a an the and or but of for from with without in on at to by as is are was were be been it its this that these those we our us you ' +
    'your i my me he she they their them his her who which what when where how not no so than then there here if can could will would ' +
    'should must may might do does done have has had get got also only just very more most some any all each every one two three new old ' +
    'want need needs like please would make made use used using own about into out up down over after before between per via app file ' +
    'small simple little project work page site thing something somebody user people team time day week'
  ).split(' '),
)
