import { stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../support/package.js'
import type { Config } from '../../config/schema.js'
import { availableMemory } from '../../daemon/hold-back.js'
import { childEnvironment } from '../../support/process.js'
import { codeOf } from '../../support/problem.js'
import { createTmux } from '../../tmux/tmux.js'
import type { PaneListing } from '../../tmux/types.js'
import { aptInstall, atLeast, fail, ok, warn, type Check } from './check.js'
import { checkInotify, probeInotify, type InotifyFacts } from './inotify.js'
import { askVersion, type ProgramFact } from './programs.js'

/** What the machine has. Sizes in MiB, times in milliseconds since 1970. */
export interface MachineFacts {
  readonly nodeVersion: string
  readonly git: ProgramFact
  readonly tmux: ProgramFact
  readonly ranger: ProgramFact
  readonly flock: ProgramFact
  readonly timeout: ProgramFact
  readonly tmuxSocket: string
  readonly tmuxServer: PaneListing
  /** Undefined where the system does not tell. */
  readonly freeMemoryMb: number | undefined
  /** By what is kept there; undefined where it could not be asked. */
  readonly freeDiskMb: Readonly<Record<string, number | undefined>>
  /** Room for so many more files; undefined where the filesystem knows no such limit, or could not be asked. */
  readonly freeFiles: Readonly<Record<string, number | undefined>>
  readonly inotify: InotifyFacts
  readonly nowMs: number
  /** When the program's own files were written: the clock can't be before that. */
  readonly installedMs: number
  /** When the newest job that is kept was received; undefined: there is none. */
  readonly newestJobMs: number | undefined
}

const minFreeDiskMb = 1024
const minFreeFiles = 10_000
/** Clocks that are kept by NTP are put back by less. */
const clockSlackMs = 60_000

/** Looks at the machine; changes nothing, and every probe has a time limit. */
export async function probeMachine(
  environment: Readonly<Record<string, string | undefined>>,
  config: Pick<Config, 'tmux'> | undefined,
  disks: Readonly<Record<string, string>>,
  newestJobMs: number | undefined,
): Promise<MachineFacts> {
  const tmuxSocket = config?.tmux.socket_name ?? 'default'
  const server = createTmux({
    socketName: tmuxSocket,
    environment: childEnvironment(environment),
    mayStartServer: false,
  })
  const [git, tmux, ranger, flock, timeout, freeMemoryMb, free, inotify, installed] = await Promise.all([
    askVersion('git', '--version', environment),
    askVersion('tmux', '-V', environment),
    askVersion('ranger', '--version', environment),
    askVersion('flock', '--version', environment),
    askVersion('timeout', '--version', environment),
    availableMemory(),
    Promise.all(Object.entries(disks).map(async ([what, path]) => [what, await freeDisk(path)] as const)),
    probeInotify(packageRoot),
    stat(join(packageRoot, 'package.json')),
  ])
  return {
    nodeVersion: process.versions.node,
    git,
    tmux,
    ranger,
    flock,
    timeout,
    tmuxSocket,
    tmuxServer: tmux.kind === 'missing' ? { kind: 'no-server' } : await server.listPanes(),
    freeMemoryMb,
    freeDiskMb: Object.fromEntries(free.map(([what, disk]) => [what, disk?.mb])),
    freeFiles: Object.fromEntries(free.map(([what, disk]) => [what, disk?.files])),
    inotify,
    nowMs: Date.now(),
    installedMs: installed.mtimeMs,
    newestJobMs,
  }
}

/** Judges the machine. Pure. @param memoryFloorMb `worker.min_free_memory_mb` */
export function checkMachine(facts: MachineFacts, memoryFloorMb: number): Check[] {
  return [
    checkNode(facts.nodeVersion),
    checkGit(facts.git),
    ...checkTmux(facts),
    required('flock', facts.flock, 'util-linux'),
    required('timeout', facts.timeout, 'coreutils'),
    facts.ranger.kind === 'missing'
      ? warn('ranger', 'is not installed; the files pane is a shell', aptInstall('ranger'))
      : ok('ranger', versionOf(facts.ranger)),
    checkMemory(facts.freeMemoryMb, memoryFloorMb),
    ...Object.entries(facts.freeDiskMb).map(([what, freeMb]) => checkDisk(what, freeMb, facts.freeFiles[what])),
    checkInotify(facts.inotify),
    checkClock(facts),
  ]
}

function checkClock({ nowMs, installedMs, newestJobMs }: MachineFacts): Check {
  const now = new Date(nowMs).toISOString()
  const remedy = 'set it: timedatectl set-ntp true'
  if (nowMs < installedMs) return fail('clock', `says ${now}, which is before this program was installed`, remedy)
  if (newestJobMs !== undefined && nowMs < newestJobMs - clockSlackMs) {
    const newest = new Date(newestJobMs).toISOString()
    return warn('clock', `says ${now}, which is before the newest job was received, ${newest}`, remedy)
  }
  return ok('clock', now)
}

function checkNode(version: string): Check {
  return atLeast(version, 20, 19) === true
    ? ok('node', version)
    : fail('node', `${version} is too old`, 'install Node.js 20.19 or later')
}

function checkGit(fact: ProgramFact): Check {
  const found = required('git', fact, 'git')
  if (found.level !== 'OK' || atLeast(found.finding, 2, 37) === true) return found
  // http.curloptResolve, which ties a clone to the checked addresses, came with 2.37 (git's release notes).
  return fail('git', `${found.finding} is too old`, 'install git 2.37 or later: a clone can’t be tied to its address')
}

function checkTmux(facts: MachineFacts): Check[] {
  const found = required('tmux', facts.tmux, 'tmux')
  if (found.level !== 'OK') return [found]
  // `tmux -N` came with 3.2 (tmux's CHANGES).
  const version =
    atLeast(found.finding, 3, 2) === false
      ? fail('tmux', `${found.finding} is too old`, 'install tmux 3.2 or later')
      : found
  const subject = 'tmux server'
  switch (facts.tmuxServer.kind) {
    case 'panes': {
      const sessions = new Set(facts.tmuxServer.panes.map((pane) => pane.sessionId)).size
      return [version, ok(subject, `answers on socket ${facts.tmuxSocket}; ${sessions.toString()} sessions`)]
    }
    case 'no-server':
      return [version, ok(subject, `none runs on socket ${facts.tmuxSocket}; the first session starts it`)]
    case 'unknown':
      return [
        version,
        fail(subject, `gives no answer on socket ${facts.tmuxSocket}: ${facts.tmuxServer.because}`, 'see tmux ls'),
      ]
  }
}

function checkMemory(freeMb: number | undefined, floorMb: number): Check {
  if (freeMb === undefined) return warn('memory', 'the system does not tell', 'see /proc/meminfo')
  const finding = `${freeMb.toString()} MiB free, worker.min_free_memory_mb is ${floorMb.toString()}`
  return freeMb >= floorMb
    ? ok('memory', finding)
    : warn('memory', `${finding}: jobs wait`, 'end a session with devorch rm, or lower the floor')
}

function checkDisk(what: string, freeMb: number | undefined, freeFiles: number | undefined): Check {
  const subject = `disk of ${what}`
  if (freeMb === undefined) return warn(subject, 'could not be asked', 'see df')
  const files = freeFiles === undefined ? '' : `, room for ${freeFiles.toString()} files`
  const finding = `${(freeMb / 1024).toFixed(1)} GiB free${files}`
  if (freeMb < minFreeDiskMb) return warn(subject, finding, 'make room: du -xh --max-depth=2')
  if (freeFiles !== undefined && freeFiles < minFreeFiles) {
    return warn(subject, finding, 'remove files: du -x --inodes --max-depth=2')
  }
  return ok(subject, finding)
}

function required(program: string, fact: ProgramFact, debianPackage: string): Check {
  switch (fact.kind) {
    case 'missing':
      return fail(program, 'is not installed', aptInstall(debianPackage))
    case 'silent':
      return fail(program, 'is there and does not work', `see what it says: ${program} --version`)
    case 'version':
      return ok(program, versionOf(fact))
  }
}

function versionOf(fact: ProgramFact): string {
  return fact.kind === 'version' ? (/\d+\.\d\S*/.exec(fact.line)?.[0] ?? fact.line) : 'installed'
}

/** Free for this user, at the path or what will hold it. */
async function freeDisk(path: string): Promise<{ mb: number; files: number | undefined } | undefined> {
  try {
    const disk = await statfs(path)
    const mb = Math.floor((disk.bavail * disk.bsize) / (1024 * 1024))
    // A filesystem without a table of files (btrfs) says 0 of 0.
    return { mb, files: disk.files > 0 ? disk.ffree : undefined }
  } catch (error) {
    if (codeOf(error) === 'ENOENT' && dirname(path) !== path) return await freeDisk(dirname(path))
    return undefined
  }
}
