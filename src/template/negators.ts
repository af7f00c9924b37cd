/** In words. */
export type Phrase = readonly string[]

/** Words that take back what follows them in the same clause. */
export interface Negator {
  readonly phrases: readonly Phrase[]
  /** What ends the reach, unless it follows at once (`without using React`). */
  readonly stops: ReadonlySet<string>
  /** How many words it reaches at most. */
  readonly reach: number
  /** Kinds of things that stay what they are: a service that is rewritten is one again. */
  readonly keeps?: ReadonlySet<string>
}

const list = (lines: string): readonly Phrase[] => lines.split(',').map((phrase) => phrase.trim().split(' '))
const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

export const negators: readonly Negator[] = [
  {
    phrases: list(
      'not, never, nor, neither, avoid, avoiding, dont, doesnt, isnt, wont, cannot, cant, shouldnt, mustnt, no longer, ' +
        '不 要, 不 用, 不 想 用, 别 用, 不 使 用, nicht, nie, pas, jamais, nunca, mai, niet, nooit',
    ),
    stops: set('but just sondern sino mais → so 用'),
    reach: 7,
  },
  {
    phrases: list(
      'no, non, without, minus, except, unlike, instead of, rather than, other than, anything but, alternative to, away from, ' +
        'migrate off, migrating off, migration off, move off, moving off, get off, getting off, rid of, drop, dropping, ditch, ' +
        'ditching, leaving, leave, remove, removing, retire, retiring, outgrown, abandon, abandoning, sick of, tired of, were done with, are done with, am done with, im done with, fed up with, ' +
        'preferred over, ahead of, sin, sans, pas de, ohne, statt, anstatt, anstelle von, kein, keine, keinen, weg von, ' +
        'en lugar de, considered, considering, evaluated, looked at, tried, discussed, originally, was meant to be, thought of, thought about, had planned, at first, enough of, giving up on, give up on, gave up on, en vez de, au lieu de, plutôt que, em vez de, sem, senza, invece di, al posto di, zonder, geen, in plaats van, без, не, вместо',
    ),
    stops: set('but in with to into on for use uses using we want it should must → usando con avec mit'),
    reach: 5,
  },
  {
    phrases: list(
      'replace, replaces, replacing, convert, converting, translate, translating, move from, moving from, move the, move our, moving our, ' +
        'moving the, switch from, switching from, change from, coming from, transition from, successor of, successor to, successor for, ' +
        'replacement for, replacement of, ersetzen, ersetze, vervang, vervangen',
    ),
    stops: set('to in into onto with by using on nach auf durch → avec mit zu door'),
    reach: 7,
  },
  {
    phrases: list(
      'rewrite, rewriting, rewrite of, redo, redoing, migrate, migrates, migrating, migration of, migration from, port, porting, port of, ' +
        'migration von, umstieg von, migrieren',
    ),
    stops: set('to in into onto with by as using on nach auf durch → mit zu'),
    reach: 7,
    keeps: set('service server api backend tool cli command utility library package module script'),
  },
  {
    phrases: list('reemplazar, sustituir, substituir, migrar, migrer, remplacer, sostituire, migrare, zastąpić'),
    stops: set('a à in por par con com avec vers para → na'),
    reach: 7,
  },
  { phrases: list('used to be, was once, has been, wurde bisher'), stops: set('but now and'), reach: 5 },
  {
    phrases: list(
      'choose between, choosing between, decide between, deciding between, choice between, decision between, torn between, ' +
        'undecided between, toss-up between',
    ),
    stops: set('but so'),
    reach: 7,
  },
  // `Zero JavaScript`, but not all of `zero-dependency TypeScript`.
  {
    phrases: list('zero, hardly any, barely any, very little, as little, zero client side'),
    stops: set('but'),
    reach: 1,
  },
  { phrases: list('legacy, old, former, formerly, deprecated, existing'), stops: set('to with'), reach: 1 },
]

/** What is said of the words just before it: `React is not wanted`. */
export const afterthoughts = list(
  'is not, isnt, was not, is no, is out, is banned, is forbidden, not allowed, is overkill, is ruled out, was rejected, is rejected, is not an option, is dead, was proposed, is too, was rejected, で は な く, は 使 わ',
)

/** What is complained of was named before it, in the same clause, and is to be got rid of. */
export const complaints = list(
  'goes to the bin, goes in the bin, has to go, is history, is gone, had its day, but id rather, but wed rather, but i prefer, but we prefer, ' +
    'gave us, too many, confuses, confuse, is dead, annoys, frustrates, is slow, is painful, makes no sense, wears us out, a mistake, a nightmare, a security nightmare, nightmare, a disaster, a pain, too slow, too heavy, too big, too much, too expensive, too complex, cant keep up, cannot keep up, ' +
    'unmaintained, end of life, overkill, became unreadable, unreadable, takes hours, takes minutes, take forever, takes forever, got us far, has grown, hell, of no use, ' +
    'is deprecated, is being retired, gets retired, is being replaced, get replaced, gets replaced, is replaced, are replaced, being phased out, is falling apart, nobody maintains, keeps crashing, does not scale, doesnt scale',
)

/** A clause with one of these speaks of something that stands elsewhere already. */
export const given = list(
  'reads from it, reads it, calls it, feeds it, feed it, uses it, consumes it, talks to it, queries it, writes to it, connects to it, polls it, ' +
    'later there, may be, might be, maybe later, in the future, eventually, some day, at some point, later on, already exists, already exist, already have, already has, already there, already runs, already running, already done, already built, exists, exist already, both exist, all exist, ' +
    'not touched, stays as, stay as, stays untouched, is finished, is ready, other services, other projects, the others are, ' +
    'not part of this, out of scope, existiert bereits, gibt es schon, ya existe, existe déjà, já existe',
)

/** So does what these are said of: who else sees to it, or where it is. */
export const elsewhere = list(
  'elsewhere, somewhere else, everyone else, everybody else, others use, another team, other team, platform team, other teams own, maintained by, owned by, is done by, are done by, ' +
    'done by an, made by another, somebody else, someone else, an agency, our agency, other repositories, another repository, ' +
    'other repository, other repo, another repo',
)
