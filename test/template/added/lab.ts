import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { fetchTree } from '../../../src/repo/fetch-tree.js'
import { childEnvironment } from '../../../src/support/process.js'
import { addTemplates, type AddResult } from '../../../src/template/added/add.js'
import type { SourceTools } from '../../../src/template/added/fetch-source.js'
import type { Place } from '../../../src/template/added/place.js'
import { removeTemplates, type Removed } from '../../../src/template/added/remove.js'
import { parseSource } from '../../../src/template/added/source.js'
import { updateTemplates, type Updated } from '../../../src/template/added/update.js'
import { loadCatalogue, type Catalogue } from '../../../src/template/catalogue.js'
import { chooseTemplate } from '../../../src/template/choose.js'
import { startNpmRegistry, type NpmRegistry } from '../../support/npm-registry.js'
import { labTools } from '../../support/repository-tools.js'
import { shipped, temporaryFolder } from '../fixtures.js'

/** A home's folder of templates of the calling test's own, beside the shipped ones. */
export interface Lab {
  readonly folder: string
  readonly templates: string
  readonly registry: NpmRegistry
  add(source: string, more?: { readonly as?: string; readonly whole?: boolean }): Promise<AddResult>
  update(ids?: readonly string[], force?: boolean): Promise<Updated[]>
  remove(ids: readonly string[], force?: boolean): Promise<Removed[]>
  catalogue(): Promise<Catalogue>
  /** The template that a hint leads to. */
  byHint(hint: string): Promise<string | undefined>
}

export async function startLab(): Promise<Lab> {
  const folder = await temporaryFolder()
  const templates = join(folder, 'home', 'templates')
  await mkdir(join(folder, 'user'))
  const registry = await startNpmRegistry()
  onTestFinished(() => registry.close())
  let seconds = 0
  const place: Place = {
    templates,
    environment: childEnvironment(process.env),
    now: () => new Date(Date.UTC(2026, 0, 1) + 1000 * seconds++),
  }
  const tools: SourceTools = {
    fetchGit: (request, signal) => fetchTree(request, labTools(folder), signal),
    environment: { HOME: join(folder, 'user'), npm_config_registry: registry.url },
  }
  const { signal } = new AbortController()
  const catalogue = () => loadCatalogue([shipped, templates])
  return {
    folder,
    templates,
    registry,
    catalogue,
    add: async (text, more = {}) => {
      const parsed = parseSource(text)
      if (!parsed.ok) throw new Error(parsed.because)
      const { source } = parsed
      const request = { source, text, as: more.as, whole: more.whole ?? false, catalogue: await catalogue() }
      return await addTemplates(request, place, tools, signal)
    },
    update: (ids = [], force = false) => updateTemplates({ ids, force }, place, tools, signal),
    remove: (ids, force = false) => removeTemplates({ ids, force }, place, signal),
    byHint: async (hint) => {
      const choice = await chooseTemplate(await catalogue(), { hint })
      return choice.by === 'hint' ? choice.id : undefined
    },
  }
}
