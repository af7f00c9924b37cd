import { dirname } from 'node:path'
import { templateFolders } from '../../config/template-folders.js'
import { listAdded, type Provenance, type ProvenanceResult } from '../../template/added/provenance.js'
import { loadCatalogue } from '../../template/catalogue.js'
import { loadHome, table, type CommandContext, type ExitCode } from '../context.js'

/** `devorch templates list`: the catalogue, by id. What is left out of it is counted, and told by `lint`. */
export async function listTemplates(context: CommandContext, json: boolean): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const folders = templateFolders(found.home, found.config)
  const catalogue = await loadCatalogue(folders.map(({ folder }) => folder))
  const fromOf = new Map(folders.map(({ folder, from }) => [folder, from]))
  const added = await listAdded(found.home.templates)
  const listed = [...catalogue.templates.values()]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map((template) => ({
      id: template.id,
      title: template.title ?? null,
      description: template.description ?? null,
      aliases: template.aliases,
      from: fromOf.get(dirname(template.folder)) ?? null,
      folder: template.folder,
      added: dirname(template.folder) === found.home.templates ? addedFrom(added.get(template.id)) : null,
    }))
  if (json) context.print(JSON.stringify(listed, undefined, 2))
  else {
    const rows = listed.map((one) => [one.id, one.added?.source ?? one.from ?? '', one.title ?? ''])
    for (const line of table(['TEMPLATE', 'FROM', 'TITLE'], rows)) context.print(line)
  }
  const count = catalogue.broken.length
  if (count > 0)
    context.complain(`${count.toString()} things are wrong with the catalogue; see \`devorch templates lint\``)
  return 0
}

/** Where it was added from, for those that were. */
function addedFrom(result: ProvenanceResult | undefined): Provenance | null {
  return result?.kind === 'added' ? result.provenance : null
}
