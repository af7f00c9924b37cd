import type { Job } from '../job/job.js'
import type { Layout } from '../layout/layout.js'
import { loadLayout, type LoadedLayout } from '../layout/load.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { layoutEndings, namedFiles } from '../support/named-files.js'
import { Problem } from '../support/problem.js'
import { nearest, printable } from '../support/text.js'
import type { SessionTools } from './tools.js'

type LayoutTools = Pick<SessionTools, 'layoutFolders' | 'log'>

/** A layout that a session can be made by. */
export interface NamedLayout {
  readonly name: string
  readonly layout: Layout
  /** What it asks for and does not get, and why another was taken, a line each. */
  readonly notes: readonly string[]
}

/** The names of all layouts, for checking a job that names one; of others the folders are not looked at. */
export async function layoutNames(job: Job, tools: Pick<LayoutTools, 'layoutFolders'>): Promise<readonly string[]> {
  if (job.layout === undefined) return []
  return [...(await namedFiles(tools.layoutFolders, layoutEndings)).keys()].sort()
}

/** The layout of that name. @throws Problem where it can't be had */
export async function requireLayout(name: string, tools: LayoutTools): Promise<NamedLayout> {
  const loaded = await loadLayout(tools.layoutFolders, name)
  if (loaded.kind === 'layout') return { name, layout: loaded.layout, notes: loaded.layout.notes }
  throw new Problem({ doing: `use the layout ${printable(name, 64)}`, ...whyNot(loaded, name), field: 'layout' })
}

/** The one that the template names, where it names one that can be had; else the one that was wanted already. */
export async function templatesLayout(
  name: string | undefined,
  wanted: NamedLayout,
  tools: LayoutTools,
): Promise<NamedLayout> {
  if (name === undefined) return wanted
  const loaded = await loadLayout(tools.layoutFolders, name)
  if (loaded.kind === 'layout') return { name, layout: loaded.layout, notes: loaded.layout.notes }
  const { because, remedy } = whyNot(loaded, name)
  const note = `the template's layout ${printable(name, 64)} was not used: ${because}; ${remedy}`
  return { ...wanted, notes: [...wanted.notes, note] }
}

/**
 * The layout of a session that stood before; where it can't be had any more, the default one, so that the session comes
 * back all the same. @param name undefined: the default
 */
export async function layoutAgain(name: string | undefined, session: string, tools: LayoutTools): Promise<NamedLayout> {
  const [shipped] = tools.layoutFolders
  const fallbacks = [tools.layoutFolders, shipped === undefined ? [] : [shipped]]
  if (name !== undefined && name !== defaultName) {
    const loaded = await loadLayout(tools.layoutFolders, name)
    if (loaded.kind === 'layout') return { name, layout: loaded.layout, notes: [] }
    tools.log.warn('the layout of a session can not be had; the default one is used', {
      session,
      layout: name,
      because: whyNot(loaded, name).because,
    })
  }
  for (const folders of fallbacks) {
    const loaded = await loadLayout(folders, defaultName)
    if (loaded.kind === 'layout') return { name: defaultName, layout: loaded.layout, notes: [] }
    tools.log.warn('the default layout can not be had', { session, because: whyNot(loaded, defaultName).because })
  }
  throw new Error('the shipped layout default.yaml is missing or broken')
}

const defaultName = 'default'

function whyNot(
  loaded: Exclude<LoadedLayout, { readonly kind: 'layout' }>,
  name: string,
): { readonly because: string; readonly remedy: string } {
  switch (loaded.kind) {
    case 'unknown': {
      const near = nearest(name, loaded.known)
      return { because: 'there is no such layout', remedy: `use ${(near.length > 0 ? near : loaded.known).join(', ')}` }
    }
    case 'broken':
      return {
        because: `${loaded.file}: ${loaded.problems.map(formatFieldProblem).join('; ')}`,
        remedy: 'correct the file',
      }
  }
}
