import { constants } from 'node:fs'
import { copyFile, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../support/problem.js'
import { parseHead, parsePackedRefs, readIfThere, type Head } from './refs.js'

/** What stands in a working copy that git has just cloned, by its files. */
export interface ClonedFiles {
  /** HEAD of the working copy. */
  readonly head: Head
  readonly commit: string
  /** HEAD of the remote. */
  readonly remoteHead: Head
  /** The remote's branches and tags under their names there. */
  readonly refs: ReadonlyMap<string, string>
}

/**
 * Reads them (gitrepository-layout(5)): git clone writes origin's branches and tags to packed-refs, and the symbolic
 * ref origin/HEAD where the remote's HEAD is at a branch.
 * @returns undefined for what is not so plain: an empty or shallow repository, borrowed objects, a HEAD that leads nowhere
 */
export async function readClonedFiles(gitFolder: string): Promise<ClonedFiles | undefined> {
  const [headText, packedText, originHead, ...odd] = await Promise.all(
    ['HEAD', 'packed-refs', 'refs/remotes/origin/HEAD', 'shallow', 'objects/info/alternates'].map((name) =>
      readIfThere(join(gitFolder, name)),
    ),
  )
  if (odd.some((text) => text !== '')) return undefined
  const head = parseHead(headText ?? '')
  const packed = parsePackedRefs(packedText ?? '')
  if (head === undefined || packed === undefined) return undefined
  const refs = new Map(packed.map(([name, at]) => [name.replace(/^refs\/remotes\/origin\//, 'refs/heads/'), at]))
  const commit = 'commit' in head ? head.commit : refs.get(`refs/heads/${head.branch}`)
  const symbolic = /^ref: refs\/remotes\/origin\/(\S+)\n$/.exec(originHead ?? '')?.[1]
  const remoteHead = symbolic !== undefined ? { branch: symbolic } : 'commit' in head ? head : undefined
  if (commit === undefined || remoteHead === undefined) return undefined
  if ('branch' in remoteHead && !refs.has(`refs/heads/${remoteHead.branch}`)) return undefined
  return { head, commit, remoteHead, refs }
}

/**
 * Makes a bare repository that is what `git clone --bare` of the remote had been: its objects are those of the
 * working copy by hard links, or copies where the two are on different filesystems.
 */
export async function makeMirrorOfClone(gitFolder: string, cloned: ClonedFiles, mirror: string): Promise<void> {
  await mkdir(join(mirror, 'refs'), { recursive: true })
  // Without its header line git takes neither the order nor the peeled tags for given.
  const packed = [...cloned.refs].map(([name, commit]) => `${commit} ${name}\n`).join('')
  const { remoteHead } = cloned
  const head = 'branch' in remoteHead ? `ref: refs/heads/${remoteHead.branch}\n` : `${remoteHead.commit}\n`
  const config = bareConfig(await readFile(join(gitFolder, 'config'), 'utf8'))
  await Promise.all([
    linkTree(join(gitFolder, 'objects'), join(mirror, 'objects')),
    writeFile(join(mirror, 'config'), config),
    writeFile(join(mirror, 'packed-refs'), packed),
    writeFile(join(mirror, 'HEAD'), head),
  ])
}

/** The sections of git's own config that say what kind of repository it is (object format, file modes). */
function bareConfig(text: string): string {
  let section = ''
  const kept = text.split('\n').filter((line) => {
    section = /^\[(\S+)/.exec(line)?.[1] ?? section
    return /^(?:core|extensions)\]/.test(section) && !line.startsWith('\tlogallrefupdates')
  })
  return `${kept.map((line) => line.replace(/^\tbare = false$/, '\tbare = true')).join('\n')}\n`
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to)
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)]
      if (entry.isDirectory()) await linkTree(source, target)
      else if (entry.isFile()) await linkOrCopy(source, target)
    }),
  )
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!['EXDEV', 'EMLINK', 'EPERM'].includes(codeOf(error) ?? '')) throw error
    await copyFile(from, to, constants.COPYFILE_EXCL)
  }
}
