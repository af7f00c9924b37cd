import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../support/files.js'

/**
 * The other program for which a folder is a template, where it is one. Copied as it stands it would be of no use: its
 * placeholders would stay in names and files.
 */
export async function foreignFormat(folder: string): Promise<'cookiecutter' | 'copier' | undefined> {
  const names = await readdir(folder)
  if (names.includes('cookiecutter.json')) return 'cookiecutter'
  if (names.some((name) => /\{\{-?\s*cookiecutter\s*\./.test(name))) return 'cookiecutter'
  const questions = names.find((name) => name === 'copier.yml' || name === 'copier.yaml')
  if (questions === undefined) return undefined
  const read = await readBounded(join(folder, questions), 256 * 1024)
  if (read.kind === 'file' && /^_[a-z]/m.test(read.bytes.toString('utf8'))) return 'copier'
  return (await hasJinja(folder, '', { left: 5000 })) ? 'copier' : undefined
}

async function hasJinja(folder: string, path: string, entries: { left: number }): Promise<boolean> {
  for (const entry of await readdir(join(folder, path), { withFileTypes: true })) {
    entries.left -= 1
    if (entries.left < 0) return false
    if (/\.(?:jinja2?|j2)$/.test(entry.name) || /\{\{.*\}\}|\{%.*%\}/.test(entry.name)) return true
    const isSource = entry.isDirectory() && entry.name !== '.git' && entry.name !== 'node_modules'
    if (isSource && (await hasJinja(folder, join(path, entry.name), entries))) return true
  }
  return false
}
