import { realpath, rename } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { exists } from '../../support/files.js'
import { Problem } from '../../support/problem.js'
import type { Catalogue } from '../catalogue.js'
import { fetchSource, type FetchedSource, type SourceTools } from './fetch-source.js'
import { findMembers, type Member } from './members.js'
import { nameMembers, safeId, type NamedMember } from './names.js'
import { inPlace, type Place } from './place.js'
import { foldersIn, listAdded, writeProvenance, type Provenance } from './provenance.js'
import { sourceName, type Source } from './source.js'
import { SourceBudget, stageTemplate, type Refused } from './stage.js'

/** A template that was added. */
export interface Added {
  readonly id: string
  readonly aliases: readonly string[]
  /** Its folder in the source; '' is the source itself. */
  readonly path: string
  readonly files: number
  /** Why it can't be applied yet, where something in its files is to be mended. */
  readonly warning: string | undefined
}

/** What became of a source. */
export interface AddResult {
  readonly resolved: FetchedSource['resolved']
  readonly added: readonly Added[]
  /** Those of the same source that are there already, and stay as they are. */
  readonly existing: readonly { readonly id: string; readonly path: string }[]
  readonly refused: readonly (Refused & { readonly path: string })[]
}

/** Templates in the home's folder, those of a person's own with them. */
const maxTemplates = 10_000

/**
 * Adds the templates of a source to the home's. Each becomes a folder by one rename, and one that stands is never
 * touched; what can't be a template is refused, one by one.
 * @throws Problem where nothing of the source can be had
 */
export async function addTemplates(
  request: {
    readonly source: Source
    /** As it is written down: without credentials. */
    readonly text: string
    /** The id, or of many templates the name that takes the place of the source's. */
    readonly as: string | undefined
    /** Take the source for one template, whatever it looks like. */
    readonly whole: boolean
    readonly catalogue: Pick<Catalogue, 'templates'>
  },
  place: Place,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<AddResult> {
  const { source, as, catalogue } = request
  if (as !== undefined && safeId(as) !== as) {
    const because = 'an id has lower-case letters, digits, ".", "_" and "-", and at most 64 characters'
    throw new Problem({ doing: 'name the template', because, remedy: `write --as ${safeId(as)}`, field: 'as' })
  }
  return await inPlace(place, signal, async (staging) => {
    const { root, resolved } = await fetchSource(source, staging, tools, signal)
    const templates = await realpath(place.templates)
    if (source.kind === 'folder' && `${root}${sep}`.startsWith(templates + sep)) {
      const because = 'it is in the folder of templates already'
      throw new Problem({ doing: 'add a template', because, remedy: 'name a folder elsewhere', field: 'source' })
    }
    const members: readonly Member[] = request.whole
      ? [{ path: '', name: undefined, isHalfNamed: false }]
      : await findMembers(root)
    const standing = await standingMembers(place, request.text)
    const existing = members.flatMap(({ path }) => {
      const id = standing.get(path)
      return id === undefined ? [] : [{ id, path }]
    })
    const fresh = members.filter(({ path }) => !standing.has(path))
    const folders = await foldersIn(place.templates)
    if (folders.length + fresh.length > maxTemplates) {
      const because = `there would be over ${maxTemplates.toString()} templates`
      throw new Problem({ doing: 'add templates', because, remedy: 'remove some, or add a subfolder of the source' })
    }
    const name = as ?? sourceName(source)
    const taken = [...catalogue.templates.values()].flatMap((template) => [template.id, ...template.aliases])
    const named = nameAll(fresh, name, as !== undefined, { taken: [...taken, ...folders], folders })
    const added: Added[] = []
    const refused: (Refused & { readonly path: string })[] = []
    const budget = new SourceBudget()
    for (const { member, id, aliases } of named) {
      const { path } = member
      const to = join(staging, `ready-${id}`)
      const staged = await stageTemplate({ id, from: join(root, path), to, aliases }, budget, signal)
      if ('because' in staged) {
        refused.push({ path, ...staged })
        continue
      }
      const { content, files, warning } = staged
      const provenance: Provenance = {
        source: request.text,
        path,
        ...resolved,
        added_at: place.now().toISOString(),
        content,
        aliases: [...aliases],
      }
      await writeProvenance(to, provenance)
      const target = join(place.templates, id)
      // rename(2) replaces an empty folder, which is a template too.
      if (await exists(target)) throw new Error(`${target} was made while the templates were locked`)
      await rename(to, target)
      added.push({ id, aliases, path, files, warning })
    }
    return { resolved, added, existing, refused }
  })
}

/** @throws Problem where the one template of the source has a name that something else has */
function nameAll(
  members: readonly Member[],
  name: string,
  isGiven: boolean,
  known: { readonly taken: readonly string[]; readonly folders: readonly string[] },
): readonly NamedMember[] {
  const [only, ...others] = members
  if (only === undefined || others.length > 0 || only.name !== undefined) {
    return nameMembers(members, name, known.taken)
  }
  const wanted = safeId(name)
  // A person who names it may have it go before a shipped one; a folder that stands is never replaced.
  const [named] = nameMembers([only], name, isGiven ? known.folders : known.taken)
  if (named?.id === wanted) return [named]
  const remedy = `name it otherwise: --as ${named?.id ?? 'ID'}`
  throw new Problem({ doing: 'add a template', because: `there is a template ${wanted} already`, remedy, field: 'as' })
}

/** The ids of what came from a source before, by the folder in it. */
async function standingMembers(place: Place, text: string): Promise<Map<string, string>> {
  const standing = new Map<string, string>()
  for (const [id, result] of await listAdded(place.templates)) {
    if (result.kind === 'added' && result.provenance.source === text) standing.set(result.provenance.path, id)
  }
  return standing
}
