import { setTimeout as delay } from 'node:timers/promises'
import { Problem } from '../support/problem.js'
import {
  keyOf,
  lineOf,
  readProcesses,
  signalProcess,
  wasStartedWith,
  type ProcessFact,
} from '../support/process-table.js'
import { jobVariable } from '../tmux/script.js'
import type { Tmux } from '../tmux/tmux.js'
import type { LivePane, TmuxServer } from '../tmux/types.js'
import { listPanes } from './standing.js'

/** What became of a session's processes. */
export interface Reaped {
  /** Those that could not be ended: another user's, as by sudo, or one that hangs in the kernel. */
  readonly left: readonly { readonly pid: number; readonly name: string }[]
}

/** How long processes have to end by themselves after SIGTERM, and the panes' own after tmux's SIGHUP. */
const graceMs = 3000
const hangUpMs = 1000
const pauseMs = 50
/** How often what is still there, or has come anew, is killed. */
const killRounds = 20

/**
 * Ends a session of tmux, known by the job that made it, with every process that began in it: SIGTERM, a while, SIGKILL.
 * The panes' own processes come last, with the session, so that a call that was cut off can be repeated: they tell
 * which the others are. Another session's processes are never touched, nor is a tmux server.
 * @throws Problem where this very process belongs to the session; transient, where tmux gives no answer
 */
export async function reapSession(jobId: string, tmux: Tmux): Promise<Reaped> {
  const listing = await listPanes(tmux)
  const search = createSearch(jobId, listing.panes, listing.server)
  const before = await search.find()
  if (before.includesCaller) {
    throw new Problem({
      doing: 'end the session',
      because: 'this program runs in the session itself, and would end with it',
      remedy: 'run it outside of the session: detach first (Ctrl-b d)',
    })
  }
  await endAll(async () => (await search.find()).others, graceMs)
  const ids = new Set(listing.panes.filter((pane) => pane.jobId === jobId).map((pane) => pane.sessionId))
  for (const id of ids) await tmux.killSession(id)
  const everything = async () => {
    const { leaders, others } = await search.find()
    return [...leaders, ...others]
  }
  await endAll(everything, hangUpMs)
  return { left: (await everything()).map(({ pid, name }) => ({ pid, name })) }
}

/** Asks processes to end until none is found, and after a while kills those that are. */
async function endAll(find: () => Promise<readonly ProcessFact[]>, withinMs: number): Promise<void> {
  const asked = new Set<string>()
  const refused = new Set<string>()
  const deadline = performance.now() + withinMs
  for (let killed = 0; killed < killRounds;) {
    const found = (await find()).filter((fact) => !refused.has(keyOf(fact)))
    if (found.length === 0) return
    const isLate = performance.now() > deadline
    if (isLate) killed += 1
    for (const fact of found) {
      if (!isLate && asked.has(keyOf(fact))) continue
      asked.add(keyOf(fact))
      if ((await signalProcess(fact, isLate ? 'SIGKILL' : 'SIGTERM')) === 'refused') refused.add(keyOf(fact))
      // One that a person has stopped (Ctrl-z) must go on in order to end.
      else if (!isLate) await signalProcess(fact, 'SIGCONT')
    }
    await delay(pauseMs)
  }
}

/** A session's processes at a moment. */
interface Found {
  /** The panes' own. */
  readonly leaders: readonly ProcessFact[]
  readonly others: readonly ProcessFact[]
  /** Whether the program that asks is one of them. */
  readonly includesCaller: boolean
}

interface Search {
  find(): Promise<Found>
}

function createSearch(jobId: string, panes: readonly LivePane[], server: TmuxServer | undefined): Search {
  const mark = `${jobVariable}=${jobId}`
  const marked = new Map<string, boolean>()
  const isMarked = async (fact: ProcessFact): Promise<boolean> => {
    const known = marked.get(keyOf(fact))
    if (known !== undefined) return known
    const answer = await wasStartedWith(fact.pid, mark)
    marked.set(keyOf(fact), answer)
    return answer
  }
  let sides: Sides | undefined
  return {
    async find() {
      const processes = await readProcesses()
      sides ??= await takeSides(jobId, panes, server, processes, isMarked)
      const leaders: ProcessFact[] = []
      const others: ProcessFact[] = []
      for (const fact of processes.values()) {
        if (fact.isZombie || !(await belongs(fact, processes, sides, isMarked))) continue
        if (sides.ours.get(fact.pid) === fact.startTime) leaders.push(fact)
        else others.push(fact)
      }
      const found = new Set([...leaders, ...others].map(({ pid }) => pid))
      return { leaders, others, includesCaller: lineOf(process.pid, processes).some(({ pid }) => found.has(pid)) }
    },
  }
}

/** The panes' own processes, by pid with their start times. */
interface Sides {
  readonly ours: ReadonlyMap<number, string>
  readonly theirs: ReadonlyMap<number, string>
}

/**
 * Which panes are the session's. The pid of a pane whose process has ended may be anybody's by now. A window that two
 * sessions share (`new-session -t`, `link-window`) is of the one that it was made in.
 */
async function takeSides(
  jobId: string,
  panes: readonly LivePane[],
  server: TmuxServer | undefined,
  processes: ReadonlyMap<number, ProcessFact>,
  isMarked: (fact: ProcessFact) => Promise<boolean>,
): Promise<Sides> {
  const ours = new Map<number, string>()
  const theirs = new Map<number, string>()
  for (const { pid, dead } of panes) {
    const fact = processes.get(pid)
    if (dead || fact === undefined || fact.parent !== server?.pid) continue
    const holders = panes.filter((pane) => pane.pid === pid)
    const mine = holders.filter((pane) => pane.jobId === jobId)
    const isOurs = mine.length === holders.length || (mine.length > 0 && (await isMarked(fact)))
    ;(isOurs ? ours : theirs).set(pid, fact.startTime)
  }
  return { ours, theirs }
}

/** By its ancestors; one that has left them, by its terminal's session or by the variable that each pane is given. */
async function belongs(
  fact: ProcessFact,
  processes: ReadonlyMap<number, ProcessFact>,
  { ours, theirs }: Sides,
  isMarked: (fact: ProcessFact) => Promise<boolean>,
): Promise<boolean> {
  for (const { pid, startTime, name } of lineOf(fact.pid, processes)) {
    if (ours.get(pid) === startTime) return true
    // A tmux server, also one that was started in the session, holds sessions of its own.
    if (theirs.get(pid) === startTime || name === 'tmux: server') return false
  }
  const leader = processes.get(fact.session)
  const isOurTerminal = ours.has(fact.session) && (leader === undefined || leader.startTime === ours.get(fact.session))
  return isOurTerminal || (await isMarked(fact))
}
