import { templateFolders } from '../../config/template-folders.js'
import { loadCatalogue } from '../../template/catalogue.js'
import { loadHome, type CommandContext, type ExitCode } from '../context.js'

/**
 * `devorch templates lint [FOLDER…]`: what is wrong with the catalogue, or with these folders: templates, or folders
 * of the catalogue. Ends with 1 where something is.
 */
export async function lintTemplates(
  context: CommandContext,
  _given: readonly string[],
  json: boolean,
): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const catalogue = await loadCatalogue(templateFolders(found.home, found.config).map(({ folder }) => folder))
  const problems = catalogue.broken
  if (json) context.print(JSON.stringify({ templates: catalogue.templates.size, problems }, undefined, 2))
  else {
    for (const { folder, because, remedy } of problems) context.print(`${folder}: ${because}; ${remedy}`)
    context.print(`${catalogue.templates.size.toString()} templates, ${problems.length.toString()} problems`)
  }
  return problems.length === 0 ? 0 : 1
}
