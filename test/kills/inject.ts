import { ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import promises, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

/*
 * `node --import inject.js dist/main.js serve`: numbers the calls of the program that change something on disk or start
 * another program, before the program has loaded anything.
 *
 * DEVORCH_FAULTS_TRACE  the file that is told of them: at the end all calls, or the one at which the program was killed
 * DEVORCH_FAULTS_KILL   `N:before`: SIGKILL instead of call N; `N:after`: once it has had its effect, before the caller
 *                       knows; `N:MS`: so many milliseconds after its beginning (programs only)
 *
 * What makes one call of Node several of the system (mkdir -p, rm -r, writeFile) is taken apart, so that a kill comes
 * between them too; a text is written in two halves, as a long one is.
 */

type Method = (this: unknown, ...args: unknown[]) => unknown

const [at, when] = (process.env['DEVORCH_FAULTS_KILL'] ?? '').split(':')
const killAt = Number(at === '' ? 0 : at)
const traceFd = fs.openSync(process.env['DEVORCH_FAULTS_TRACE'] ?? '/dev/null', 'a')
const writeSync = fs.writeSync.bind(fs)
/** `CALL PATH`, by number; the time that programs took is added when they end. */
const calls: string[] = []

function end(): never {
  writeSync(traceFd, `${calls[killAt - 1] ?? ''}\n`)
  process.kill(process.pid, 'SIGKILL')
  throw new Error('SIGKILL had no effect')
}

/** @returns the number of the call */
function begin(call: string, what: string): number {
  const number = calls.push(`${call} ${what}`)
  if (number === killAt && when === 'before') end()
  return number
}

function done(number: number): void {
  if (number === killAt && when === 'after') end()
}

if (killAt === 0) process.on('exit', () => writeSync(traceFd, `${calls.join('\n')}\n`))

function methodOf(owner: object, name: string): Method {
  const method: unknown = Reflect.get(owner, name)
  if (typeof method !== 'function') throw new Error(`there is no ${name}`)
  return (...args) => Reflect.apply(method, owner, args) as unknown
}

/** The path that a call changes; undefined: it changes nothing. */
type PathOf = (args: readonly unknown[]) => string | undefined

const nth =
  (index: number): PathOf =>
  (args) =>
    String(args[index])

/** open(2): what only reads, and makes nothing, is no change. */
const opened: PathOf = (args) => {
  const flags = args[1] ?? 'r'
  const changes = fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT
  const reads = typeof flags === 'number' ? (flags & changes) === 0 : flags === 'r'
  return reads ? undefined : String(args[0])
}

function countPromises(owner: object, name: string, pathOf: PathOf): void {
  const original = methodOf(owner, name)
  Reflect.set(owner, name, async (...args: unknown[]) => {
    const path = pathOf(args)
    if (path === undefined) return await original(...args)
    const number = begin(name, path)
    try {
      return await original(...args)
    } finally {
      done(number)
    }
  })
}

/** For what winston-daily-rotate-file calls, which writes its streams with a callback and its audit file without one. */
function countOthers(name: string, pathOf: PathOf): void {
  const original = methodOf(fs, name)
  Reflect.set(fs, name, (...args: unknown[]) => {
    const path = pathOf(args)
    if (path === undefined) return original(...args)
    const number = begin(name, path)
    const callback = args.at(-1)
    if (typeof callback !== 'function') {
      try {
        return original(...args)
      } finally {
        done(number)
      }
    }
    return original(...args.slice(0, -1), (...results: unknown[]) => {
      done(number)
      Reflect.apply(callback, undefined, results)
    })
  })
}

const target: Readonly<Record<string, PathOf>> = {
  open: opened,
  rename: nth(1),
  link: nth(1),
  symlink: nth(1),
  copyFile: nth(1),
  unlink: nth(0),
  rmdir: nth(0),
  chmod: nth(0),
  utimes: nth(0),
  truncate: nth(0),
  mkdtemp: nth(0),
}

const mkdirAsItIs = methodOf(promises, 'mkdir')
for (const [name, pathOf] of Object.entries(target)) countPromises(promises, name, pathOf)

/** mkdir -p: one call a folder that is missing. */
promises.mkdir = (async (path: string, options: unknown) => {
  const recursive = typeof options === 'object' && options !== null && 'recursive' in options && options.recursive
  if (recursive !== true) return await makeOne(path, options)
  const missing: string[] = []
  for (let folder = path; !fs.existsSync(folder); folder = join(folder, '..')) missing.unshift(folder)
  for (const folder of missing) await makeOne(folder, options)
  // It refuses what is no folder, in its own words.
  if (missing.length === 0) await mkdirAsItIs(path, options)
  return missing[0]
}) as typeof promises.mkdir

async function makeOne(path: string, options: unknown): Promise<unknown> {
  const number = begin('mkdir', path)
  try {
    return await mkdirAsItIs(path, options)
  } finally {
    done(number)
  }
}

const rmAsItIs = methodOf(promises, 'rm')
/** rm -r: one call a name, the deepest first; what can't be removed so is left to Node, which tries again. */
promises.rm = (async (path: string, options: unknown) => {
  try {
    await removeTree(path)
  } catch {
    // Gone, or somebody still writes there.
  }
  await rmAsItIs(path, options)
}) as typeof promises.rm

async function removeTree(path: string): Promise<void> {
  const stats = await promises.lstat(path)
  if (!stats.isDirectory()) {
    await promises.unlink(path)
    return
  }
  for (const name of await promises.readdir(path)) await removeTree(join(path, name))
  await promises.rmdir(path)
}

interface WriteOptions {
  readonly flag?: string
  readonly mode?: number
}
promises.writeFile = (async (path: string, data: string | Uint8Array, options: WriteOptions = {}) => {
  const file = await promises.open(path, options.flag ?? 'w', options.mode)
  try {
    await file.writeFile(data)
  } finally {
    await file.close()
  }
}) as typeof promises.writeFile

const handle = await promises.open('/dev/null', 'r')
const handles = Object.getPrototypeOf(handle) as object
await handle.close()
const paths = new WeakMap<object, string>()
const openCounted = promises.open
promises.open = async (...args) => {
  const file = await openCounted(...args)
  paths.set(file, String(args[0]))
  return file
}

/** What a call of a file handle does is counted under the path by which the file was opened. */
for (const name of ['write', 'sync', 'datasync', 'truncate', 'chmod', 'utimes']) {
  const original: unknown = Reflect.get(handles, name)
  if (typeof original !== 'function') throw new Error(`a FileHandle has no ${name}`)
  Reflect.set(handles, name, async function (this: object, ...args: unknown[]) {
    const number = begin(name, paths.get(this) ?? '?')
    try {
      return (await Reflect.apply(original, this, args)) as unknown
    } finally {
      done(number)
    }
  })
}
Reflect.set(handles, 'writeFile', async function (this: FileHandle, data: string | Uint8Array) {
  const bytes = Buffer.from(data)
  const half = Math.ceil(bytes.length / 2)
  for (const part of [bytes.subarray(0, half), bytes.subarray(half)]) if (part.length > 0) await this.write(part)
})

for (const name of ['writeFileSync', 'mkdirSync', 'unlinkSync', 'renameSync', 'appendFileSync', 'rmSync', 'rmdirSync'])
  countOthers(name, nth(0))
countOthers('openSync', opened)
countOthers('open', opened)
for (const name of ['write', 'writev']) countOthers(name, () => 'of the log')

const spawnAsItIs: unknown = Reflect.get(ChildProcess.prototype, 'spawn')
if (typeof spawnAsItIs !== 'function') throw new Error('a ChildProcess has no spawn')
/** A program: before its start, right after it, while it runs, and when its end is known here but not yet handled. */
Reflect.set(ChildProcess.prototype, 'spawn', function (this: object, options: { readonly args: readonly string[] }) {
  const what = options.args.slice(0, 4).join(' ').replace(/\s+/g, ' ')
  const number = begin('spawn', what)
  const begunMs = performance.now()
  const result: unknown = Reflect.apply(spawnAsItIs, this, [options])
  done(number)
  if (number === killAt && Number(when) > 0) setTimeout(end, Number(when))
  const started: unknown = Reflect.get(this, '_handle')
  if (typeof started === 'object' && started !== null) {
    const onExit = methodOf(started, 'onexit')
    Reflect.set(started, 'onexit', (...args: unknown[]) => {
      calls[number - 1] = `spawn=${(performance.now() - begunMs).toFixed(0)} ${what}`
      begin('exit', what)
      return onExit(...args)
    })
  }
  return result
})

syncBuiltinESMExports()
