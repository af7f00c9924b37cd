import { placesOf, type Word } from './words.js'

/** Words that take back what follows them in the same clause. */
interface Negator {
  readonly phrases: readonly string[]
  /** What ends the reach, unless it follows at once (`without using React`). */
  readonly stops: ReadonlySet<string>
  /** How many words it reaches at most. */
  readonly reach: number
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

const negators: readonly Negator[] = [
  {
    phrases: [
      'not',
      'never',
      'nor',
      'neither',
      'avoid',
      'avoiding',
      'dont',
      'doesnt',
      'isnt',
      'wont',
      'cannot',
      'cant',
      'shouldnt',
      'mustnt',
      'no longer',
      'nicht',
      'nie',
    ],
    stops: set('but just sondern'),
    reach: 7,
  },
  {
    phrases: [
      'no',
      'non',
      'without',
      'minus',
      'except',
      'unlike',
      'instead of',
      'rather than',
      'other than',
      'anything but',
      'alternative to',
      'away from',
      'migrate off',
      'migrating off',
      'move off',
      'moving off',
      'get off',
      'rid of',
      'drop',
      'dropping',
      'ditch',
      'ditching',
      'leaving',
      'leave',
      'remove',
      'removing',
      'outgrown',
      'sin',
      'sans',
      'ohne',
      'statt',
      'anstatt',
      'kein',
      'keine',
      'keinen',
      'en lugar de',
      'en vez de',
      'au lieu de',
    ],
    stops: set('but in with to into on for use uses using we want it should must'),
    reach: 5,
  },
  {
    phrases: [
      'replace',
      'replaces',
      'replacing',
      'rewrite',
      'rewriting',
      'rewrite of',
      'convert',
      'converting',
      'translate',
      'migrate',
      'migrates',
      'migrating',
      'migration',
      'port',
      'porting',
      'move from',
      'moving from',
      'switch from',
      'switching from',
      'change from',
      'transition from',
      'successor of',
      'successor to',
      'replacement for',
      'replacement of',
    ],
    stops: set('to in into onto with by using on nach'),
    reach: 7,
  },
  { phrases: ['legacy', 'old', 'former', 'formerly', 'deprecated', 'existing'], stops: set('to with'), reach: 1 },
]

/** What is said of the words before it: `React is not wanted`. */
const afterthoughts = [
  'is not',
  'isnt',
  'was not',
  'is no',
  'is out',
  'is banned',
  'is forbidden',
  'not allowed',
  'is overkill',
]

/** A clause with one of these speaks of something that stands elsewhere already. */
const given = [
  'already exists',
  'already exist',
  'already have',
  'already has',
  'already there',
  'lives elsewhere',
  'another team',
  'other team',
  'maintained by',
  'somebody else',
  'someone else',
]

/**
 * The indexes of words that are spoken of but not asked for: negated, migrated away from, or standing elsewhere.
 * A small table of patterns, made to err on the side of doubt.
 */
export function takenBack(words: readonly Word[]): Set<number> {
  const taken = new Set<number>()
  for (const negator of negators) {
    for (const phrase of negator.phrases) {
      const length = phrase.split(' ').length
      for (const at of placesOf(phrase.split(' '), words)) {
        if (phrase === 'not' && /^(?:only|just)$/.test(words[at + 1]?.text ?? '')) continue
        takeForward(words, at, at + length, negator, taken)
      }
    }
  }
  for (const phrase of afterthoughts) {
    for (const at of placesOf(phrase.split(' '), words)) {
      for (const before of [at - 1, at - 2]) {
        if (words[before] !== undefined && words[before].clause === words[at]?.clause) taken.add(before)
      }
    }
  }
  for (const phrase of given) {
    for (const at of placesOf(phrase.split(' '), words)) {
      words.forEach((word, index) => {
        if (word.clause === words[at]?.clause) taken.add(index)
      })
    }
  }
  return taken
}

function takeForward(words: readonly Word[], at: number, from: number, negator: Negator, taken: Set<number>): void {
  for (let index = from; index < from + negator.reach; index++) {
    const word = words[index]
    if (word === undefined || word.clause !== words[at]?.clause) return
    const follows = index === from && /^(?:use|using)$/.test(word.text)
    if (negator.stops.has(word.text) && !follows) return
    taken.add(index)
  }
}
