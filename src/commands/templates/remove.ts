import { removeTemplates } from '../../template/added/remove.js'
import { printable } from '../../support/text.js'
import type { CommandContext, ExitCode } from '../context.js'
import { openTemplates } from './open.js'
import type { ChangeArguments } from './update.js'

/** `devorch templates remove ID…`: moves added templates out of the way. Ends with 1 where one was left as it is. */
export async function removeTemplate(context: CommandContext, given: ChangeArguments): Promise<ExitCode> {
  const opened = await openTemplates(context)
  if (opened === undefined) return 1
  const outcomes = await removeTemplates(given, opened.place, context.signal)
  if (given.json) context.print(JSON.stringify(outcomes, undefined, 2))
  else {
    for (const one of outcomes) {
      if (one.outcome === 'removed') context.print(`${one.id} removed; it is ${one.kept} now`)
      else context.complain(`${one.id} left as it is: ${printable(one.because, 500)}; ${one.remedy}`)
    }
  }
  return outcomes.every(({ outcome }) => outcome === 'removed') ? 0 : 1
}
