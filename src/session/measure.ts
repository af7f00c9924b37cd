import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { readGitState } from '../repo/git-state.js'
import { run } from '../support/process.js'
import { keyOf, readMemory, readProcesses, type ProcessFact } from '../support/process-table.js'
import type { DiskFigures, Figures, GitFigures } from './figures.js'
import { processesOfSessions } from './processes.js'
import type { SessionTools } from './tools.js'

/** A limit for one look, and what ends it before. */
export interface Bounds {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

/** How a working copy stands by git; null: it could not be told. Runs nothing that the working copy brings along. */
export async function measureGit(
  workingCopy: string,
  tools: SessionTools,
  before: GitFigures | null,
  { timeoutMs, signal }: Bounds,
): Promise<GitFigures | null> {
  const known =
    before === null
      ? undefined
      : { ...before, committedAt: before.committed_at === null ? null : new Date(before.committed_at) }
  const { environment } = tools
  const state = await readGitState(
    workingCopy,
    { environment, timeoutMs, ...(signal === undefined ? {} : { signal }) },
    known,
  )
  if (state === undefined) return null
  const { committedAt, ...rest } = state
  return { at: tools.now().toISOString(), ...rest, committed_at: committedAt?.toISOString() ?? null }
}

/** What a working copy takes of its own filesystem; at the lowest priority. */
export async function measureDisk(
  workingCopy: string,
  tools: SessionTools,
  { timeoutMs, signal }: Bounds,
): Promise<DiskFigures> {
  const result = await run('nice', ['-n', '19', 'du', '-s', '-x', '--block-size=1', '--', workingCopy], {
    timeoutMs,
    env: tools.environment,
    ...(signal === undefined ? {} : { signal }),
  })
  // It ends with 1, and a sum all the same, where files go while it counts.
  const bytes = result.ended === 'exited' ? /^(\d{1,18})\t/.exec(result.stdout)?.[1] : undefined
  return { at: tools.now().toISOString(), bytes: bytes === undefined ? null : Number(bytes) }
}

/**
 * What changes when a session's git state does, or its agent gives a sign: times and sizes of files, nothing that takes time. Changed
 * files alone are no sign.
 */
export async function signsOfWork(workingCopy: string, sessionFolder: string): Promise<string> {
  const git = ['HEAD', 'index', 'config', 'packed-refs', 'FETCH_HEAD', 'logs/HEAD', 'refs/remotes/origin']
  const paths = [
    workingCopy,
    ...git.map((name) => join(workingCopy, '.git', name)),
    join(sessionFolder, 'agent-events'),
  ]
  const stats = await Promise.all(paths.map((path) => lstat(path).catch(() => undefined)))
  return stats.map((one) => (one === undefined ? '' : `${one.mtimeMs.toString()}/${one.size.toString()}`)).join(' ')
}

/** All at once, for one session that no daemon has looked at lately; what its processes need of the processor can't be told so. */
export async function measureNow(
  session: { readonly working_copy: string; readonly job_id: string },
  tools: SessionTools,
): Promise<Omit<Figures, 'job_id'>> {
  const bounds = { timeoutMs: 10_000 }
  const listing = await tools.tmux.listPanes()
  const { server, panes } = listing.kind === 'panes' ? listing : { server: undefined, panes: [] }
  const found = await processesOfSessions(panes, server, await readProcesses(), new Map())
  const facts = found.get(session.job_id) ?? []
  const [memory = 0] = await createMemoryMeter()([facts])
  const at = tools.now().toISOString()
  return {
    git: await measureGit(session.working_copy, tools, null, bounds),
    processes: { at, count: facts.length, memory_bytes: memory, cpu: null },
    disk: await measureDisk(session.working_copy, tools, bounds),
  }
}

/** Tells the memory of processes in bytes, and reads it anew only of those that have done something since. */
export function createMemoryMeter(): (sessions: Iterable<readonly ProcessFact[]>) => Promise<readonly number[]> {
  let known = new Map<string, { readonly ticks: number; readonly residentPages: number; readonly bytes: number }>()
  return async (sessions) => {
    const next: typeof known = new Map()
    const sums: number[] = []
    for (const facts of sessions) {
      let sum = 0
      for (const fact of facts) {
        const { ticks, residentPages } = fact
        const before = known.get(keyOf(fact))
        const isSame = before?.ticks === ticks && before.residentPages === residentPages
        const bytes = isSame ? before.bytes : await readMemory(fact.pid)
        next.set(keyOf(fact), { ticks, residentPages, bytes })
        sum += bytes
      }
      sums.push(sum)
    }
    known = next
    return sums
  }
}
