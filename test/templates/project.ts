import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { applyTemplate } from '../../src/template/apply.js'
import type { Template } from '../../src/template/catalogue.js'
import { renderTemplateTracker, type TemplateVariables } from '../../src/template/render.js'
import { placeTracker } from '../../src/tracker/place.js'
import { git, makeRepository } from '../support/repositories.js'

/** Names and texts that a careless template does not survive. */
const variables: TemplateVariables = {
  project: '2nd-My.App_x',
  owner: 'acme',
  repository: '2nd-my-app',
  year: new Date().getUTCFullYear(),
  summary: `Say "hello" to <everyone> & it's {{ 5 }} % \\ 'done' */ -->`,
}

/** A project made from a template as a job makes it, and committed, in a new folder under `folder`. Gives its folder. */
export async function makeProject(template: Template, folder: string): Promise<string> {
  const project = join(folder, variables.project)
  for (const name of ['home', 'tmp', variables.project]) await mkdir(join(folder, name))
  await makeRepository(project)
  await applyTemplate({ template, folder: project, mode: 'whole', variables })
  const tracker = await renderTemplateTracker(template, variables)
  if (tracker !== undefined) await placeTracker(project, tracker)
  await git(project, 'add', '--all')
  await git(project, 'commit', '--quiet', '--message', `Begin from ${template.id}`)
  return project
}

const lockFile = /(?:^|\/)(?:package-lock\.json|Cargo\.lock|go\.sum|uv\.lock)$/

/** What git sees in a project that neither the template nor a package manager should have left: `?? coverage/`. */
export async function strayChanges(project: string, allowed: readonly string[]): Promise<readonly string[]> {
  const status = await git(project, 'status', '--porcelain', '--untracked-files=normal')
  const lines = status.split('\n').filter((line) => line !== '')
  return lines.filter((line) => {
    const path = line.trimStart().replace(/^\S+ +/, '')
    return !lockFile.test(path) && !allowed.includes(path)
  })
}
