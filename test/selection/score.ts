/** A text and the templates that are right for it. */
export interface Case {
  readonly id: string
  readonly kind: string
  readonly acceptable: readonly string[]
  readonly text: string
}

/** What was chosen for a case. */
export interface Answer {
  readonly case: Case
  readonly id: string
  readonly by: 'hint' | 'rule' | 'rank' | 'fallback'
  readonly words: readonly string[]
}

/** Kinds in which a wrong choice, made with confidence, is worse than the generic starter. */
const delicate: ReadonlySet<string> = new Set(['negative', 'homonym', 'offcatalogue'])

/**
 * Reads cases: tab-separated, with the columns id, kind, acceptable (ids, with commas) and text, in which `\n` is a new line.
 * @throws Error that names the line where one is no case
 */
export function parseCases(file: string): Case[] {
  const [heading, ...lines] = file.split('\n')
  if (heading?.trim() !== 'id\tkind\tacceptable\ttext') throw new Error('line 1 is not id, kind, acceptable, text')
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    const [id, kind, acceptable, text, ...more] = line.replace(/\r$/, '').split('\t')
    if (!id || !kind || !acceptable || text === undefined || more.length > 0) {
      throw new Error(`line ${(index + 2).toString()} does not have four columns`)
    }
    const ids = acceptable.split(',').map((one) => one.trim())
    return [{ id, kind, acceptable: ids, text: text.replaceAll('\\n', '\n') }]
  })
}

export function isRight(answer: Answer): boolean {
  return answer.case.acceptable.includes(answer.id)
}

/** Chosen by rule or rank, and wrong. */
function isWrongButConfident(answer: Answer): boolean {
  return !isRight(answer) && (answer.by === 'rule' || answer.by === 'rank')
}

/** A part of a whole, with its 95 % interval (Wilson's score interval), from 0 to 1. */
export interface Share {
  readonly count: number
  readonly of: number
  readonly rate: number
  readonly low: number
  readonly high: number
}

export function share(count: number, of: number): Share {
  if (of === 0) return { count, of, rate: 0, low: 0, high: 1 }
  const z = 1.959964
  const rate = count / of
  const centre = (rate + (z * z) / (2 * of)) / (1 + (z * z) / of)
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((rate * (1 - rate)) / of + (z * z) / (4 * of * of))
  return { count, of, rate, low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

export interface Score {
  readonly kinds: ReadonlyMap<string, Share>
  readonly overall: Share
  /** Among negative, homonym and off-catalogue cases. */
  readonly wrongButConfident: Share
}

/** Top-1 accuracy by kind, in the order in which the kinds come. */
export function scoreOf(answers: readonly Answer[]): Score {
  const right = (some: readonly Answer[]) => share(some.filter(isRight).length, some.length)
  const kinds = [...new Set(answers.map((answer) => answer.case.kind))]
  const cases = answers.filter((answer) => delicate.has(answer.case.kind))
  return {
    kinds: new Map(kinds.map((kind) => [kind, right(answers.filter((answer) => answer.case.kind === kind))])),
    overall: right(answers),
    wrongButConfident: share(cases.filter(isWrongButConfident).length, cases.length),
  }
}

/** What is asked of a file of cases, from 0 to 1. */
const floors = { explicit: 0.95, overall: 0.9, wrongButConfident: 0.03 }

/** What is below the floors, in words; none where all is well. */
export function belowFloors(score: Score): string[] {
  const below: string[] = []
  const percent = (rate: number) => `${(rate * 100).toFixed(1)} %`
  const explicit = score.kinds.get('explicit')
  if (explicit !== undefined && explicit.rate < floors.explicit) {
    below.push(`explicit: ${percent(explicit.rate)} is below ${percent(floors.explicit)}`)
  }
  if (score.overall.rate < floors.overall) {
    below.push(`overall: ${percent(score.overall.rate)} is below ${percent(floors.overall)}`)
  }
  if (score.wrongButConfident.rate > floors.wrongButConfident) {
    below.push(
      `wrong but confident: ${percent(score.wrongButConfident.rate)} is above ${percent(floors.wrongButConfident)}`,
    )
  }
  return below
}
