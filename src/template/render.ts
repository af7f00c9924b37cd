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

/** A template's own variables, and what every template sees: templates/README.md lists the names for people. */
export type TemplateScope = Readonly<Record<string, string | number | boolean | null>>

/**
 * What `.liquid` files and path names of a template see.
 * @param defaults the template's own variables; what the job says goes before them
 */
export function scopeOf(variables: TemplateVariables, defaults: Template['variables'] = {}): TemplateScope {
  return {
    ...defaults,
    ...spellingsOf(variables.project),
    owner: variables.owner,
    repository: variables.repository,
    year: variables.year,
    summary: variables.summary,
  }
}

/**
 * A project's name as it is spelt where punctuation is not free. Words are what `-`, `_` and `.` part: capitals within
 * one stay together, since `GraphQL` and `iOS` are one word each.
 */
function spellingsOf(project: string): Readonly<Record<string, string>> {
  const words = project.split(/[^A-Za-z0-9]+/).filter((word) => word !== '')
  if (words.length === 0) words.push('project')
  const slug = words.join('-').toLowerCase()
  // No identifier starts with a digit.
  const named = /^[0-9]/.test(slug) ? ['app', ...words] : words
  const isShouted = project === project.toUpperCase()
  const capital = (word: string) =>
    word.charAt(0).toUpperCase() + (isShouted ? word.slice(1).toLowerCase() : word.slice(1))
  const [first = '', ...rest] = named
  return {
    project,
    project_slug: slug,
    project_kebab: slug,
    project_snake: named.join('_').toLowerCase(),
    project_constant: named.join('_').toUpperCase(),
    project_camel: (isShouted ? first.toLowerCase() : lowered(first)) + rest.map(capital).join(''),
    project_pascal: named.map(capital).join(''),
    project_title: words.map(capital).join(' '),
  }
}

/** `GreenHouse` → `greenHouse`, `HTTPServer` → `httpServer` */
function lowered(word: string): string {
  return word.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+(?![a-z])|^[A-Z]/, (capitals) => capitals.toLowerCase())
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
    return await renderLiquid(text, scopeOf(variables, template.variables), { templateId: template.id, file: source })
  }
  if (!(await exists(join(template.folder, trackerName)))) return undefined
  return textOf(template, trackerName, await readTemplateFile(template, trackerName))
}
