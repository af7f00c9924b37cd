import { readdir, readFile } from 'node:fs/promises'
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
}

/** The processes of this machine that this one may see, by their pids. */
export async function readProcesses(): Promise<ReadonlyMap<number, ProcessFact>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const facts = await Promise.all(pids.map((pid) => readProcess(Number(pid))))
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
  }
}

/** Whether a process was started with this variable (`NAME=value`); false where its environment can't be read. */
export async function wasStartedWith(pid: number, variable: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid.toString()}/environ`, 'latin1').catch(() => '')
  return `\0${environment}`.includes(`\0${variable}\0`)
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
