import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile, readdir, readFile, rename } from 'node:fs/promises'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { spreadOf, verdict, type Spread } from './figures.js'
import { makePlace, type Place } from './place.js'

/*
 * What many standing sessions cost: how long `devorch ls` takes, and what the daemon needs of memory and processor while nothing happens. Each
 * session is made by a job file, with four panes and `cat` as its agent. docs/benchmarks.md says what the figures mean.
 */

/** Of so many sessions that stand. */
export interface StandingFigures {
  readonly sessions: number
  /** `devorch ls` as a process, from its start to its end, in milliseconds. */
  readonly lsMs: Spread
  /** The same of `devorch --help`, which looks at nothing. */
  readonly helpMs: Spread
  /** What a run of each takes of the processor, with the tmux that it asks, in milliseconds: the same on a busy machine. */
  readonly lsProcessorMs: number
  readonly helpProcessorMs: number
  /** Resident memory of the daemon (VmRSS of proc_pid_status(5)), and its share of it (Pss of proc_pid_smaps(5)), in MiB. */
  readonly residentMib: number
  readonly shareMib: number
  /** Of one core while idle, in percent: of the daemon itself, and with the programs that it ran. */
  readonly ownPercent: number
  readonly allPercent: number
  /** How long that was looked at, in seconds. */
  readonly idleSeconds: number
  /** Of the machine, over the last minute. */
  readonly load: number
}

const sessions = 50
const lsRuns = 20
const idleSeconds = 60
const most = { lsMs: 300, mib: 120, percent: 3 }

export async function measureStanding(root: string): Promise<StandingFigures> {
  const place = await makePlace(root, { small: { 'README.md': '# Small\n', 'src/index.js': 'console.log(1)\n' } }, 1)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void place.close().finally(() => process.exit(1)))
  }
  try {
    await makeSessions(place)
    // The first ones read the program from the disk.
    for (const args of [['ls'], ['--help']]) await commandRun(place, args)
    const ls: Run[] = []
    const help: Run[] = []
    for (let run = 0; run < lsRuns; run += 1) {
      ls.push(await commandRun(place, ['ls']))
      help.push(await commandRun(place, ['--help']))
    }
    const { pid } = place.daemon
    const before = await ticksOf(pid)
    const begunMs = performance.now()
    await sleep(idleSeconds * 1000)
    const after = await ticksOf(pid)
    const seconds = (performance.now() - begunMs) / 1000
    return {
      sessions,
      lsMs: spreadOf(ls.map(({ ms }) => ms)),
      helpMs: spreadOf(help.map(({ ms }) => ms)),
      lsProcessorMs: spreadOf(ls.map(({ processorMs }) => processorMs)).median,
      helpProcessorMs: spreadOf(help.map(({ processorMs }) => processorMs)).median,
      residentMib: (await kibOf(`/proc/${pid.toString()}/status`, 'VmRSS')) / 1024,
      shareMib: (await kibOf(`/proc/${pid.toString()}/smaps_rollup`, 'Pss')) / 1024,
      // Clock ticks are hundredths of a second (proc_pid_stat(5), USER_HZ).
      ownPercent: (after.own - before.own) / seconds,
      allPercent: (after.all - before.all) / seconds,
      idleSeconds,
      load: loadavg()[0] ?? Number.NaN,
    }
  } finally {
    await place.close()
  }
}

/** The figures in words, with what they may be at most. */
export function describeStanding(figures: StandingFigures): string {
  const spread = ({ median, min, max }: Spread) => `${median.toFixed(0)} ms (${min.toFixed(0)}…${max.toFixed(0)})`
  const { lsMs, helpMs, ownPercent, allPercent } = figures
  const met = (value: number, atMost: number) => `(at most ${atMost.toString()}: ${value <= atMost ? 'met' : 'MISSED'})`
  return [
    `${figures.sessions.toString()} sessions stand; load of the machine ${figures.load.toFixed(1)}`,
    `  devorch ls, ${lsRuns.toString()} runs, median (min…max): ${spread(lsMs)} ${met(lsMs.median, most.lsMs)}`,
    `  devorch --help, which looks at nothing: ${spread(helpMs)}`,
    `  of the processor: ${figures.lsProcessorMs.toFixed(0)} ms, and ${figures.helpProcessorMs.toFixed(0)} ms`,
    `  memory of the daemon: ${verdict(figures.residentMib, most.mib, 'MiB')}; its share, of what is shared: ${figures.shareMib.toFixed(0)} MiB`,
    `  of one core in ${figures.idleSeconds.toString()} idle seconds, with the programs that it runs: ${allPercent.toFixed(1)} % ${met(allPercent, most.percent)}; itself: ${ownPercent.toFixed(1)} %`,
  ].join('\n')
}

/** By a job file each, and waits until all are settled and the daemon has come to rest. */
async function makeSessions(place: Place): Promise<void> {
  const inbox = join(place.home, 'inbox')
  for (let index = 0; index < sessions; index += 1) {
    const name = `busy-${index.toString()}.yaml`
    const job = `project_name: project-${index.toString()}\nrepo_url: ${place.server.url}/small-0.git\n...\n`
    await writeFile(join(inbox, `.${name}`), job)
    await rename(join(inbox, `.${name}`), join(inbox, name))
  }
  for (;;) {
    const failed = (await readdir(join(place.home, 'state', 'failed'))).filter((name) => name.endsWith('.yaml'))
    if (failed.length > 0) throw new Error(`a job failed:\n${place.daemon.log()}`)
    const done = (await readdir(join(place.home, 'state', 'done'))).filter((name) => name.endsWith('.yaml'))
    if (done.length === sessions) break
    await sleep(500)
  }
  // What is looked at after a session is made, once.
  await sleep(60_000)
}

/** In milliseconds. */
interface Run {
  readonly ms: number
  readonly processorMs: number
}

async function commandRun(place: Place, args: readonly string[]): Promise<Run> {
  const before = await ticksOf(process.pid)
  const begunMs = performance.now()
  const child = spawn(process.execPath, [join(place.root, 'dist', 'main.js'), ...args], {
    env: { ...place.environment, DEVORCH_HOME: place.home },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let lines = 0
  child.stdout.on('data', (data: Buffer) => (lines += data.toString('latin1').split('\n').length - 1))
  const [code] = (await once(child, 'close')) as [number | null]
  const ms = performance.now() - begunMs
  if (code !== 0) throw new Error(`devorch ${args.join(' ')} ended with ${String(code)}`)
  if (args[0] === 'ls' && lines !== sessions + 1) throw new Error(`devorch ls printed ${lines.toString()} lines`)
  // Nothing else that ran for this process has ended meanwhile.
  const after = await ticksOf(process.pid)
  return { ms, processorMs: (after.all - after.own - (before.all - before.own)) * 10 }
}

/** What a process has had of the processor, in clock ticks; `all`: with those of its children that have ended. */
async function ticksOf(pid: number): Promise<{ readonly own: number; readonly all: number }> {
  const stat = await readFile(`/proc/${pid.toString()}/stat`, 'latin1')
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number)
  return { own: user + system, all: user + system + childUser + childSystem }
}

async function kibOf(file: string, key: string): Promise<number> {
  const value = new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(await readFile(file, 'latin1'))?.[1]
  return Number(value ?? Number.NaN)
}
