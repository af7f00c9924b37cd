import { keyOf, type ProcessFact } from '../support/process-table.js'

/** What the processes of a session had had of the processor at a moment. */
export interface CpuSample {
  /** By a clock that is not set, in milliseconds. */
  readonly atMs: number
  /** By `keyOf`. */
  readonly processes: ReadonlyMap<string, { readonly ticks: number; readonly pid: number; readonly parent: number }>
}

export function sampleCpu(facts: readonly ProcessFact[], atMs: number): CpuSample {
  const processes = facts.map((fact) => {
    const { ticks, pid, parent } = fact
    return [keyOf(fact), { ticks, pid, parent }] as const
  })
  return { atMs, processes: new Map(processes) }
}

/**
 * What a session had of one core between two samples; 1 is a whole one. The time of a process that has ended since is its parent's, who
 * has waited for it (proc_pid_stat(5), cutime); where its parents have ended, too, what it had since the first sample is lost.
 */
export function cpuShare(before: CpuSample, now: CpuSample): number {
  const seconds = (now.atMs - before.atMs) / 1000
  if (seconds <= 0) return 0
  const sumNow = sum([...now.processes.values()].map(({ ticks }) => ticks))
  const byPid = new Map([...before.processes].map(([key, { pid, parent }]) => [pid, { key, parent }]))
  const counted = [...before.processes].filter(([key, { parent }]) => now.processes.has(key) || isLeft(parent))
  const sumBefore = sum(counted.map(([, { ticks }]) => ticks))
  return Math.max(0, Math.round(((sumNow - sumBefore) * 10) / seconds) / 1000)

  /** Whether this process of the session, or one that it comes from, is there still. */
  function isLeft(pid: number): boolean {
    const seen = new Set<number>()
    for (let at = byPid.get(pid); at !== undefined && !seen.has(at.parent); at = byPid.get(at.parent)) {
      if (now.processes.has(at.key)) return true
      seen.add(at.parent)
    }
    return false
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
