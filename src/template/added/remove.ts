import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { contentHash } from './content-hash.js'
import { backupPath, inPlace, type Place } from './place.js'
import { chooseAdded } from './update.js'

/** What became of one template. */
export type Removed = { readonly id: string } & (
  | { readonly outcome: 'removed'; readonly kept: string }
  | { readonly outcome: 'changed-here'; readonly because: string; readonly remedy: string }
)

/**
 * Takes added templates out of the home's: they are moved to `.removed/` there, never deleted. One whose files a person
 * has changed stays, unless `force`.
 * @throws Problem where an id is none of an added template
 */
export async function removeTemplates(
  request: { readonly ids: readonly string[]; readonly force: boolean },
  place: Place,
  signal: AbortSignal,
): Promise<Removed[]> {
  return await inPlace(place, signal, async () => {
    const outcomes: Removed[] = []
    for (const [id, result] of await chooseAdded(place, request.ids, 'remove')) {
      const standing = join(place.templates, id)
      const isAsAdded = result.kind === 'added' && (await contentHash(standing)) === result.provenance.content
      if (!isAsAdded && !request.force) {
        const because =
          result.kind === 'added'
            ? 'its files were changed here since it was added'
            : `it can't be told: ${result.because}`
        outcomes.push({ id, outcome: 'changed-here', because, remedy: 'with --force it is moved away all the same' })
        continue
      }
      const kept = await backupPath(place, id)
      await rename(standing, kept)
      outcomes.push({ id, outcome: 'removed', kept })
    }
    return outcomes
  })
}
