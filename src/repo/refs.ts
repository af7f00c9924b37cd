import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../support/problem.js'

/** What HEAD of a repository says. `branch` is the short name, which need not exist. */
export type Head = { readonly branch: string } | { readonly commit: string }

export interface Refs {
  readonly head: Head
  /** By full name, without HEAD. */
  readonly commits: ReadonlyMap<string, string>
}

/**
 * Reads HEAD and all refs from the files of a repository that this room has made, which saves a process. Only for
 * the `files` backend (gitrepository-layout(5)): our git runs with GIT_DEFAULT_REF_FORMAT=files.
 * @returns undefined where the files are not what git writes: the repository is damaged
 */
export async function readRefs(gitFolder: string): Promise<Refs | undefined> {
  const [headText, packedText, loose] = await Promise.all([
    readIfThere(join(gitFolder, 'HEAD')),
    readIfThere(join(gitFolder, 'packed-refs')),
    readLoose(gitFolder, 'refs'),
  ])
  const head = parseHead(headText)
  const packed = parsePackedRefs(packedText)
  if (head === undefined || packed === undefined || loose === undefined) return undefined
  return { head, commits: new Map([...packed, ...loose]) }
}

/** Undefined for what is no HEAD of the `files` backend. */
export function parseHead(text: string): Head | undefined {
  const branch = /^ref: refs\/heads\/(\S+)\n?$/.exec(text)?.[1]
  if (branch !== undefined) return { branch }
  const commit = parseCommit(text)
  return commit === undefined ? undefined : { commit }
}

/** Names and commits of a packed-refs file, in its order; undefined for what is none. */
export function parsePackedRefs(text: string): [string, string][] | undefined {
  const refs: [string, string][] = []
  for (const line of text.split('\n')) {
    // `#` starts the header, `^` what an annotated tag points to.
    if (line === '' || line.startsWith('#') || line.startsWith('^')) continue
    const [, commit, name] = /^([0-9a-f]{40}|[0-9a-f]{64}) (refs\/\S+)$/.exec(line) ?? []
    if (commit === undefined || name === undefined) return undefined
    refs.push([name, commit])
  }
  return refs
}

async function readLoose(gitFolder: string, name: string): Promise<[string, string][] | undefined> {
  const refs: [string, string][] = []
  let entries
  try {
    entries = await readdir(join(gitFolder, name), { withFileTypes: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  for (const entry of entries) {
    const child = `${name}/${entry.name}`
    if (entry.isDirectory()) {
      const below = await readLoose(gitFolder, child)
      if (below === undefined) return undefined
      refs.push(...below)
    } else if (!entry.name.endsWith('.lock')) {
      const commit = parseCommit(await readIfThere(join(gitFolder, child)))
      if (commit === undefined) return undefined
      refs.push([child, commit])
    }
  }
  return refs
}

function parseCommit(text: string): string | undefined {
  return /^([0-9a-f]{40}|[0-9a-f]{64})\n?$/.exec(text)?.[1]
}

/** The text of a file; empty where there is none. */
export async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}
