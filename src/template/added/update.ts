import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { removeFolder } from '../../support/files.js'
import { Problem } from '../../support/problem.js'
import { nearest, printable } from '../../support/text.js'
import { contentHash } from './content-hash.js'
import { fetchSource, subfolderIn, type FetchedSource, type SourceTools } from './fetch-source.js'
import { backupPath, inPlace, type Place } from './place.js'
import { listAdded, writeProvenance, type Provenance } from './provenance.js'
import { parseSource } from './source.js'
import { SourceBudget, stageTemplate } from './stage.js'

/** What became of one template. */
export type Updated = { readonly id: string } & (
  | { readonly outcome: 'current' }
  /** `kept`: where the old one is, which a person had changed. */
  | { readonly outcome: 'updated'; readonly kept: string | undefined }
  /** A person has changed its files; left as it is. */
  | { readonly outcome: 'changed-here'; readonly because: string; readonly remedy: string }
  /** Left as it is. */
  | { readonly outcome: 'failed'; readonly because: string; readonly remedy: string }
)

interface Subject {
  readonly id: string
  readonly provenance: Provenance
}

/**
 * Fetches the sources of added templates again and puts what is new there in their places, each by renames. One whose files
 * a person has changed stays, unless `force`: then the old one is kept in `.removed/`.
 * @param ids empty: all that were added
 * @throws Problem where an id is none of an added template
 */
export async function updateTemplates(
  request: { readonly ids: readonly string[]; readonly force: boolean },
  place: Place,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<Updated[]> {
  return await inPlace(place, signal, async (staging) => {
    const outcomes: Updated[] = []
    const bySource = new Map<string, Subject[]>()
    for (const [id, result] of await chooseAdded(place, request.ids, 'update')) {
      if (result.kind === 'broken') {
        outcomes.push({ id, outcome: 'failed', because: result.because, remedy: 'remove it and add it again' })
        continue
      }
      const { source } = result.provenance
      bySource.set(source, [...(bySource.get(source) ?? []), { id, provenance: result.provenance }])
    }
    let number = 0
    for (const [text, subjects] of bySource) {
      const folder = join(staging, (number++).toString())
      await mkdir(folder)
      outcomes.push(...(await updateSource(text, subjects, { folder, force: request.force, place, tools, signal })))
      await removeFolder(folder)
    }
    return outcomes.sort((a, b) => (a.id < b.id ? -1 : 1))
  })
}

interface Work {
  readonly folder: string
  readonly force: boolean
  readonly place: Place
  readonly tools: SourceTools
  readonly signal: AbortSignal
}

async function updateSource(text: string, subjects: readonly Subject[], work: Work): Promise<Updated[]> {
  const failed = (because: string, remedy: string) =>
    subjects.map(({ id }): Updated => ({ id, outcome: 'failed', because, remedy }))
  const parsed = parseSource(text)
  if (!parsed.ok) return failed(`its source is not valid: ${parsed.because}`, parsed.remedy)
  let fetched: FetchedSource
  try {
    fetched = await fetchSource(parsed.source, work.folder, work.tools, work.signal)
  } catch (error) {
    if (work.signal.aborted || !(error instanceof Problem)) throw error
    return failed(`${error.doing}: ${error.because}`, error.remedy)
  }
  const outcomes: Updated[] = []
  const budget = new SourceBudget()
  for (const subject of subjects) outcomes.push(await updateOne(subject, fetched, budget, work))
  return outcomes
}

async function updateOne(
  { id, provenance }: Subject,
  fetched: FetchedSource,
  budget: SourceBudget,
  { folder, force, place, signal }: Work,
): Promise<Updated> {
  let from: string
  try {
    from = await subfolderIn(fetched.root, provenance.path)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    const because = `its folder ${printable(provenance.path)} is not in the source any more`
    return { id, outcome: 'failed', because, remedy: `keep it as it is, or: devorch templates remove ${id}` }
  }
  const to = join(folder, `ready-${id}`)
  const staged = await stageTemplate({ id, from, to, aliases: provenance.aliases }, budget, signal)
  if ('because' in staged) return { id, outcome: 'failed', because: staged.because, remedy: staged.remedy }
  const standing = join(place.templates, id)
  const { content } = staged
  const next: Provenance = { ...provenance, ...fetched.resolved, added_at: place.now().toISOString(), content }
  if (content === provenance.content) {
    await writeProvenance(standing, { ...next, added_at: provenance.added_at })
    return { id, outcome: 'current' }
  }
  if (!force && (await contentHash(standing)) !== provenance.content) {
    const because = 'its files were changed here since it was added'
    const remedy = `with --force it is replaced, and the present one kept in ${join(place.templates, '.removed')}`
    return { id, outcome: 'changed-here', because, remedy }
  }
  await writeProvenance(to, next)
  const backup = await backupPath(place, id)
  await rename(standing, backup)
  try {
    await rename(to, standing)
  } catch (error) {
    await rename(backup, standing)
    throw error
  }
  // Looked at again where nobody expects it any more: what a person has just saved is kept as well.
  if ((await contentHash(backup)) !== provenance.content) return { id, outcome: 'updated', kept: backup }
  await removeFolder(backup)
  return { id, outcome: 'updated', kept: undefined }
}

/** The added templates of these ids, or all. @throws Problem naming the ids that are none */
export async function chooseAdded(
  place: Place,
  ids: readonly string[],
  verb: 'update' | 'remove',
): Promise<Awaited<ReturnType<typeof listAdded>>> {
  const added = await listAdded(place.templates)
  if (ids.length === 0) return added
  const unknown = ids.find((id) => !added.has(id))
  if (unknown === undefined) return new Map([...added].filter(([id]) => ids.includes(id)))
  const near = nearest(unknown, [...added.keys()], 3)
  throw new Problem({
    doing: `${verb} the template ${printable(unknown, 80)}`,
    because: 'it was not added by `devorch templates add`',
    remedy: near.length === 0 ? 'name one that was' : `did you mean ${near.join(', ')}?`,
    field: 'id',
  })
}
