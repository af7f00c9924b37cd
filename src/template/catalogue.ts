import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { mapAtMost } from '../support/at-most.js'
import { grouped } from '../support/grouped.js'
import { codeOf, messageOf } from '../support/problem.js'
import { nearest, printable } from '../support/text.js'
import { folderText, tellingNames } from './folder-text.js'
import { createKept, type Look } from './kept.js'
import { manifestName, readManifest, type ManifestResult } from './manifest.js'
import { readRules, rulesName, type Conditions, type Rule } from './rules.js'
import { templatesOf, type Stacks } from './stacks.js'

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
  /** Words by which it can be found, as its files give them; text from outside, cut to some hundred words. */
  readonly text: string
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
  /** The names of stacks in each rules.yaml that has them, in the same order. */
  readonly stacks?: readonly Stacks[]
  readonly broken: readonly BrokenTemplate[]
}

/** Reads the catalogue once; see `createCatalogue`. */
export async function loadCatalogue(folders: readonly string[]): Promise<Catalogue> {
  return await createCatalogue(folders)()
}

/** So many folders are looked at at once: enough for Node's four threads for files, little for others to wait behind. */
const lanes = 16

/**
 * The templates and rules of folders, the one of lowest precedence first: of two templates with one id the later wins,
 * and the rules of a later folder are tried before those of an earlier. A missing folder is fine. What cannot be used
 * is left out and listed in `broken`.
 * @returns what gives the catalogue as the files are at the time of the call. It reads again what has changed; where
 * nothing has, it gives the same object.
 */
export function createCatalogue(folders: readonly string[], now: () => number = Date.now): () => Promise<Catalogue> {
  const kept = createKept<Found>(now)
  let last: { readonly contents: readonly FolderContent[]; readonly catalogue: Catalogue } | undefined

  const look = async (): Promise<Catalogue> => {
    const contents: FolderContent[] = []
    for (const folder of folders) {
      const unlisted: BrokenTemplate[] = []
      const entries = (await entriesOf(folder, unlisted)).filter(isCandidate)
      const found = await mapAtMost(lanes, entries, (entry) =>
        kept.get(join(folder, entry.name), (look) => readTemplate(join(folder, entry.name), entry, look)),
      )
      const path = join(folder, rulesName)
      const ruled = await kept.get(path, (look) => readRulesFile(path, look))
      contents.push({
        path,
        templates: found.flatMap(({ template }) => template ?? []),
        rules: ruled.rules ?? [],
        stacks: ruled.stacks,
        broken: [...unlisted, ...[...found, ruled].flatMap(({ broken }) => broken ?? [])],
      })
    }
    kept.forgetOthers()
    if (last === undefined || !isSame(last.contents, contents)) last = { contents, catalogue: assembled(contents) }
    return last.catalogue
  }

  const shared = grouped(look)
  return () => shared('')
}

/** What a template's folder, or a file of rules, gave. */
interface Found {
  readonly template?: Template
  readonly rules?: readonly Rule[]
  readonly stacks?: Stacks
  readonly broken?: BrokenTemplate
}

/** What one folder of templates holds. */
interface FolderContent {
  /** Of its rules.yaml. */
  readonly path: string
  readonly templates: readonly Template[]
  readonly rules: readonly Rule[]
  readonly stacks: Stacks | undefined
  readonly broken: readonly BrokenTemplate[]
}

function isSame(before: readonly FolderContent[], now: readonly FolderContent[]): boolean {
  const identical = (a: readonly unknown[], b: readonly unknown[]) =>
    a.length === b.length && a.every((one, index) => one === b[index])
  return now.every((one, index) => {
    const other = before[index]
    return (
      other !== undefined &&
      identical(one.templates, other.templates) &&
      identical(one.rules, other.rules) &&
      one.stacks === other.stacks &&
      isDeepStrictEqual(one.broken, other.broken)
    )
  })
}

/** A file with thousands of rules for templates that are gone has one reason. */
const maxStrayRules = 20

function assembled(found: readonly FolderContent[]): Catalogue {
  const templates = new Map<string, Template>()
  for (const template of found.flatMap((one) => one.templates)) {
    templates.delete(template.id)
    templates.set(template.id, template)
  }
  const ids = [...templates.keys()]
  const stray = found.flatMap(({ path, rules, stacks }) => {
    const named = [...rules.map((rule) => rule.template), ...(stacks === undefined ? [] : templatesOf(stacks))]
    const gone = [...new Set(named)].filter((id) => !templates.has(id)).slice(0, maxStrayRules)
    return gone.map((id) => {
      const [near] = nearest(id, ids, 1)
      return {
        folder: path,
        because: `a rule names the template "${printable(id, 80)}", which does not exist`,
        remedy: near === undefined ? 'correct or remove the rule' : `did you mean ${near}?`,
      }
    })
  })
  const latestFirst = [...found].reverse()
  return {
    templates,
    rules: latestFirst.flatMap((one) => one.rules),
    stacks: latestFirst.flatMap((one) => one.stacks ?? []),
    broken: [...found.flatMap((one) => one.broken), ...stray],
  }
}

async function readRulesFile(path: string, look: Look): Promise<Found> {
  await look([path])
  const read = await tolerating(() => readRules(path))
  if (read.kind === 'rules') {
    return { rules: read.rules, ...(read.stacks === undefined ? {} : { stacks: read.stacks }) }
  }
  return { broken: { folder: path, because: read.because, remedy: read.remedy } }
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

function isCandidate(entry: Dirent): boolean {
  if (/^[._]/.test(entry.name) || entry.name === 'node_modules') return false
  return entry.isDirectory() || entry.isSymbolicLink()
}

/**
 * Reads one folder as a template, which need not be in the catalogue.
 * @param folder absolute
 */
export async function loadTemplate(
  folder: string,
): Promise<{ readonly template?: Template; readonly broken?: BrokenTemplate }> {
  const stats = await tolerating(async () => ({ kind: 'stats' as const, stats: await lstat(folder) }))
  if (stats.kind === 'stats' && (stats.stats.isDirectory() || stats.stats.isSymbolicLink())) {
    return await readTemplate(folder, stats.stats, () => Promise.resolve())
  }
  const because = stats.kind === 'broken' ? stats.because : 'it is no folder'
  return { broken: { folder: printable(folder, 500), because, remedy: 'name the folder of a template' } }
}

async function readTemplate(folder: string, what: { isSymbolicLink(): boolean }, look: Look): Promise<Found> {
  const id = basename(folder)
  const leftOut = (because: string, remedy: string): Found => ({
    broken: { folder: join(dirname(folder), printable(id)), because, remedy },
  })
  if (what.isSymbolicLink()) {
    return leftOut('it is a symbolic link', 'put the folder itself there, or name its parent in templates_dirs')
  }
  if (printable(id) !== id || id.includes('\ufffd')) {
    return leftOut('its name has characters that cannot be shown', 'rename the folder')
  }
  const read = await tolerating(async () => {
    await look([folder])
    const names = await tellingNames(folder)
    const own = names.mayHave(manifestName) ? [manifestName] : []
    await look([...own, ...names.files].map((name) => join(folder, name)))
    const manifest: ManifestResult = own.length === 0 ? { kind: 'none' } : await readManifest(folder)
    return manifest.kind === 'broken' ? manifest : { ...manifest, text: await folderText(id, folder, names) }
  })
  switch (read.kind) {
    case 'broken':
      return leftOut(read.because, read.remedy)
    case 'none':
      return {
        template: { id, folder, aliases: [], keywords: [], variables: {}, leftOut: [], steps: [], text: read.text },
      }
    case 'manifest': {
      const { leave_out: leftOutPaths, ...rest } = read.manifest
      return { template: { id, folder, ...rest, leftOut: [manifestName, ...leftOutPaths], text: read.text } }
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
