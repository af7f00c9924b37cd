import { watch } from 'node:fs'
import { readdir, readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf } from '../../support/problem.js'
import { ok, warn, type Check } from './check.js'

/** What inotify(7) allows this user, and what is taken. `limit` undefined: the system does not tell. */
export interface InotifyFacts {
  readonly instances: { readonly limit: number | undefined; readonly used: number }
  readonly watches: { readonly limit: number | undefined; readonly used: number }
  /** Why a folder could not be watched just now: EMFILE, ENOSPC, or words; undefined: it could. */
  readonly refused: string | undefined
}

/** The daemon takes one instance and a few watches; editors and file managers of the same user take the rest. */
const fewInstances = 4
const fewWatches = 64

/** Counts, and tries it on a folder that is there. */
export async function probeInotify(folder: string): Promise<InotifyFacts> {
  const [used, instances, watches] = await Promise.all([usedByUser(), limitOf('instances'), limitOf('watches')])
  return {
    instances: { limit: instances, used: used.instances },
    watches: { limit: watches, used: used.watches },
    refused: tryWatch(folder),
  }
}

/** Judges it: without watches the daemon still works, and sees a file when it looks the next time. Pure. */
export function checkInotify({ instances, watches, refused }: InotifyFacts): Check {
  const subject = 'inotify'
  const late = 'jobs are then found every inbox.rescan_ms only'
  const raise = (what: string, to: number) => `sysctl -w fs.inotify.${what}=${to.toString()}; ${late}`
  if (refused === 'EMFILE') return warn(subject, 'no instance is left for this user', raise('max_user_instances', 1024))
  if (refused === 'ENOSPC') return warn(subject, 'no watch is left for this user', raise('max_user_watches', 524_288))
  if (refused !== undefined) return warn(subject, `folders can’t be watched: ${refused}`, late)
  if (instances.limit === undefined || watches.limit === undefined)
    return warn(subject, 'the limits can’t be read', late)
  const left = { instances: instances.limit - instances.used, watches: watches.limit - watches.used }
  const of = (part: number, all: number) => `${Math.max(0, part).toString()} of ${all.toString()}`
  const finding = `${of(left.watches, watches.limit)} watches and ${of(left.instances, instances.limit)} instances are left`
  if (left.instances < fewInstances) return warn(subject, finding, raise('max_user_instances', 1024))
  if (left.watches < fewWatches) return warn(subject, finding, raise('max_user_watches', 524_288))
  return ok(subject, finding)
}

/** The lower of the system's limit (inotify(7)) and the user namespace's (user_namespaces(7)). */
async function limitOf(what: 'instances' | 'watches'): Promise<number | undefined> {
  const files = [`/proc/sys/fs/inotify/max_user_${what}`, `/proc/sys/user/max_inotify_${what}`]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  const limits = texts.flatMap((text) => (/^\d+\s*$/.test(text) ? [Number(text)] : []))
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/** What the processes of this user hold, by their descriptors (proc_pid_fdinfo(5)); those it may not see count nothing. */
async function usedByUser(): Promise<{ instances: number; watches: number }> {
  const used = { instances: 0, watches: 0 }
  const uid = process.getuid?.()
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const folder = join('/proc', pid)
    const owner = await stat(folder).catch(() => undefined)
    if (owner?.uid !== uid) continue
    for (const descriptor of await readdir(join(folder, 'fd')).catch(() => [])) {
      const target = await readlink(join(folder, 'fd', descriptor)).catch(() => '')
      if (target !== 'anon_inode:inotify') continue
      used.instances += 1
      const info = await readFile(join(folder, 'fdinfo', descriptor), 'utf8').catch(() => '')
      used.watches += info.split('\n').filter((line) => line.startsWith('inotify wd:')).length
    }
  }
  return used
}

/** Watches for a moment. */
function tryWatch(folder: string): string | undefined {
  try {
    watch(folder).close()
    return undefined
  } catch (error) {
    return codeOf(error) ?? messageOf(error)
  }
}
