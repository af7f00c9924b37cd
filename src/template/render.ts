import { join } from 'node:path'
import { exists } from '../support/files.js'
import type { Template } from './catalogue.js'
import { readTemplateFile, textOf } from './content.js'
import { renderLiquid } from './liquid.js'
import { trackerName } from './plan.js'

/** What a template may use, as the job and the repository give it. */
export interface TemplateVariables {
  /** The project's name, as the job spells it. */
  readonly project: string
  /** The repository's owner, where its address tells one. */
  readonly owner: string | null
  /** The repository's name, without its owner. */
  readonly repository: string
  /** Four digits. */
  readonly year: number
  /** The job's requirements summary: text from outside. */
  readonly summary: string | null
}

/** The names that `.liquid` files and path names see; templates/README.md lists them for people. */
export function scopeOf(variables: TemplateVariables): Readonly<Record<string, string | number | null>> {
  const slug = slugOf(variables.project)
  const snake = slug.replaceAll('-', '_')
  return {
    project: variables.project,
    project_slug: slug,
    project_snake: /^[0-9]/.test(snake) ? `app_${snake}` : snake,
    owner: variables.owner,
    repository: variables.repository,
    year: variables.year,
    summary: variables.summary,
  }
}

/** A name that npm and PyPI both take (PEP 508: letters or digits at both ends). */
function slugOf(project: string): string {
  const slug = project
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return slug === '' ? 'project' : slug
}

/**
 * The first plan that a template has for the agent, or undefined where it has none.
 * @throws Problem (field `template_hint`) where it is no plain UTF-8 file or does not render
 */
export async function renderTemplateTracker(
  template: Template,
  variables: TemplateVariables,
): Promise<string | undefined> {
  const source = `${trackerName}.liquid`
  if (await exists(join(template.folder, source))) {
    const text = textOf(template, source, await readTemplateFile(template, source))
    return await renderLiquid(text, scopeOf(variables), { templateId: template.id, file: source })
  }
  if (!(await exists(join(template.folder, trackerName)))) return undefined
  return textOf(template, trackerName, await readTemplateFile(template, trackerName))
}
