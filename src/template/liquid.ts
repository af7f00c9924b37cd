import { Liquid, LiquidError } from 'liquidjs'
import { messageOf } from '../support/problem.js'
import { nearest, printable } from '../support/text.js'
import { refusal } from './refuse.js'

const maxSourceCharacters = 1024 * 1024
const maxResultCharacters = 4 * 1024 * 1024
const renderTimeMs = 250

/**
 * No file is ever read by a template: `templates: {}` replaces the file system for include, render and layout.
 * liquidjs 10.30 doesn't give way to other work within a render, so the time limit is kept short.
 */
const engine = new Liquid({
  templates: {},
  strictVariables: true,
  strictFilters: true,
  ownPropertyOnly: true,
  parseLimit: maxSourceCharacters,
  renderLimit: renderTimeMs,
  memoryLimit: 16 * 1024 * 1024,
})

/** Filters that evaluate an expression for each item and look at no limit meanwhile (liquidjs 10.30: 200,000 take 6 s). */
const unbounded = ['where_exp', 'reject_exp', 'group_by_exp', 'find_exp', 'find_index_exp', 'has_exp']
for (const name of unbounded) Reflect.deleteProperty(engine.filters, name)

/** What all files and names of one template may take together. */
const maxTotalMs = 10_000
const maxTotalCharacters = 64 * 1024 * 1024

/** Keeps account of what rendering one template has taken. */
export class RenderBudget {
  private ms = 0
  private characters = 0

  /** @throws Problem where it is used up */
  spend(thing: RenderedThing, ms: number, characters: number): void {
    this.ms += ms
    this.characters += characters
    if (this.ms <= maxTotalMs && this.characters <= maxTotalCharacters) return
    const because =
      this.ms > maxTotalMs ? 'to render its files takes over 10 s' : 'its files render to more than 64 MiB'
    throw refusal(thing.templateId, `${thing.file}: ${because}`, 'make the template smaller')
  }
}

/** What is rendered, for the person who has to mend it. */
export interface RenderedThing {
  readonly templateId: string
  /** The file's path in the template, or the path whose name is rendered. */
  readonly file: string
}

/**
 * Renders Liquid source.
 * @param budget of the template, where more of it is rendered
 * @throws Problem naming the file, line and column of what is wrong
 */
export async function renderLiquid(
  source: string,
  scope: Readonly<Record<string, unknown>>,
  thing: RenderedThing,
  budget = new RenderBudget(),
): Promise<string> {
  let result: unknown
  const begunMs = performance.now()
  try {
    result = await engine.render(engine.parse(source, thing.file), { ...scope })
  } catch (error) {
    const known = Object.keys(scope).join(', ')
    throw refusal(
      thing.templateId,
      `${thing.file}${placeOf(error)}: ${reasonOf(error)}`,
      messageOf(error).includes('undefined variable') ? `variables are ${known}` : 'correct the template',
      { cause: error },
    )
  }
  if (typeof result !== 'string') throw new Error('liquidjs returned something other than text')
  if (result.length > maxResultCharacters) {
    throw refusal(thing.templateId, `${thing.file}: it renders to more than 4 MiB`, 'make the template smaller')
  }
  budget.spend(thing, performance.now() - begunMs, result.length)
  return result
}

/** What is wrong with a source whatever is rendered with it. */
export interface LiquidFault {
  /** With file, line and column. */
  readonly because: string
  readonly remedy: string
}

/** What does not parse, else each variable that neither `names` nor the source itself defines, at its first place. */
export async function faultsOf(source: string, names: readonly string[], file: string): Promise<LiquidFault[]> {
  try {
    const { globals } = await engine.analyze(engine.parse(source, file), { partials: false })
    return Object.entries(globals).flatMap(([name, [first]]) => {
      if (first === undefined || names.includes(name)) return []
      const { row, col } = first.location
      const [near] = nearest(name, names, 1)
      return {
        because: printable(`${file}${place(row, col)}: undefined variable: ${name}`, 500),
        remedy: near === undefined ? `variables are ${names.join(', ')}` : `did you mean ${near}?`,
      }
    })
  } catch (error) {
    if (!LiquidError.is(error) && !(error instanceof RangeError)) throw error
    const because = printable(`${file}${placeOf(error)}: ${reasonOf(error)}`, 500)
    return [{ because, remedy: 'correct the template' }]
  }
}

function placeOf(error: unknown): string {
  if (!LiquidError.is(error)) return ''
  const [line, column] = error.token.getPosition()
  return line === undefined ? '' : place(line, column ?? 1)
}

function place(line: number, column: number): string {
  return `, line ${line.toString()}, column ${column.toString()}`
}

/** liquidjs 10.30 puts `, file:…, line:2, col:6` behind its messages. */
function reasonOf(error: unknown): string {
  return messageOf(error).replace(/(?:, file:.*)?, line:\d+, col:\d+$/s, '')
}
