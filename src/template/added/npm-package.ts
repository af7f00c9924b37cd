import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import type { Options } from 'pacote'
import { codeOf, messageOf, Problem } from '../../support/problem.js'
import { redactor } from '../../support/redact.js'
import { printable } from '../../support/text.js'
import { readNpmSettings } from './npm-settings.js'

const maxPackedBytes = 64 * 1024 * 1024
const maxUnpackedBytes = 256 * 1024 * 1024
const timeoutMs = 60_000

/**
 * Fetches a package of the registry and unpacks it: no script of it runs, it is never installed, and what npm leaves out
 * of packages (links) is left out. The tarball is checked against the registry's integrity.
 * @throws Problem
 */
export async function fetchPackage(
  request: {
    readonly name: string
    /** A version, range or tag: see source.ts for why nothing else comes here. */
    readonly version: string
    /** An empty folder. */
    readonly into: string
    readonly environment: Readonly<Record<string, string | undefined>>
  },
  signal: AbortSignal,
): Promise<{ readonly folder: string; readonly version: string; readonly integrity: string }> {
  const { name, into } = request
  // Half a second of loading that no other command needs.
  const { default: pacote } = await import('pacote')
  const settings = await readNpmSettings(request.environment)
  const options: Options = {
    ...settings,
    cache: join(into, 'cache'),
    preferOnline: true,
    packumentCache: new Map(),
    timeout: timeoutMs,
    fetchRetries: 1,
    // Not in @types/pacote 11: pacote 21 takes `.gitignore` of a package for the older `.npmignore` otherwise.
    ...{ allowGitIgnore: true, allowGit: 'none', allowRemote: 'none', allowDirectory: 'none', signal },
  }
  const packed = join(into, 'package.tgz')
  const folder = join(into, 'package')
  try {
    signal.throwIfAborted()
    const found = await pacote.manifest(`${name}@${request.version}`, options)
    const { version, _resolved: resolved, _integrity: integrity } = found
    const exact: Options = { ...options, resolved, integrity }
    await pacote.tarball.stream(
      `${name}@${version}`,
      (stream) => pipeline(stream, atMost(maxPackedBytes), createWriteStream(packed, { flags: 'w' }), { signal }),
      exact,
    )
    await checkUnpacked(packed, signal)
    await pacote.extract(`file:${packed}`, folder, options)
    signal.throwIfAborted()
    return { folder, version, integrity }
  } catch (error) {
    if (signal.aborted || error instanceof Problem) throw error
    throw npmProblem(`${name}@${request.version}`, error)
  }
}

/** tar 7.5 writes whatever a small packed file unpacks to. */
async function checkUnpacked(packed: string, signal: AbortSignal): Promise<void> {
  const nowhere = new Writable({
    write: (_chunk, _encoding, done) => {
      done()
    },
  })
  await pipeline(createReadStream(packed), createGunzip(), atMost(maxUnpackedBytes), nowhere, { signal })
}

class TooLarge extends Error {}

function atMost(maxBytes: number): Transform {
  let left = maxBytes
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      left -= chunk.length
      if (left < 0) done(new TooLarge(`it is over ${(maxBytes / 1024 / 1024).toString()} MiB`))
      else done(null, chunk)
    },
  })
}

/** The codes of npm-registry-fetch 19, npm-pick-manifest 11 and Node. */
function npmProblem(spec: string, error: unknown): Problem {
  const doing = `fetch npm:${printable(spec)}`
  const code = codeOf(error) ?? ''
  const said = printable(redactor()(messageOf(error).split('\n')[0] ?? ''), 300)
  const parts = (because: string, remedy: string, transient = false) =>
    new Problem({ doing, because, remedy, transient, field: 'source', cause: error })
  if (error instanceof TooLarge) return parts(error.message, 'take a smaller package')
  switch (code) {
    case 'E404':
      return parts('the registry has no such package', 'check its name with npm view')
    case 'ETARGET':
    case 'ENOVERSIONS':
      return parts('there is no such version', 'see its versions with npm view NAME versions')
    case 'E401':
    case 'E403':
      return parts('the registry refuses it', 'log in with npm login, or check the registry in ~/.npmrc')
    case 'EINTEGRITY':
      return parts('what came is not what the registry says it is', 'try again; else do not use it')
    case 'ENOSPC':
    case 'EDQUOT':
      return parts('the disk is full', 'free some space', true)
    case '':
      return parts(said, 'check the package')
    default:
      return parts(`the registry can't be reached: ${said}`, 'check the connection and the registry in ~/.npmrc', true)
  }
}
