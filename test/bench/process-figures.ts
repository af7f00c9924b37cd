import { readdir, readFile } from 'node:fs/promises'

/** What a process has of the machine. */
export interface ProcessFigures {
  /** VmRSS (proc_pid_status(5)) in MiB: all its pages in memory, shared ones in full. */
  readonly rssMb: number
  /** Pss (smaps_rollup) in MiB: of a page that several processes share, each has its part. */
  readonly pssMb: number
  /** The most of VmRSS so far. */
  readonly peakMb: number
  /** Of the processor, in all its threads, since it began. */
  readonly cpuMs: number
  /** The same of the processes that it started and that have ended. */
  readonly endedMs: number
}

/** Clock ticks a second in /proc/PID/stat: USER_HZ, 100 on every Linux (time(7)). */
const ticksPerSecond = 100

export async function processFigures(pid: number): Promise<ProcessFigures> {
  const [status, rollup, stat] = await Promise.all(
    ['status', 'smaps_rollup', 'stat'].map((name) => readFile(`/proc/${pid.toString()}/${name}`, 'utf8')),
  )
  const mb = (text: string | undefined, name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text ?? '')?.[1]) / 1024
  // The second field is the program's name in parentheses, which may hold blanks; the 14th to 17th are utime, stime, cutime and cstime.
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ')
  const ms = (first: number) => ((Number(fields[first]) + Number(fields[first + 1])) * 1000) / ticksPerSecond
  return {
    rssMb: mb(status, 'VmRSS'),
    pssMb: mb(rollup, 'Pss'),
    peakMb: mb(status, 'VmHWM'),
    cpuMs: ms(11),
    endedMs: ms(13),
  }
}

/** The process and all that it has started, the figures of all of them in one. */
export async function treeFigures(pid: number): Promise<ProcessFigures> {
  const all = await Promise.all((await treeOf(pid)).map(processFigures))
  const sum = (pick: (figures: ProcessFigures) => number) => all.reduce((total, figures) => total + pick(figures), 0)
  return {
    rssMb: sum(({ rssMb }) => rssMb),
    pssMb: sum(({ pssMb }) => pssMb),
    peakMb: sum(({ peakMb }) => peakMb),
    cpuMs: sum(({ cpuMs }) => cpuMs),
    endedMs: sum(({ endedMs }) => endedMs),
  }
}

async function treeOf(pid: number): Promise<number[]> {
  const tasks = await readdir(`/proc/${pid.toString()}/task`)
  const lists = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid.toString()}/task/${task}/children`, 'utf8')),
  )
  const children = lists.flatMap((text) =>
    text
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  )
  return [pid, ...(await Promise.all(children.map(treeOf))).flat()]
}
