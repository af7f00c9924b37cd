import { lstat, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../support/files.js'
import { codeOf, Problem } from '../../support/problem.js'
import { printable } from '../../support/text.js'
import { fetchPackage } from './npm-package.js'
import type { Provenance } from './provenance.js'
import type { Source } from './source.js'

/** A source on this machine, and exactly which state of it that is. */
export interface FetchedSource {
  /** The folder that was asked for: the source's, or a subfolder of it. */
  readonly root: string
  readonly resolved: Pick<Provenance, 'kind' | 'commit' | 'version' | 'integrity'>
}

/** What the room of templates can't do itself. */
export interface SourceTools {
  /**
   * Puts the files of a repository's branch, tag or commit (default: what HEAD names) into a folder that does not exist
   * yet. @throws Problem
   */
  readonly fetchGit: (
    request: { readonly url: string; readonly ref: string | undefined; readonly into: string },
    signal: AbortSignal,
  ) => Promise<{ readonly commit: string }>
  /** The environment in which npm's settings are looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Fetches a source, of which nothing is run.
 * @param staging an empty folder for what comes from elsewhere; a folder on this machine is read where it is
 * @throws Problem
 */
export async function fetchSource(
  source: Source,
  staging: string,
  tools: SourceTools,
  signal: AbortSignal,
): Promise<FetchedSource> {
  const into = join(staging, 'source')
  switch (source.kind) {
    case 'folder':
      return { root: await folderAt(source.path), resolved: { kind: 'folder' } }
    case 'git': {
      const { commit } = await tools.fetchGit({ url: source.url, ref: source.ref, into }, signal)
      return { root: await subfolderIn(into, source.subfolder), resolved: { kind: 'git', commit } }
    }
    case 'npm': {
      await mkdir(into)
      const fetched = await fetchPackage({ ...source, into, environment: tools.environment }, signal)
      const resolved = { kind: 'npm', version: fetched.version, integrity: fetched.integrity } as const
      return { root: await subfolderIn(fetched.folder, source.subfolder), resolved }
    }
  }
}

async function folderAt(path: string): Promise<string> {
  const refuse = (because: string, remedy: string) =>
    new Problem({ doing: `read ${printable(path)}`, because, remedy, field: 'source' })
  try {
    const real = await realpath(path)
    if (!(await lstat(real)).isDirectory()) throw refuse('it is not a folder', 'name the folder that holds the files')
    const isBare = (await exists(join(real, 'HEAD'))) && (await exists(join(real, 'objects')))
    if (isBare) throw refuse('it is a bare git repository', `write it as an address: file://${printable(real)}`)
    return real
  } catch (error) {
    if (error instanceof Problem || codeOf(error) === undefined) throw error
    const isMissing = codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'
    throw refuse(
      isMissing ? 'there is no such folder' : `it cannot be read (${codeOf(error) ?? ''})`,
      'name a folder, a git address such as https://example.com/a/b.git, or npm:PACKAGE',
    )
  }
}

/** @throws Problem where there is no such folder, or it is reached by a link, which might lead out */
export async function subfolderIn(root: string, subfolder: string | undefined): Promise<string> {
  if (subfolder === undefined || subfolder === '') return root
  const path = join(root, subfolder)
  const refuse = (because: string) =>
    new Problem({ doing: `read ${printable(subfolder)} of the source`, because, remedy: 'check what is behind "//"' })
  const real = await realpath(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) return undefined
    throw error
  })
  if (real === undefined) throw refuse('there is no such folder')
  if (real !== join(await realpath(root), subfolder)) throw refuse('a symbolic link leads there')
  if (!(await lstat(real)).isDirectory()) throw refuse('it is not a folder')
  return real
}
