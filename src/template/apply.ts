import { constants } from 'node:fs'
import { lstat, mkdir, open, rmdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf, Problem } from '../support/problem.js'
import type { Template } from './catalogue.js'
import { readTemplateFile, textOf } from './content.js'
import { RenderBudget, renderLiquid } from './liquid.js'
import { listTemplate } from './listing.js'
import { planTemplate, type PlannedFile } from './plan.js'
import { checkTime, refusal } from './refuse.js'
import { renderTemplateTracker, scopeOf, type TemplateVariables } from './render.js'
import { Target } from './target.js'

/** Paths in the working copy, sorted. `skipped`: something else stands there and was left as it is. */
export interface Applied {
  readonly created: readonly string[]
  readonly identical: readonly string[]
  readonly skipped: readonly string[]
}

const timeoutMs = 60_000

/**
 * Writes a template's files into a working copy that nobody uses yet. A file that exists is never touched. Nothing of
 * a template is run.
 * @throws Problem (field `template_hint`); the working copy is then as it was before
 */
export async function applyTemplate(request: {
  readonly template: Template
  /** Absolute; a folder, not a symbolic link. */
  readonly folder: string
  /** `missing-only`: the repository has content of its own; see `Target.standing` for what that changes. */
  readonly mode: 'whole' | 'missing-only'
  readonly variables: TemplateVariables
  readonly signal?: AbortSignal
}): Promise<Applied> {
  const { template, folder } = request
  const limit = AbortSignal.timeout(timeoutMs)
  const signal = request.signal === undefined ? limit : AbortSignal.any([request.signal, limit])
  try {
    const scope = scopeOf(request.variables, template.variables)
    const budget = new RenderBudget()
    const plan = await planTemplate(template, await listTemplate(template, signal), scope, budget)
    if (!(await lstat(folder)).isDirectory()) throw new Error(`${folder} is not a folder`)
    const target = new Target(folder, template.id, request.mode)
    const toCreate: { readonly file: PlannedFile; readonly content: Uint8Array }[] = []
    const identical: string[] = []
    const skipped: string[] = []
    for (const file of plan) {
      checkTime(template.id, signal)
      const content = await contentOf(template, file, scope, budget)
      switch (await target.standing(file.to, content)) {
        case 'missing':
          toCreate.push({ file, content })
          break
        case 'identical':
          identical.push(file.to)
          break
        case 'other':
          skipped.push(file.to)
          break
      }
    }
    await createAll(template, folder, toCreate, signal)
    return { created: toCreate.map(({ file }) => file.to).sort(), identical: identical.sort(), skipped: skipped.sort() }
  } catch (error) {
    const code = codeOf(error)
    if (error instanceof Problem || code === undefined) throw error
    const transient = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EIO'].includes(code)
    const remedy = 'make room or correct the rights of the folders, then retry the job'
    throw refusal(template.id, messageOf(error), remedy, { cause: error, transient })
  }
}

/**
 * What would keep a template from being applied, whatever the job: a link, a name that leads out, Liquid that does not
 * parse, an undefined variable. Undefined: nothing. Nothing is written.
 */
export async function checkTemplate(template: Template, signal: AbortSignal): Promise<Problem | undefined> {
  const scope = scopeOf(sample, template.variables)
  const budget = new RenderBudget()
  try {
    const plan = await planTemplate(template, await listTemplate(template, signal), scope, budget)
    for (const file of plan) {
      checkTime(template.id, signal)
      if (file.rendered) await contentOf(template, file, scope, budget)
    }
    await renderTemplateTracker(template, sample)
    return undefined
  } catch (error) {
    if (error instanceof Problem) return error
    if (codeOf(error) === undefined) throw error
    return refusal(template.id, messageOf(error), 'correct the rights of its files', { cause: error })
  }
}

/** A job like any other. */
const sample: TemplateVariables = {
  project: 'sample-project',
  owner: 'acme',
  repository: 'sample-project',
  year: 2026,
  summary: 'A sample',
}

async function contentOf(
  template: Template,
  file: PlannedFile,
  scope: Readonly<Record<string, unknown>>,
  budget: RenderBudget,
): Promise<Uint8Array> {
  const bytes = await readTemplateFile(template, file.from)
  if (!file.rendered) return bytes
  const source = textOf(template, file.from, bytes)
  return Buffer.from(await renderLiquid(source, scope, { templateId: template.id, file: file.from }, budget))
}

/** Creates files and the folders they need, or none of them. */
async function createAll(
  template: Template,
  folder: string,
  files: readonly { readonly file: PlannedFile; readonly content: Uint8Array }[],
  signal: AbortSignal,
): Promise<void> {
  const releases: (() => Promise<void>)[] = []
  try {
    for (const { file, content } of files) {
      checkTime(template.id, signal)
      const parts = file.to.split('/')
      for (let depth = 1; depth < parts.length; depth++) {
        const parent = join(folder, ...parts.slice(0, depth))
        if (await makeFolder(template, parent)) releases.push(() => rmdir(parent))
      }
      const path = join(folder, file.to)
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
      const handle = await open(path, flags, file.executable ? 0o755 : 0o644)
      releases.push(() => unlink(path))
      try {
        await handle.writeFile(content)
      } finally {
        await handle.close()
      }
    }
  } catch (error) {
    for (const release of releases.reverse()) {
      await release().catch((failure: unknown) => {
        // A folder into which somebody else has written by now stays; a file that is gone is what was wanted.
        if (!['ENOTEMPTY', 'ENOENT'].includes(codeOf(failure) ?? '')) throw failure
      })
    }
    throw error
  }
}

/** True where it made the folder, false where one stood there. @throws Problem where it is a link or a file */
async function makeFolder(template: Template, path: string): Promise<boolean> {
  try {
    await mkdir(path)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    if ((await lstat(path)).isDirectory()) return false
    throw refusal(template.id, `${path} is not a folder`, 'retry the job', { transient: true })
  }
}
