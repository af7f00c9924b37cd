import { text as readAll } from 'node:stream/consumers'
import { templateFolders } from '../../config/template-folders.js'
import { printable } from '../../support/text.js'
import { loadCatalogue } from '../../template/catalogue.js'
import { chooseTemplate } from '../../template/choose.js'
import { loadHome, type CommandContext, type ExitCode } from '../context.js'

/** `devorch templates match TEXT|-`: which template a job with this summary and hint would get, and why. */
export async function matchTemplate(
  context: CommandContext,
  given: { readonly text: string; readonly hint: string | undefined; readonly json: boolean },
): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const catalogue = await loadCatalogue(templateFolders(found.home, found.config).map(({ folder }) => folder))
  const summary = given.text === '-' ? await readAll(process.stdin) : given.text
  const choice = await chooseTemplate(catalogue, {
    summary,
    ...(given.hint === undefined ? {} : { hint: given.hint }),
  })
  const { id, by, words, runnersUp, hintProblem } = choice
  if (given.json) {
    const problem = hintProblem === undefined ? {} : { hint_problem: hintProblem }
    context.print(JSON.stringify({ id, by, words, runners_up: runnersUp, ...problem }, undefined, 2))
    return 0
  }
  if (hintProblem !== undefined) context.complain(hintProblem)
  context.print(id)
  const because = words.length === 0 ? '' : `: ${words.map((word) => printable(word, 80)).join(', ')}`
  context.print(`  by ${by}${because}`)
  if (runnersUp.length > 0) context.print(`  then ${runnersUp.map((one) => printable(one, 80)).join(', ')}`)
  return 0
}
