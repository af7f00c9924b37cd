import { keyOf, lineOf, startedWith, type ProcessFact } from '../support/process-table.js'
import { jobVariable } from '../tmux/script.js'
import type { LivePane, TmuxServer } from '../tmux/types.js'

/** The job whose session each process was started in, as its environment says; null: in none. By `keyOf`. */
export type Marks = Map<string, string | null>

/**
 * Which processes belong to which session, by the job that made it: by the same signs as `session/reap.ts` (ancestors, the terminal's
 * session, `DEVORCH_JOB`), but for all sessions at once. What belongs to a tmux server that was started in a session is that server's.
 * @param marks what earlier calls have read; what is not there any more is taken out
 */
export async function processesOfSessions(
  panes: readonly LivePane[],
  server: TmuxServer | undefined,
  processes: ReadonlyMap<number, ProcessFact>,
  marks: Marks,
): Promise<ReadonlyMap<string, readonly ProcessFact[]>> {
  const owners = ownersOf(panes, server, processes)
  const found = new Map<string, ProcessFact[]>()
  const keys = new Set<string>()
  for (const fact of processes.values()) {
    keys.add(keyOf(fact))
    if (fact.isZombie) continue
    const place = jobByPlace(fact, processes, owners)
    const job = place === undefined ? await markOf(fact, marks) : place
    if (job === null) continue
    const sessions = found.get(job)
    if (sessions === undefined) found.set(job, [fact])
    else sessions.push(fact)
  }
  for (const key of marks.keys()) if (!keys.has(key)) marks.delete(key)
  return found
}

/** Of the panes' own processes, by pid; undefined: a window that several sessions share. */
type Owners = ReadonlyMap<number, { readonly startTime: string; readonly job: string | null | undefined }>

function ownersOf(
  panes: readonly LivePane[],
  server: TmuxServer | undefined,
  processes: ReadonlyMap<number, ProcessFact>,
): Owners {
  const owners = new Map<number, { startTime: string; job: string | null | undefined }>()
  for (const { pid, dead, jobId } of panes) {
    const fact = processes.get(pid)
    // The pid of a pane whose process has ended may be anybody's by now.
    if (dead || fact === undefined || fact.parent !== server?.pid) continue
    const known = owners.get(pid)
    owners.set(pid, { startTime: fact.startTime, job: known === undefined || known.job === jobId ? jobId : undefined })
  }
  return owners
}

/** @returns null: it is somebody else's; undefined: its place does not tell */
function jobByPlace(
  fact: ProcessFact,
  processes: ReadonlyMap<number, ProcessFact>,
  owners: Owners,
): string | null | undefined {
  for (const { pid, startTime, name } of lineOf(fact.pid, processes)) {
    const owner = owners.get(pid)
    if (owner?.startTime === startTime) return owner.job
    if (name === 'tmux: server') return null
  }
  const owner = owners.get(fact.session)
  const leader = processes.get(fact.session)
  return owner !== undefined && (leader === undefined || leader.startTime === owner.startTime) ? owner.job : undefined
}

async function markOf(fact: ProcessFact, marks: Marks): Promise<string | null> {
  const key = keyOf(fact)
  const known = marks.get(key)
  if (known !== undefined) return known
  const mark = (await startedWith(fact.pid, jobVariable)) ?? null
  marks.set(key, mark)
  return mark
}
