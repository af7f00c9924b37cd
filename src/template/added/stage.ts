import { constants } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import { exists, publish } from '../../support/files.js'
import { codeOf, messageOf, Problem } from '../../support/problem.js'
import { checkTemplate } from '../apply.js'
import { loadTemplate, type Template } from '../catalogue.js'
import { readTemplateFile } from '../content.js'
import { listTemplate } from '../listing.js'
import { manifestName } from '../manifest.js'
import { planTemplate } from '../plan.js'
import { contentHash } from './content-hash.js'
import { foreignFormat } from './foreign.js'

/** A copy of a member, complete but for where it came from. */
export interface Staged {
  readonly files: number
  readonly bytes: number
  /** See content-hash.ts. */
  readonly content: string
  /** Why it can't be applied as it is, where that is a thing to mend in its files. */
  readonly warning: string | undefined
}

export interface Refused {
  readonly because: string
  readonly remedy: string
}

/** How much all templates of one source may be together, beside each one's own limits. */
export class SourceBudget {
  private files = 50_000
  private bytes = 512 * 1024 * 1024

  take(files: number, bytes: number): Refused | undefined {
    this.files -= files
    this.bytes -= bytes
    if (this.files >= 0 && this.bytes >= 0) return undefined
    const because = 'the templates of the source are over 50,000 files or 512 MiB together'
    return { because, remedy: 'add a subfolder of it: SOURCE//FOLDER' }
  }
}

/**
 * Copies a folder of a source to where it becomes a template: its plain files with their executable bits, without `.git`
 * and the like. Links and special files, names that lead elsewhere, other programs' formats and too much of anything are
 * refused. What is refused may have left files at `to`.
 * @param aliases for the template.yaml that is written where there is none
 */
export async function stageTemplate(
  request: {
    readonly id: string
    readonly from: string
    /** Must not exist, its parent must. */
    readonly to: string
    readonly aliases: readonly string[]
  },
  budget: SourceBudget,
  signal: AbortSignal,
): Promise<Staged | Refused> {
  const { id, from, to, aliases } = request
  try {
    const format = await foreignFormat(from)
    if (format !== undefined) {
      const because = `it is in ${format}'s format, which is not supported yet`
      return { because, remedy: `make a project of it with ${format}, and add that` }
    }
    const { files, bytes } = await copyFiles(plainFolder(id, from), to, signal)
    if (files === 0) return { because: 'it has no files', remedy: 'name a folder with files in it' }
    const over = budget.take(files, bytes)
    if (over !== undefined) return over
    const { template, broken } = await loadTemplate(to)
    if (template === undefined) return broken ?? { because: 'it is no template', remedy: 'name another folder' }
    if (aliases.length > 0 && !(await exists(join(to, manifestName)))) await writeManifest(to, aliases)
    const content = await contentHash(to)
    if (content === undefined) throw new Error(`${to} has just been copied and is more than a template has`)
    const unfit = await checkTemplate({ ...template, id }, signal)
    return { files, bytes, content, warning: unfit === undefined ? undefined : `${unfit.because}; ${unfit.remedy}` }
  } catch (error) {
    if (signal.aborted) throw error
    if (error instanceof Problem) return { because: error.because, remedy: error.remedy }
    if (codeOf(error) === undefined || isOurs(error)) throw error
    return { because: messageOf(error), remedy: 'correct the rights of its files' }
  }
}

async function copyFiles(
  template: Template,
  to: string,
  signal: AbortSignal,
): Promise<{ files: number; bytes: number }> {
  const files = await listTemplate(template, signal)
  // What is wrong with a name that holds no variable can't be mended in template.yaml.
  const plain = files.filter((file) => !file.path.includes('{{'))
  await planTemplate(template, plain, {})
  const made = new Set<string>()
  let bytes = 0
  await mkdir(to)
  for (const file of files) {
    signal.throwIfAborted()
    const path = join(to, file.path)
    if (!made.has(dirname(path))) await mkdir(dirname(path), { recursive: true })
    made.add(dirname(path))
    const content = await readTemplateFile(template, file.path)
    bytes += content.length
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
    const handle = await open(path, flags, file.executable ? 0o755 : 0o644)
    try {
      await handle.writeFile(content)
    } finally {
      await handle.close()
    }
  }
  return { files: files.length, bytes }
}

async function writeManifest(folder: string, aliases: readonly string[]): Promise<void> {
  const text = `# Written when this template was added; it is yours to change.\n${stringify({ aliases }, { lineWidth: 0 })}`
  await publish(join(folder, manifestName), text, { mode: 0o644 })
}

/** All of a folder is copied, so that what its template.yaml leaves out can be taken in again. */
function plainFolder(id: string, folder: string): Template {
  return { id, folder, aliases: [], keywords: [], variables: {}, leftOut: [], steps: [], text: '' }
}

/** The disk's or the system's fault, for which no template can do anything. */
function isOurs(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM', 'EIO'].includes(codeOf(error) ?? '')
}
