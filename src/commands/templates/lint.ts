import { dirname, resolve } from 'node:path'
import { templateFolders } from '../../config/template-folders.js'
import { mapAtMost } from '../../support/at-most.js'
import { printable } from '../../support/text.js'
import { loadCatalogue, loadTemplate, type BrokenTemplate, type Template } from '../../template/catalogue.js'
import { lintTemplate } from '../../template/lint.js'
import { loadHome, type CommandContext, type ExitCode } from '../context.js'

/**
 * `devorch templates lint [FOLDER…]`: everything that is wrong with the catalogue, or with these folders of it or of
 * templates to be. Ends with 1 where something is.
 */
export async function lintTemplates(
  context: CommandContext,
  given: readonly string[],
  json: boolean,
): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const folders = templateFolders(found.home, found.config).map(({ folder }) => folder)
  const linted = given.length === 0 ? await all(folders) : await these(given, folders)
  const inFiles = await lintEach(linted.templates, context.signal)
  const problems = [...linted.broken, ...inFiles]
  if (json) context.print(JSON.stringify({ templates: linted.templates.length, problems }, undefined, 2))
  else {
    for (const { folder, because, remedy } of problems)
      context.print(`${printable(folder, 500)}: ${because}\n  → ${remedy}`)
    context.print(
      problems.length === 0
        ? `${count(linted.templates.length, 'template')}, nothing wrong`
        : count(problems.length, 'problem'),
    )
  }
  return problems.length === 0 ? 0 : 1
}

interface Linted {
  /** Whose files are still to be looked at. */
  readonly templates: readonly Template[]
  readonly broken: readonly BrokenTemplate[]
}

async function all(folders: readonly string[]): Promise<Linted> {
  const { templates, broken } = await loadCatalogue(folders)
  return { templates: [...templates.values()], broken }
}

/** A folder of the catalogue stands for what is in it; any other is one template. */
async function these(given: readonly string[], folders: readonly string[]): Promise<Linted> {
  const linted = await mapAtMost(1, given, async (path): Promise<Linted> => {
    const one = resolve(path)
    if (!folders.includes(one)) {
      const { template, broken } = await loadTemplate(one)
      return { templates: template === undefined ? [] : [template], broken: broken === undefined ? [] : [broken] }
    }
    // All of it is read, since rules may name templates of the other folders.
    const { templates, broken } = await all(folders)
    return {
      templates: templates.filter(({ folder }) => dirname(folder) === one),
      broken: broken.filter(({ folder }) => folder === one || dirname(folder) === one),
    }
  })
  return { templates: linted.flatMap(({ templates }) => templates), broken: linted.flatMap(({ broken }) => broken) }
}

/** Each template's files are read one after the other; a few at a time keep the disk busy. */
async function lintEach(templates: readonly Template[], signal: AbortSignal): Promise<BrokenTemplate[]> {
  return (await mapAtMost(4, templates, (template) => lintTemplate(template, signal))).flat()
}

function count(number: number, what: string): string {
  return `${number.toString()} ${what}${number === 1 ? '' : 's'}`
}
