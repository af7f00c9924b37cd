import { removeFromTrash, restoreFromTrash } from '../daemon/trash-work.js'
import { parseSessionName, sessionNameOf } from '../session/name.js'
import { listTrash, type TrashEntry } from '../session/trash-list.js'
import { unsavedNow } from '../session/trash-prune.js'
import { Problem } from '../support/problem.js'
import { ago, openWorkshop, table, type CommandContext, type ExitCode } from './context.js'

/** `devorch trash [list]`: the removed sessions that can be had back. */
export async function listRemoved(context: CommandContext, json: boolean): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const entries = await listTrash(workshop.tools)
  if (json) {
    context.print(JSON.stringify(entries.map(asJson), undefined, 2))
    return 0
  }
  if (entries.length === 0) {
    context.complain('the trash is empty')
    return 0
  }
  const now = new Date()
  const rows = entries.map((entry) => [
    entry.name,
    ago(entry.removedAt, now),
    entry.unsaved === null ? 'not known' : entry.unsaved.length === 0 ? 'nothing' : entry.unsaved.join(', '),
    entry.why ?? '',
    entry.id,
  ])
  for (const line of table(['SESSION', 'REMOVED', 'UNSAVED', 'WHY', 'ID'], rows)) context.print(line)
  return 0
}

/** `devorch trash restore NAME|ID`: the session stands again, with its working copy and its agent's conversation. */
export async function restoreRemoved(context: CommandContext, given: string, json: boolean): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const entries = await listTrash(workshop.tools)
  const entry = chosen(entries, given)
  if (entry === undefined) {
    context.complain(`no session called "${given}" is in the trash; see \`devorch trash\``)
    return 1
  }
  const older = entries.filter((other) => other.name === entry.name && other.id !== entry.id).length
  const result = await restoreFromTrash(entry, workshop.tools, context.signal)
  if (json) {
    context.print(JSON.stringify(result, undefined, 2))
    return 0
  }
  context.print(`session ${entry.name} is back, its working copy at ${entry.record.working_copy}`)
  if (older > 0 && given !== entry.id) {
    context.print(`${older.toString()} more of that name in the trash: by id, see \`devorch trash\``)
  }
  if (result.status === 'restarted') context.print(`attach with: ${result.attach_command ?? ''}`)
  return 0
}

/** `devorch trash empty`: removes for good what holds nothing unsaved; with `--all` the rest as well. */
export async function emptyTrash(context: CommandContext, all: boolean, json: boolean): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const { tools } = workshop
  const removed: TrashEntry[] = []
  const kept: { readonly entry: TrashEntry; readonly because: string }[] = []
  for (const entry of await listTrash(tools)) {
    const unsaved = all || entry.copy === null ? [] : await unsavedNow(entry, tools)
    if (unsaved?.length !== 0) {
      kept.push({ entry, because: unsaved?.join(', ') ?? 'it is not known what it holds' })
      continue
    }
    try {
      if (await removeFromTrash(entry, tools)) removed.push(entry)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      kept.push({ entry, because: error.message })
    }
  }
  if (json) {
    const still = kept.map(({ entry, because }) => ({ ...asJson(entry), because }))
    context.print(JSON.stringify({ removed: removed.map(asJson), kept: still }, undefined, 2))
  } else {
    for (const { id } of removed) context.print(`${id} removed`)
    for (const { entry, because } of kept) context.complain(`${entry.id} stays: ${because}`)
    if (kept.length > 0 && !all) context.complain('to remove unsaved work, too: devorch trash empty --all')
  }
  return kept.length === 0 ? 0 : 1
}

/** By id, or the one removed last of that name, a session's or a project's. */
function chosen(entries: readonly TrashEntry[], given: string): TrashEntry | undefined {
  const wanted = [parseSessionName(given), sessionNameOf(given)]
  return (
    entries.find((entry) => entry.id === given) ??
    entries.find((entry) => entry.record.project === given) ??
    entries.find((entry) => wanted.includes(entry.name))
  )
}

function asJson({ id, name, record, removedAt, why, unsaved, copy }: TrashEntry) {
  return {
    id,
    name,
    project: record.project,
    repository: record.repository,
    working_copy: record.working_copy,
    removed_at: removedAt.toISOString(),
    why,
    unsaved,
    in_trash: copy,
  }
}
