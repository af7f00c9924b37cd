import { updateTemplates } from '../../template/added/update.js'
import { printable } from '../../support/text.js'
import type { CommandContext, ExitCode } from '../context.js'
import { openTemplates } from './open.js'

export interface ChangeArguments {
  readonly ids: readonly string[]
  readonly force: boolean
  readonly json: boolean
}

/** `devorch templates update [ID…]`: fetches added templates again. Ends with 1 where one was left as it is. */
export async function updateTemplate(context: CommandContext, given: ChangeArguments): Promise<ExitCode> {
  const opened = await openTemplates(context)
  if (opened === undefined) return 1
  const outcomes = await updateTemplates(given, opened.place, opened.tools, context.signal)
  if (given.json) context.print(JSON.stringify(outcomes, undefined, 2))
  else {
    for (const one of outcomes) {
      switch (one.outcome) {
        case 'current':
          context.print(`${one.id} is up to date`)
          break
        case 'updated':
          context.print(`${one.id} updated${one.kept === undefined ? '' : `; the old one is ${one.kept}`}`)
          break
        case 'changed-here':
        case 'failed':
          context.complain(`${one.id} left as it is: ${printable(one.because, 500)}; ${printable(one.remedy, 300)}`)
          break
      }
    }
  }
  return outcomes.every(({ outcome }) => outcome === 'current' || outcome === 'updated') ? 0 : 1
}
