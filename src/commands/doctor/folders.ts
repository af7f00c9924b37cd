import { access, constants, readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Home } from '../../config/home.js'
import { inboxTrouble } from '../../daemon/inbox-trouble.js'
import { codeOf } from '../../support/problem.js'
import { fail, ok, warn, type Check } from './check.js'

/** A folder, or that there is none yet. `mode`: the permission bits. */
export type FolderFact =
  | {
      readonly kind: 'folder'
      readonly mode: number
      readonly group: number
      readonly usable: boolean
      readonly mount: string | undefined
    }
  /** `creatable`: the nearest folder above can be written. */
  | { readonly kind: 'missing'; readonly creatable: boolean; readonly mount: string | undefined }
  | { readonly kind: 'odd'; readonly because: string }

/** The folders of a home and where projects are cloned. */
export interface FoldersFacts {
  readonly base: { readonly path: string; readonly fact: FolderFact }
  readonly inbox: { readonly path: string; readonly fact: FolderFact }
  /** Why the inbox can't take a job though it may be written (a full disk); undefined: it can, or is not there yet. */
  readonly inboxTrouble: string | undefined
  /** This user's own group. */
  readonly ownGroup: number | undefined
  /** The group that install made for dropping jobs. */
  readonly dropGroup?: number | undefined
  readonly logs: { readonly path: string; readonly fact: FolderFact }
  /** Those that are the daemon's alone: they may hold secrets. */
  readonly own: readonly { readonly path: string; readonly fact: FolderFact }[]
  /** Undefined where the configuration is wrong. */
  readonly projects: { readonly path: string; readonly fact: FolderFact } | undefined
}

/** Looks at the folders; makes none. */
export async function probeFolders(
  home: Home,
  projects: string | undefined,
  dropGroup: number | undefined,
): Promise<FoldersFacts> {
  const mounts = parseMounts(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''))
  const look = async (path: string) => ({ path, fact: await probeFolder(path, mounts) })
  const own = [home.active, home.done, home.failed, home.sessions, home.mirrors, home.trash, home.reports, home.control]
  const inbox = await look(home.inbox)
  return {
    base: await look(home.base),
    inbox,
    inboxTrouble: inbox.fact.kind === 'folder' && inbox.fact.usable ? await inboxTrouble(home.inbox) : undefined,
    ownGroup: process.getgid?.(),
    dropGroup,
    logs: await look(home.logs),
    own: await Promise.all(own.map(look)),
    projects: projects === undefined ? undefined : await look(projects),
  }
}

/** Judges the folders. Pure. */
export function checkFolders(facts: FoldersFacts): Check[] {
  const { base, logs, own, projects } = facts
  return [
    checkFolder('home', base),
    checkInbox(facts),
    ...checkOwn(own),
    checkPrivate('logs', logs),
    checkOneMount(facts),
    ...(projects === undefined ? [] : [checkFolder('projects', projects)]),
  ]
}

/** The mount points of a mountinfo (proc_pid_mountinfo(5)), octal escapes resolved. */
export function parseMounts(text: string): string[] {
  return text.split('\n').flatMap((line) => {
    const point = line.split(' ')[4]
    if (point === undefined) return []
    return [point.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))]
  })
}

/** The mount that holds a path: the longest mount point that is the path or above it. */
export function mountOf(path: string, mounts: readonly string[]): string | undefined {
  return mounts
    .filter((point) => point === '/' || path === point || path.startsWith(`${point}/`))
    .sort((a, b) => b.length - a.length)[0]
}

function checkFolder(subject: string, folder: { readonly path: string; readonly fact: FolderFact }): Check {
  const { path, fact } = folder
  switch (fact.kind) {
    case 'odd':
      return fail(subject, `${path} ${fact.because}`, 'move it away, or name another folder')
    case 'missing':
      return fact.creatable
        ? ok(subject, `${path}, made when it is needed`)
        : fail(subject, `${path} is not there and can’t be made`, 'make it, for the user who runs the daemon')
    case 'folder':
      if (!fact.usable) return fail(subject, `${path} can’t be written`, 'give it to the user who runs the daemon')
      if ((fact.mode & 0o002) !== 0) {
        const what = `${path} is writable for everybody, who could start sessions as this user`
        return fail(subject, what, `chmod o-w ${path}`)
      }
      return ok(subject, path)
  }
}

/** Whoever may write into it can start sessions as this user. */
function checkInbox({ inbox, inboxTrouble: trouble, ownGroup, dropGroup }: FoldersFacts): Check {
  const found = checkFolder('inbox', inbox)
  if (found.level !== 'OK' || inbox.fact.kind !== 'folder') return found
  if (trouble !== undefined) return fail('inbox', trouble, 'make room on its disk')
  const { mode, group } = inbox.fact
  if ((mode & 0o020) === 0 || group === ownGroup || group === dropGroup) return found
  const what = `${inbox.path} is writable for group ${group.toString()}, whose members can start sessions as this user`
  return warn('inbox', what, `chmod g-w ${inbox.path}, unless they are meant to`)
}

/** What others may not read either. */
function checkPrivate(subject: string, folder: { readonly path: string; readonly fact: FolderFact }): Check {
  const found = checkFolder(subject, folder)
  const open = found.level === 'OK' && folder.fact.kind === 'folder' && (folder.fact.mode & 0o077) !== 0
  return open ? warn(subject, `${folder.path} is open to other users`, `chmod 700 ${folder.path}`) : found
}

function checkOwn(own: FoldersFacts['own']): Check[] {
  const bad = own.flatMap((folder): Check[] => {
    const found = checkPrivate('state', folder)
    return found.level === 'OK' ? [] : [found]
  })
  if (bad.length > 0) return bad
  const there = own.some(({ fact }) => fact.kind === 'folder')
  return [ok('state', there ? 'this user’s alone' : 'made at the first start')]
}

/** Every step of a job is a rename(2), which does not cross mounts, not even two of one filesystem. */
function checkOneMount({ inbox, own }: FoldersFacts): Check {
  const mounts = [inbox, ...own].flatMap(({ fact }) => (fact.kind === 'odd' ? [] : [fact.mount]))
  const [first] = mounts
  return mounts.every((mount) => mount === first)
    ? ok('filesystem', 'inbox and state are on one')
    : fail('filesystem', 'inbox and state are on two mounts', 'put both on one, and link the inbox from elsewhere')
}

async function probeFolder(path: string, mounts: readonly string[]): Promise<FolderFact> {
  try {
    const stats = await stat(path)
    if (!stats.isDirectory()) return { kind: 'odd', because: 'is no folder' }
    const mount = mountOf(await realpath(path), mounts)
    return { kind: 'folder', mode: stats.mode & 0o7777, group: stats.gid, usable: await isUsable(path), mount }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT')
      return { kind: 'odd', because: `can’t be looked at (${codeOf(error) ?? 'unknown'})` }
    const above = dirname(path) === path ? undefined : await probeFolder(dirname(path), mounts)
    switch (above?.kind) {
      case 'folder':
        return { kind: 'missing', creatable: above.usable, mount: above.mount }
      case 'missing':
        return above
      case 'odd':
      case undefined:
        return { kind: 'missing', creatable: false, mount: undefined }
    }
  }
}

async function isUsable(path: string): Promise<boolean> {
  try {
    await access(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
