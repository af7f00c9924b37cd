import { createCatalogue } from '../../template/catalogue.js'
import { templateFolders } from '../../config/template-folders.js'
import { addTemplates } from '../../template/added/add.js'
import { parseSource } from '../../template/added/source.js'
import { Problem } from '../../support/problem.js'
import { printable } from '../../support/text.js'
import type { CommandContext, ExitCode } from '../context.js'
import { openTemplates } from './open.js'

export interface AddArguments {
  readonly source: string
  readonly as: string | undefined
  readonly whole: boolean
  readonly json: boolean
}

/** `devorch templates add SOURCE`: copies templates from elsewhere into the home's. Ends with 1 where any was refused. */
export async function addTemplate(context: CommandContext, given: AddArguments): Promise<ExitCode> {
  const parsed = parseSource(given.source)
  if (!parsed.ok) {
    context.complain(`the source is not valid: ${parsed.because}; ${parsed.remedy}`)
    return 2
  }
  const opened = await openTemplates(context)
  if (opened === undefined) return 1
  const { home, config, place, tools } = opened
  const { source } = parsed
  const text = source.kind === 'folder' ? source.path : given.source.trim()
  const catalogue = await createCatalogue(templateFolders(home, config).map(({ folder }) => folder))()
  const request = { source, text, as: given.as, whole: given.whole, catalogue }
  const result = await addTemplates(request, place, tools, context.signal)
  if (given.json) context.print(JSON.stringify({ source: text, ...result }, undefined, 2))
  else {
    for (const { id, aliases, warning } of result.added) {
      const also = aliases.length === 0 ? '' : ` (also ${aliases.join(', ')})`
      context.print(`added ${id}${also}`)
      if (warning !== undefined) context.complain(`${id} can't be applied yet: ${printable(warning, 500)}`)
    }
    for (const { id } of result.existing) context.print(`${id} is there already: see devorch templates update`)
    for (const { path, because, remedy } of result.refused) {
      const what = path === '' ? 'the source' : printable(path)
      context.complain(`${what} was not added: ${printable(because, 500)}; ${printable(remedy)}`)
    }
  }
  if (result.added.length + result.existing.length + result.refused.length === 0) {
    throw new Problem({ doing: 'add templates', because: 'the source has none', remedy: 'name a folder of it' })
  }
  return result.refused.length === 0 ? 0 : 1
}
