import type { Workshop } from '../daemon/assemble.js'
import { heldBecause, readLoad } from '../daemon/hold-back.js'
import { parseJobId } from '../job/id.js'
import type { JobState, JobView } from '../job/record.js'
import { ago, openWorkshop, table, type CommandContext, type ExitCode } from './context.js'

/** One line of the listing. `name`: the job id, or a file in the inbox that is no job yet. */
interface Row {
  readonly job: string
  readonly state: JobState | 'waiting' | 'ignored'
  readonly project: string
  readonly received_at: string | undefined
  readonly note: string
}

const states = ['queued', 'active', 'done', 'failed'] as const

/** `devorch jobs`: what is in the folders, newest first, with the reason where something waits or failed. */
export async function jobs(
  context: CommandContext,
  options: { readonly state: string | undefined; readonly limit: number; readonly json: boolean },
): Promise<ExitCode> {
  const wanted = states.find((state) => state === options.state)
  if (options.state !== undefined && wanted === undefined) {
    context.complain(`there is no state "${options.state}"; use ${states.join(', ')}`)
    return 2
  }
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const rows: Row[] = []
  for (const state of wanted === undefined ? states : [wanted]) {
    rows.push(...(state === 'queued' ? await queuedRows(workshop) : await settledRows(workshop, state, options.limit)))
  }
  if (options.json) {
    context.print(JSON.stringify(rows, undefined, 2))
    return 0
  }
  if (rows.length === 0) {
    context.complain('no jobs')
    return 0
  }
  const now = new Date()
  const lines = rows.map((row) => [
    row.job,
    row.state,
    row.project,
    row.received_at === undefined ? '' : ago(new Date(row.received_at), now),
    row.note.split('\n')[0] ?? '',
  ])
  for (const line of table(['JOB', 'STATE', 'PROJECT', 'RECEIVED', ''], lines)) context.print(line)
  return 0
}

async function queuedRows(workshop: Workshop): Promise<Row[]> {
  const { inbox, spool, config } = workshop
  const active = await spool.list('active')
  const load = await readLoad(workshop, active.length)
  const rows: Row[] = []
  for (const entry of await inbox.scan()) {
    const id = parseJobId(entry.name.replace(/\.yaml$/, ''))
    const view = id === undefined ? undefined : await spool.find(id)
    const common = { job: id ?? entry.name, project: view?.job?.project_name ?? '', received_at: view?.receivedAt }
    switch (entry.kind) {
      case 'ready': {
        const held = heldBecause(view?.job?.action ?? 'create', load, config.worker)
        rows.push({ ...common, state: 'queued', note: held === undefined ? '' : `held back: ${held}` })
        break
      }
      case 'waiting':
        rows.push({ ...common, state: 'waiting', note: entry.because })
        break
      case 'ignored':
        if (!entry.name.startsWith('README')) rows.push({ ...common, state: 'ignored', note: entry.because })
        break
    }
  }
  return rows
}

async function settledRows(workshop: Workshop, state: JobState, limit: number): Promise<Row[]> {
  const rows: Row[] = []
  for (const id of (await workshop.spool.list(state)).slice(0, limit)) {
    const view = await workshop.spool.find(id)
    if (view === undefined) continue
    rows.push({
      job: id,
      state: view.state,
      project: view.job?.project_name ?? view.file ?? '',
      received_at: view.receivedAt,
      note: noteOf(view),
    })
  }
  return rows
}

function noteOf({ result, attempts }: JobView): string {
  switch (result?.status) {
    case undefined:
      return `attempt ${attempts.toString()}`
    case 'failed':
    case 'cancelled':
      return result.error.message
    case 'duplicate':
      return `duplicate: ${result.message}`
    case 'created':
    case 'existing':
    case 'destroyed':
    case 'restarted':
    case 'restored':
    case 'sent':
      return `${result.status} ${result.session}`
  }
}
