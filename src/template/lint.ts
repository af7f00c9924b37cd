import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'
import { checkTemplate } from './apply.js'
import type { BrokenTemplate, Template } from './catalogue.js'
import { readTemplateFile, textOf } from './content.js'
import { faultsOf } from './liquid.js'
import { listTemplate } from './listing.js'
import { checkTime } from './refuse.js'
import { scopeOf } from './render.js'

const timeoutMs = 60_000

/** The names of the variables are the same for every job. */
const anyJob = { project: 'sample', owner: null, repository: 'sample', year: 2026, summary: null }

/**
 * Everything by which a template could not be applied: links, special files, names that lead out, Liquid that does not
 * parse, variables that nothing defines, also where only some jobs would come upon them. Nothing is written or run.
 */
export async function lintTemplate(template: Template, signal: AbortSignal): Promise<BrokenTemplate[]> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const folder = printable(template.folder, 500)
  const found: BrokenTemplate[] = []
  const report = ({ because, remedy }: { readonly because: string; readonly remedy: string }) => {
    found.push({ folder, because, remedy })
  }
  try {
    const files = await listTemplate(template, limit)
    const names = Object.keys(scopeOf(anyJob, template.variables))
    for (const { path } of files.filter((file) => file.path.endsWith('.liquid'))) {
      checkTime(template.id, limit)
      const source = textOf(template, path, await readTemplateFile(template, path))
      for (const fault of await faultsOf(source, names, path)) report(fault)
    }
    // It ends at the first thing that it finds, which would be one of these.
    if (found.length === 0) {
      const problem = await checkTemplate(template, limit)
      if (problem !== undefined) report(problem)
    }
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    report(error)
  }
  return found
}
