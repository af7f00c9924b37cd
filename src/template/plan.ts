import { printable } from '../support/text.js'
import type { Template } from './catalogue.js'
import type { TemplateFile } from './listing.js'
import { refusal } from './refuse.js'
import { RenderBudget, renderLiquid } from './liquid.js'

/** A file to be made. */
export interface PlannedFile {
  /** In the template. */
  readonly from: string
  /** In the working copy. */
  readonly to: string
  readonly executable: boolean
  /** Whether the content is Liquid. */
  readonly rendered: boolean
}

export const trackerName = 'PROGRESS_TRACKER.md'
const suffix = '.liquid'

/**
 * Says what each file of a template becomes, from names alone. The tracker is left out: it has a step of its own.
 * @throws Problem where a name does not render, leads out of the folder or into `.git`, or meets another
 */
export async function planTemplate(
  template: Template,
  files: readonly TemplateFile[],
  scope: Readonly<Record<string, unknown>>,
  budget = new RenderBudget(),
): Promise<PlannedFile[]> {
  const planned: PlannedFile[] = []
  for (const file of files) {
    const rendered = file.path.endsWith(suffix)
    const bare = rendered ? file.path.slice(0, -suffix.length) : file.path
    const to: string[] = []
    for (const part of bare.split('/')) to.push(await nameOf(template, file.path, part, scope, budget))
    planned.push({ from: file.path, to: to.join('/'), executable: file.executable, rendered })
  }
  checkCollisions(template, planned)
  return planned.filter((file) => foldPath(file.to) !== foldPath(trackerName))
}

/** Paths that a case-insensitive or normalising filesystem takes for one. */
export function foldPath(path: string): string {
  return path.normalize('NFC').toLowerCase()
}

async function nameOf(
  template: Template,
  path: string,
  part: string,
  scope: Readonly<Record<string, unknown>>,
  budget: RenderBudget,
): Promise<string> {
  const thing = { templateId: template.id, file: path }
  const named = part.includes('{{') ? await renderLiquid(part, scope, thing, budget) : part
  const name = named === '_gitignore' ? '.gitignore' : named
  const fault = faultOf(name)
  if (fault !== undefined) {
    const became = name === part ? '' : ` (it becomes "${name}")`
    throw refusal(template.id, `${path}: ${fault}${became}`, 'rename it in the template')
  }
  return name
}

/** Why a name cannot stand in a path, or undefined. */
function faultOf(name: string): string | undefined {
  if (name === '') return 'a name is empty'
  if (name === '.' || name === '..') return `a name is "${name}"`
  if (/[/\\]/.test(name)) return 'a name has a slash'
  if (name.includes('\ufffd') || printable(name, name.length) !== name)
    return 'a name has characters that cannot be shown'
  if (Buffer.byteLength(name) > 255) return 'a name is over 255 bytes'
  if (isGitFolder(name)) return 'a name is .git or stands for it'
  return undefined
}

/**
 * What git itself refuses as a path (verify_path, core.protectHFS and core.protectNTFS): `.git` in any case, with
 * invisible characters, with trailing dots, spaces or a stream behind a colon, and its DOS name `git~1`.
 */
function isGitFolder(name: string): boolean {
  const visible = name.normalize('NFKC').replace(/\p{Default_Ignorable_Code_Point}/gu, '')
  const plain = visible.replace(/:.*$/s, '').replace(/[. ]+$/, '')
  return /^(?:\.git|git~\d+)$/i.test(plain)
}

function checkCollisions(template: Template, planned: readonly PlannedFile[]): void {
  const taken = new Map<string, { readonly path: string; readonly kind: 'file' | 'folder' }>()
  const take = (path: string, kind: 'file' | 'folder', from: string) => {
    const before = taken.get(foldPath(path))
    if (before === undefined) {
      taken.set(foldPath(path), { path, kind })
      return
    }
    if (kind === 'folder' && before.kind === 'folder' && before.path === path) return
    throw refusal(template.id, `${from} becomes ${path}, which meets ${before.path}`, 'rename one of the two')
  }
  for (const file of planned) {
    const parts = file.to.split('/')
    parts.slice(0, -1).forEach((_, index) => {
      take(parts.slice(0, index + 1).join('/'), 'folder', file.from)
    })
    take(file.to, 'file', file.from)
  }
}
