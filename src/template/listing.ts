import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../support/problem.js'
import type { Template } from './catalogue.js'
import { leavesOut } from './glob.js'
import { checkTime, refusal } from './refuse.js'

/** A regular file of a template. */
export interface TemplateFile {
  /** Relative to the template's folder, parts separated by `/`. */
  readonly path: string
  readonly executable: boolean
}

const neverCopied: ReadonlySet<string> = new Set(['.git', 'node_modules', '__pycache__', '.venv'])

/** Where a template that was added came from; at the top of its folder, and never copied. */
export const provenanceName = '.devorch-source.yaml'

export const maxTemplateFiles = 5000
const maxFolders = 5000
const maxDepth = 32
export const maxFileBytes = 16 * 1024 * 1024
const maxTotalBytes = 64 * 1024 * 1024

/**
 * The files of a template in the order of their paths. Nothing is followed or opened.
 * @throws Problem for a symbolic link, a special file, a name that cannot be shown, or too much of anything
 */
export async function listTemplate(template: Template, signal: AbortSignal): Promise<TemplateFile[]> {
  const files: TemplateFile[] = []
  const folders: { path: string; depth: number }[] = [{ path: '', depth: 0 }]
  let bytes = 0
  // Grows while it is walked.
  for (const folder of folders) {
    for (const name of await namesIn(template, folder.path)) {
      checkTime(template.id, signal)
      const path = folder.path === '' ? name : `${folder.path}/${name}`
      if (neverCopied.has(name) || path === provenanceName) continue
      if (template.leftOut.some((pattern) => leavesOut(pattern, path))) continue
      const stats = await lstat(join(template.folder, path))
      if (stats.isDirectory()) {
        if (folder.depth >= maxDepth || folders.length >= maxFolders) {
          throw refusal(template.id, `${path}: too many folders`, 'take folders out of the template')
        }
        folders.push({ path, depth: folder.depth + 1 })
        continue
      }
      const odd = oddKind(stats)
      if (odd !== undefined) throw refusal(template.id, `${path} is ${odd}`, 'replace it by a plain file')
      bytes += stats.size
      if (stats.size > maxFileBytes) throw refusal(template.id, `${path} is over 16 MiB`, 'take it out of the template')
      if (bytes > maxTotalBytes) throw refusal(template.id, 'it is over 64 MiB', 'take files out of the template')
      files.push({ path, executable: (stats.mode & 0o100) !== 0 })
      if (files.length > maxTemplateFiles)
        throw refusal(template.id, 'it has over 5000 files', 'take files out of the template')
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

async function namesIn(template: Template, path: string): Promise<string[]> {
  try {
    return (await readdir(join(template.folder, path))).sort()
  } catch (error) {
    const code = codeOf(error)
    if (code === undefined) throw error
    const where = path === '' ? 'its folder' : path
    throw refusal(template.id, `${where} cannot be read (${code})`, 'correct the template', { cause: error })
  }
}

function oddKind(stats: Awaited<ReturnType<typeof lstat>>): string | undefined {
  if (stats.isFile()) return undefined
  if (stats.isSymbolicLink()) return 'a symbolic link'
  if (stats.isFIFO()) return 'a named pipe'
  if (stats.isSocket()) return 'a socket'
  return 'a device'
}
