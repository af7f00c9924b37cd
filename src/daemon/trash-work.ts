import type { JobResult } from '../job/result.js'
import { restartSession } from '../session/restart.js'
import type { SessionTools } from '../session/tools.js'
import { readTrashEntry, type TrashEntry } from '../session/trash-list.js'
import { removeForGood } from '../session/trash-prune.js'
import { bringBack } from '../session/trash-restore.js'
import { Problem } from '../support/problem.js'
import { systemProblem } from '../support/system-problem.js'
import { lockSession, takeSession } from './lock-session.js'

/**
 * Brings a removed session back with its working copy, and starts it, the agent in its conversation.
 * @throws Problem, also where all is back in its place and only the start fails
 */
export async function restoreFromTrash(
  entry: TrashEntry,
  tools: SessionTools,
  signal: AbortSignal,
): Promise<JobResult> {
  const { name } = entry
  const lock = await takeSession(name, tools, signal)
  try {
    const still = await readTrashEntry(entry.id, tools)
    if (still === undefined) throw gone(entry)
    await bringBack(still, tools)
    try {
      // Its age counts from now, which must be known even where no word of its removal is.
      const { removed: _removed, ...record } = still.record
      await tools.registry.write(name, { ...record, restored_at: tools.now().toISOString() })
      return await restartSession(name, tools, signal)
    } catch (error) {
      const problem = error instanceof Problem ? error : systemProblem(`start the session ${name}`, error)
      if (problem === undefined) throw error
      throw new Problem({
        doing: `start the session ${name}, which is back with its working copy`,
        because: problem.because,
        remedy: `${problem.remedy}, then: devorch restart ${name}`,
        cause: error,
      })
    }
  } finally {
    await lock.release()
  }
}

/** Removes a session for good, unless somebody is at work on it. @throws Problem where it can't be removed */
export async function removeFromTrash(entry: TrashEntry, tools: SessionTools): Promise<boolean> {
  const lock = await lockSession(entry.name, tools, { waitMs: 0 })
  if (lock === 'held') return false
  try {
    const still = await readTrashEntry(entry.id, tools)
    if (still === undefined) return false
    await removeForGood(still, tools)
    return true
  } finally {
    await lock.release()
  }
}

function gone({ id }: TrashEntry): Problem {
  return new Problem({
    doing: `bring ${id} back`,
    because: 'it is not in the trash any more',
    remedy: 'see `devorch trash` and `devorch ls`',
  })
}
