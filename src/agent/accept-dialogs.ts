import { lock } from 'proper-lockfile'
import { chmod, mkdir, open, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publish, readBounded } from '../support/files.js'
import { codeOf, messageOf, Problem } from '../support/problem.js'

/** The file is Claude Code's: tens of kilobytes as a rule, some megabytes where it has grown old. */
const maxConfigBytes = 64 * 1024 * 1024

/** What accepting the dialogs needs to know. */
export interface AcceptRequest {
  readonly workingCopy: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Replaces a file whole; for tests. */
  readonly replace?: typeof publish
}

/**
 * Accepts the questions that Claude Code 2.1.330 would ask at its start in this working copy: onboarding, the
 * use of $ANTHROPIC_API_KEY, trust in the folder, imports of CLAUDE.md from outside. Merges them into its
 * configuration, under the lock that it takes itself; everything else in the file stays. A session in which a
 * person is asked is no loss of data, so that a file that can't be understood is left as it is.
 * @returns false where nothing had to be written.
 * @throws Problem where the file is broken, locked for over 15 s, or can't be written.
 */
export async function acceptDialogs(request: AcceptRequest): Promise<boolean> {
  const named = await configFile(request.environment)
  try {
    const root = await gitRoot(request.workingCopy)
    await mkdir(dirname(named), { recursive: true, mode: 0o700 })
    const release = await lock(named, {
      // As Claude Code 2.1.330 does it; 10 s is also its stale time, so that the retries outlast a dead owner.
      lockfilePath: `${named}.lock`,
      realpath: false,
      stale: 10_000,
      retries: { retries: 60, minTimeout: 10, maxTimeout: 300, randomize: true },
      onCompromised: () => {
        // Someone took the lock for stale, after 10 s of no sign of us: the write is a rename, and still whole.
      },
    })
    try {
      // A configuration kept elsewhere behind a symbolic link stays there.
      const file = await realpath(named).catch(() => named)
      const before = await readConfig(file)
      const after = withDialogsAccepted(before.config, root, request.environment['ANTHROPIC_API_KEY'])
      if (after === before.config) return false
      await write(file, `${JSON.stringify(after, null, 2)}\n`, before.mode, request.replace ?? publish)
      return true
    } finally {
      await release().catch(() => undefined)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem({
      doing: `accept Claude Code’s dialogs in ${named}`,
      because: codeOf(error) === 'ELOCKED' ? 'another program keeps it locked' : messageOf(error),
      remedy: 'answer the dialogs in the pane, or see that the file can be written and start the agent again',
      cause: error,
    })
  }
}

type JsonObject = Readonly<Record<string, unknown>>

/**
 * The configuration with the dialogs accepted: the same object where they are already.
 * @throws Problem where something else stands where an object or a list belongs.
 */
export function withDialogsAccepted(config: JsonObject, root: string, apiKey: string | undefined): JsonObject {
  const projects = objectAt(config, 'projects')
  const project = objectAt(projects, root)
  const keys = objectAt(config, 'customApiKeyResponses')
  const approved = listAt(keys, 'approved')
  // How Claude Code names a key, without keeping it.
  const tail = apiKey === undefined || apiKey === '' ? undefined : apiKey.slice(-20)
  const accepted = { hasTrustDialogAccepted: true, hasClaudeMdExternalIncludesWarningShown: true }
  const isProjectDone = Object.keys(accepted).every((name) => own(project, name) === true)
  const isKeyDone = tail === undefined || approved.includes(tail)
  if (own(config, 'hasCompletedOnboarding') === true && isProjectDone && isKeyDone) return config
  return {
    ...config,
    hasCompletedOnboarding: true,
    ...(isKeyDone ? {} : { customApiKeyResponses: { ...keys, approved: [...approved, tail] } }),
    ...(isProjectDone ? {} : { projects: { ...projects, [root]: { ...project, ...accepted } } }),
  }
}

/** $CLAUDE_CONFIG_DIR or the home; an old `.config.json` in the configuration folder is what wins where it exists. */
async function configFile(environment: AcceptRequest['environment']): Promise<string> {
  const home = environment['HOME'] ?? homedir()
  const folder = environment['CLAUDE_CONFIG_DIR'] ?? ''
  const old = join(folder === '' ? join(home, '.claude') : folder, '.config.json')
  const stats = await stat(old).catch(() => undefined)
  if (stats?.isFile() === true && stats.size > 0) return old
  return join(folder === '' ? home : folder, '.claude.json')
}

/** The folder whose trust counts: the nearest with a `.git`, symbolic links resolved; else the folder itself. */
async function gitRoot(workingCopy: string): Promise<string> {
  const start = await realpath(workingCopy)
  for (let folder = start; ; folder = dirname(folder)) {
    if ((await stat(join(folder, '.git')).catch(() => undefined)) !== undefined) return folder
    if (folder === dirname(folder)) return start
  }
}

async function readConfig(file: string): Promise<{ readonly config: JsonObject; readonly mode: number }> {
  const read = await readBounded(file, maxConfigBytes)
  switch (read.kind) {
    case 'missing':
      return { config: {}, mode: 0o600 }
    case 'odd':
      throw broken(file, `it is ${read.what}`)
    case 'too-large':
      throw broken(file, 'it is larger than 64 MiB')
    case 'file': {
      const mode = read.stats.mode & 0o777
      if (read.bytes.length === 0) return { config: {}, mode }
      return { config: parse(file, read.bytes), mode }
    }
  }
}

function parse(file: string, bytes: Buffer): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    // The parser's own message quotes the file, which may hold a key.
    throw broken(file, 'it is no valid JSON')
  }
  if (!isObject(value)) throw broken(file, 'it is no JSON object')
  return value
}

/** In place where the name can't be replaced: EBUSY, EXDEV for a bind mount (rename(2)), EACCES for the folder. */
async function write(file: string, text: string, mode: number, replace: typeof publish): Promise<void> {
  try {
    await replace(file, text, { mode })
    // The mode given above is cut by the umask.
    await chmod(file, mode)
    return
  } catch (error) {
    if (!['EBUSY', 'EXDEV', 'EACCES', 'EROFS'].includes(codeOf(error) ?? '')) throw error
  }
  const handle = await open(file, 'r+')
  try {
    await handle.writeFile(text)
    await handle.truncate(Buffer.byteLength(text))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function objectAt(parent: JsonObject, name: string): JsonObject {
  const value = own(parent, name)
  if (value === undefined || value === null) return {}
  if (isObject(value)) return value
  throw unlike(name, 'an object')
}

function listAt(parent: JsonObject, name: string): readonly unknown[] {
  const value = own(parent, name)
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw unlike(name, 'a list')
}

function own(parent: JsonObject, name: string): unknown {
  return Object.hasOwn(parent, name) ? parent[name] : undefined
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unlike(name: string, what: string): Problem {
  return broken('its configuration', `${JSON.stringify(name)} in it is not ${what}`)
}

function broken(file: string, because: string): Problem {
  return new Problem({
    doing: `accept Claude Code’s dialogs in ${file}`,
    because,
    remedy: 'the file was left as it is: mend it, or answer the dialogs in the pane',
  })
}

async function main(workingCopy: string | undefined): Promise<void> {
  try {
    if (workingCopy === undefined) throw new Error('the working copy is the one argument')
    await acceptDialogs({ workingCopy, environment: process.env })
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    process.exitCode = 1
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2])
