import { readdir, readFile } from 'node:fs/promises'
import { mapAtMost } from './at-most.js'
import { codeOf } from './problem.js'

/** A process as proc(5) tells of it. */
export interface ProcessFact {
  readonly pid: number
  readonly parent: number
  /** Its session (getsid(2)): the pid of the process that a terminal was opened for, where it has not called setsid(2). */
  readonly session: number
  /** In clock ticks since the boot. With the pid it names one process; a pid alone is given again. */
  readonly startTime: string
  /** At most 15 characters. */
  readonly name: string
  /** It has ended, and its parent has not asked how. */
  readonly isZombie: boolean
  /** What it has had of the processor, with those of its children that have ended and been waited for; in hundredths of a second. */
  readonly ticks: number
  /** Pages of memory that it has in RAM, shared ones with it. */
  readonly residentPages: number
}

/** How many are read side by side. */
const atOnce = 16

/** The processes of this machine that this one may see, by their pids. */
export async function readProcesses(): Promise<ReadonlyMap<number, ProcessFact>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const facts = await mapAtMost(atOnce, pids, readProcess)
  return new Map(facts.filter((fact) => fact !== undefined).map((fact) => [fact.pid, fact]))
}

/** proc_pid_stat(5); undefined where there is no such process. */
async function readProcess(pid: number): Promise<ProcessFact | undefined> {
  const stat = await readFile(`/proc/${pid.toString()}/stat`, 'utf8').catch(() => '')
  // The name may hold anything, also a parenthesis or a line break.
  const nameEnd = stat.lastIndexOf(')')
  if (nameEnd === -1) return undefined
  const fields = stat.slice(nameEnd + 2).split(' ')
  return {
    pid,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    isZombie: fields[0] === 'Z' || fields[0] === 'X',
    // The kernel's USER_HZ, which is 100 on the machines that Node runs on.
    ticks: [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0),
    residentPages: Number(fields[21]),
  }
}

/** Whether a process was started with this variable (`NAME=value`); false where its environment can't be read. */
export async function wasStartedWith(pid: number, variable: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid.toString()}/environ`, 'latin1').catch(() => '')
  return `\0${environment}`.includes(`\0${variable}\0`)
}

/** The value of a variable that a process was started with; undefined: without it, or its environment can't be read. */
export async function startedWith(pid: number, variable: string): Promise<string | undefined> {
  const environment = await readFile(`/proc/${pid.toString()}/environ`, 'latin1').catch(() => '')
  const entry = environment.split('\0').find((one) => one.startsWith(`${variable}=`))
  return entry?.slice(variable.length + 1)
}

/**
 * The memory of a process in bytes: its proportional share (Pss of proc_pid_smaps(5)), so that what several processes share, as the
 * pages of one program, counts once in the sum of them. 0 where it has ended or is another user's.
 */
export async function readMemory(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid.toString()}/smaps_rollup`, 'latin1').catch(() => '')
  return Number(/^Pss: +(\d+) kB$/m.exec(rollup)?.[1] ?? 0) * 1024
}

/** A process and its ancestors, the nearest first. */
export function lineOf(pid: number, processes: ReadonlyMap<number, ProcessFact>): ProcessFact[] {
  const line: ProcessFact[] = []
  for (let at = processes.get(pid); at !== undefined && !line.includes(at); at = processes.get(at.parent)) line.push(at)
  return line
}

/** Names one process, among all of one boot. */
export function keyOf({ pid, startTime }: ProcessFact): string {
  return `${pid.toString()}:${startTime}`
}

/** Sends a signal to just this process, not to one that has got its pid since. */
export async function signalProcess(fact: ProcessFact, signal: NodeJS.Signals): Promise<'sent' | 'gone' | 'refused'> {
  if ((await readProcess(fact.pid))?.startTime !== fact.startTime) return 'gone'
  try {
    process.kill(fact.pid, signal)
    return 'sent'
  } catch (error) {
    return codeOf(error) === 'EPERM' ? 'refused' : 'gone'
  }
}
