import { rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { inspectWorkingCopy } from '../repo/working-copy.js'
import { anyRepository, parseRepository } from '../repo/repository-url.js'
import { exists, syncFolder } from '../support/files.js'
import { codeOf, Problem } from '../support/problem.js'
import { systemProblem } from '../support/system-problem.js'
import type { SessionTools } from './tools.js'
import { moveFolder, trashedCopyOf, trashedRecordOf } from './trash.js'
import type { TrashEntry } from './trash-list.js'
import { join } from 'node:path'

/**
 * Brings the working copy of a removed session back to its place, and then its record, by renames; it can be started again
 * then. Cut off anywhere, the next call goes on. The caller holds the session's lock.
 * @throws Problem where something stands in its place, or a session of that name
 */
export async function bringBack(entry: TrashEntry, tools: SessionTools): Promise<void> {
  const { id, name, record } = entry
  const { registry, home } = tools
  const doing = `bring the session ${name} back`
  if ((await registry.read(name)) !== undefined) {
    const because = 'there is a session of that name'
    throw new Problem({ doing, because, remedy: `remove that first: devorch rm ${name}`, field: 'project_name' })
  }
  if (await exists(trashedCopyOf(record))) await putBack(entry, doing)
  else await checkPlace(entry, doing, tools)
  await moveFolder(join(home.trash, id), registry.folderOf(name))
  await rename(trashedRecordOf(id, tools), registry.pathOf(name))
  await syncFolder(home.sessions)
  await syncFolder(home.trash)
}

async function putBack({ record }: TrashEntry, doing: string): Promise<void> {
  const place = record.working_copy
  const taken = () =>
    new Problem({ doing, because: `something stands at ${place}`, remedy: 'move that away', field: 'project_name' })
  if (await exists(place)) throw taken()
  try {
    // Onto what was put there in this very moment: refused by rename(2) but for an empty folder.
    await rename(trashedCopyOf(record), place)
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error) ?? '')) throw taken()
    throw systemProblem(`${doing}: move its working copy to ${place}`, error) ?? error
  }
  await syncFolder(dirname(place))
}

/** It was left in its place, or brought back by a call that was cut off, or by hand: then it stands there. @throws Problem */
async function checkPlace({ record }: TrashEntry, doing: string, tools: SessionTools): Promise<void> {
  const parsed = parseRepository(record.repository, anyRepository)
  const there = parsed.ok && (await inspectWorkingCopy(record.working_copy, parsed.repository, tools.repositories))
  if (there !== false && there.kind === 'same') return
  throw new Problem({
    doing,
    because: `its working copy is neither in the trash nor at ${record.working_copy}`,
    remedy: `put it there, or begin anew: devorch create ${record.project} ${record.repository}`,
  })
}
