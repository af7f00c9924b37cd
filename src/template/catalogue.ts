import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf, messageOf } from '../support/problem.js'
import { nearest, printable } from '../support/text.js'
import { manifestName, readManifest } from './manifest.js'
import { readRules, rulesName, type Conditions, type Rule } from './rules.js'

/** A folder that projects can be made from. */
export interface Template {
  /** The folder's name. */
  readonly id: string
  /** Absolute, where the catalogue's folders were. */
  readonly folder: string
  readonly title?: string
  readonly description?: string
  /** Other hints for it. */
  readonly aliases: readonly string[]
  readonly keywords: readonly string[]
  /** Its own rule, tried after those of rules.yaml. */
  readonly when?: Conditions
  /** What its files may use beside the job's variables, with the values they have where nobody says otherwise. */
  readonly variables: Readonly<Record<string, string | number | boolean>>
  /** Paths in the folder that are not copied, beside those that never are. */
  readonly leftOut: readonly string[]
  /** What it suggests to do first; shown, never run. */
  readonly steps: readonly string[]
  /** The name of the layout that suits it. */
  readonly layout?: string | undefined
  /** What one watches while working on it: lines for /bin/sh. Run only where session/watch.ts allows it. */
  readonly watch?: { readonly prepare?: string | undefined; readonly command: string } | undefined
}

export interface BrokenTemplate {
  /** The template's folder, or the file of rules. */
  readonly folder: string
  readonly because: string
  readonly remedy: string
}

export interface Catalogue {
  /** By id; of two, the later has precedence. */
  readonly templates: ReadonlyMap<string, Template>
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[]
  readonly broken: readonly BrokenTemplate[]
}

/**
 * Reads the templates and rules of folders, the one of lowest precedence first: of two templates with one id the
 * later wins, and the rules of a later folder are tried before those of an earlier. A missing folder is fine. What
 * cannot be used is left out and listed in `broken`.
 */
export async function loadCatalogue(folders: readonly string[]): Promise<Catalogue> {
  const templates = new Map<string, Template>()
  const broken: BrokenTemplate[] = []
  const rules: Rule[] = []
  const sources: string[] = []
  for (const folder of folders) {
    for (const entry of await entriesOf(folder, broken)) {
      const template = await readTemplate(folder, entry, broken)
      if (template === undefined) continue
      templates.delete(template.id)
      templates.set(template.id, template)
    }
    const path = join(folder, rulesName)
    const read = await tolerating(() => readRules(path))
    if (read.kind === 'broken') broken.push({ folder: path, because: read.because, remedy: read.remedy })
    else {
      rules.unshift(...read.rules)
      sources.unshift(...read.rules.map(() => path))
    }
  }
  rules.forEach((rule, index) => {
    if (templates.has(rule.template)) return
    const [near] = nearest(rule.template, [...templates.keys()], 1)
    broken.push({
      folder: sources[index] ?? rulesName,
      because: `a rule names the template "${printable(rule.template, 80)}", which does not exist`,
      remedy: near === undefined ? 'correct or remove the rule' : `did you mean ${near}?`,
    })
  })
  return { templates, rules, broken }
}

async function entriesOf(folder: string, broken: BrokenTemplate[]): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    if (codeOf(error) === undefined) throw error
    broken.push({ folder, because: messageOf(error), remedy: 'correct templates_dirs or the rights of the folder' })
    return []
  }
}

async function readTemplate(parent: string, entry: Dirent, broken: BrokenTemplate[]): Promise<Template | undefined> {
  const id = entry.name
  if (/^[._]/.test(id) || id === 'node_modules') return undefined
  const folder = join(parent, id)
  const leaveOut = (because: string, remedy: string) => {
    broken.push({ folder: join(parent, printable(id)), because, remedy })
  }
  if (entry.isSymbolicLink()) {
    leaveOut('it is a symbolic link', 'put the folder itself there, or name its parent in templates_dirs')
    return undefined
  }
  if (!entry.isDirectory()) return undefined
  if (printable(id) !== id || id.includes('\ufffd')) {
    leaveOut('its name has characters that cannot be shown', 'rename the folder')
    return undefined
  }
  const read = await tolerating(() => readManifest(folder))
  switch (read.kind) {
    case 'broken':
      leaveOut(read.because, read.remedy)
      return undefined
    case 'none':
      return { id, folder, aliases: [], keywords: [], variables: {}, leftOut: [], steps: [] }
    case 'manifest': {
      const { leave_out: leftOut, ...rest } = read.manifest
      return { id, folder, ...rest, leftOut: [manifestName, ...leftOut] }
    }
  }
}

/** A system error (no right to enter the folder, say) concerns that one folder only. */
async function tolerating<T>(read: () => Promise<T>): Promise<T | { kind: 'broken'; because: string; remedy: string }> {
  try {
    return await read()
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return { kind: 'broken', because: printable(messageOf(error)), remedy: 'correct the rights of the folder' }
  }
}
