import { createPulse } from '../job/pulse.js'
import type { SessionTools } from '../session/tools.js'
import { listTrash, type TrashEntry } from '../session/trash-list.js'
import { diskOf, expired, isShort, unsavedNow } from '../session/trash-prune.js'
import type { Logger } from '../support/log.js'
import { Problem } from '../support/problem.js'
import type { Workshop } from './assemble.js'
import { removeFromTrash } from './trash-work.js'

const everyMs = 60_000

/**
 * Looks now and every minute what in the trash is older than `retention.trash_days`, and, where the disk is short
 * (`retention.trash_free_gb`), what holds nothing unsaved, the oldest first; and removes that.
 */
export function keepTrash(workshop: Workshop, log: Logger): { readonly stop: () => Promise<void> } {
  /** Those that hold something unsaved, or can't be removed: nobody works in them, so that it stays so. */
  const kept = new Set<string>()
  let stopped = false

  const remove = async (entry: TrashEntry, tools: SessionTools, because: string): Promise<void> => {
    const { id, name } = entry
    try {
      if (!(await removeFromTrash(entry, tools))) return
      log.info('removed a session from the trash', { session: name, id, because })
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      kept.add(id)
      log.warn('a removed session stays in the trash', { session: name, id, error: error.message })
    }
  }

  const look = async (): Promise<void> => {
    const { tools } = workshop
    const { trash_days: days, trash_free_gb: freeGb } = tools.config.retention
    const entries = (await listTrash(tools)).filter(({ id }) => !kept.has(id))
    for (const entry of expired(entries, days, tools.now())) {
      if (stopped) return
      await remove(entry, tools, `it is older than retention.trash_days (${days.toString()})`)
    }
    for (const entry of (await listTrash(tools)).reverse()) {
      if (stopped) return
      if (entry.copy === null || kept.has(entry.id)) continue
      const disk = await diskOf(entry)
      if (disk === undefined || !isShort(disk, freeGb)) continue
      if ((await unsavedNow(entry, tools))?.length === 0) {
        await remove(entry, tools, 'the disk is short, and nothing in it is unsaved')
      } else {
        kept.add(entry.id)
        log.warn('the disk is short; what is in the trash holds unsaved work', { session: entry.name, id: entry.id })
      }
    }
  }

  const pulse = createPulse({
    look,
    everyMs,
    onError: (error) => {
      log.error('the trash could not be looked through; it is tried again', { error })
    },
  })
  pulse.hint()
  return {
    async stop() {
      stopped = true
      await pulse.stop()
    },
  }
}
