import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBeginning, readBounded, type BoundedRead } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import { projectFile } from './project-files.js'

/** More names than a project has at its top; the rest are not looked at. */
const maxNames = 2000
const maxFiles = 8
const maxReadmeBytes = 4 * 1024
/** Only a whole one can be understood. */
const maxFileBytes = 32 * 1024

const maxFileCharacters = 600
const maxWordCharacters = 600
const maxCharacters = 1500

/** What in a folder says what it is. */
export interface TellingNames {
  /** Whether there may be such a file: there is none where all names were looked at. */
  readonly mayHave: (name: string) => boolean
  /** The files whose content does, the most telling first. */
  readonly files: readonly string[]
  /** What the names themselves say. */
  readonly says: readonly string[]
}

/** Looks at the names at the top of a folder. @throws a system error where it cannot be read */
export async function tellingNames(folder: string): Promise<TellingNames> {
  const names: string[] = []
  for await (const { name } of await opendir(folder, { bufferSize: 256 })) {
    names.push(name)
    if (names.length === maxNames) break
  }
  names.sort()
  const readme = names.find((name) => isReadme(bare(name)))
  const known = names.flatMap((name) => {
    const file = projectFile(bare(name))
    return file === undefined ? [] : [{ ...file, name }]
  })
  return {
    mayHave: (name) => names.length === maxNames || names.includes(name),
    files: [readme ?? [], known.filter(({ words }) => words !== undefined).map(({ name }) => name)]
      .flat()
      .slice(0, maxFiles),
    says: [...new Set(known.map(({ says }) => says))].filter((says) => says !== ''),
  }
}

/**
 * The words by which a template that has no description of its own can be found: of its id, of its README's beginning
 * and of what its project files name (keywords, dependencies). Nothing is followed or run, little is read of each
 * file, and one that cannot be read or understood has no words.
 */
export async function folderText(id: string, folder: string, names: TellingNames): Promise<string> {
  const parts = [id.replace(/(\p{Ll})(?=\p{Lu})/gu, '$1 '), ...names.says]
  for (const name of names.files) {
    const isText = isReadme(bare(name))
    const path = join(folder, name)
    const source = await textOf(isText ? readBeginning(path, maxReadmeBytes) : readBounded(path, maxFileBytes))
    if (source === undefined) continue
    const words = isText ? [readmeText(source)] : (projectFile(bare(name))?.words?.(withoutLiquid(source)) ?? [])
    parts.push(cut(words.map((word) => cut(word, maxWordCharacters)).join(' '), maxFileCharacters))
  }
  const text = cut(
    parts
      .join(' ')
      .replace(/[\p{C}\p{Z}\ufffd]+/gu, ' ')
      .trim(),
    maxCharacters,
  )
  // A part of a text keeps the whole of it in memory (V8): a copy of its own doesn't.
  return Buffer.from(text).toString()
}

/** As much of a text as fits, without a half word at its end. */
function cut(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length).replace(/\S+$/, '').trimEnd()
}

function bare(name: string): string {
  return name.replace(/\.liquid$/, '')
}

function isReadme(name: string): boolean {
  return /^readme(?:\.(?:md|markdown|mdx|rst|adoc|org|txt))?$/i.test(name)
}

async function textOf(reading: Promise<BoundedRead>): Promise<string | undefined> {
  try {
    const read = await reading
    return read.kind === 'file' ? new TextDecoder().decode(read.bytes) : undefined
  } catch (error) {
    if (codeOf(error) === undefined) throw error
    return undefined
  }
}

/** No pattern here looks twice at a character that a hostile file repeats. */
function withoutLiquid(source: string): string {
  return source
    .replace(/\{\{[^{}|]*\|[ \t]*json[ \t]*\}\}/g, '""')
    .replace(/\{\{[^{}]*\}\}/g, '')
    .replace(/\{%[^%{}]*%\}/g, '')
}

/** What people read of Markdown and its relatives: no code, no tables, no addresses, no badges, no markup. */
function readmeText(source: string): string {
  return withoutLiquid(source)
    .replace(/^---\r?\n.*?\n---\r?\n/s, '')
    .replace(/^[ \t]*(```|~~~).*?(?:^[ \t]*\1|$(?![^]))/gms, ' ')
    .replace(/^[ \t]*\|.*$/gm, ' ')
    .replace(/<!--.*?(?:-->|$)/gs, ' ')
    .replace(/<[^<>]*>/g, ' ')
    .replace(/!\[[^[\]]*\](?:\([^()]*\)|\[[^[\]]*\])/g, ' ')
    .replace(/\[([^[\]]*)\](?:\([^()]*\)|\[[^[\]]*\])/g, '$1')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/\S+/gi, ' ')
    .replace(/[#*_`>|=~]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
