import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Template } from '../../src/template/catalogue.js'
import type { TemplateVariables } from '../../src/template/render.js'

/** The folder of shipped templates. */
export const shipped = fileURLToPath(new URL('../../templates', import.meta.url))

export const variables: TemplateVariables = {
  project: 'Green.House',
  owner: 'acme',
  repository: 'green-house',
  year: 2026,
  summary: 'Say "hello"',
}

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'devorch-template-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Writes files under a folder; what ends in `/` is made a folder. */
export async function fill(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path.endsWith('/') ? path : dirname(path)), { recursive: true })
    if (!path.endsWith('/')) await writeFile(join(folder, path), content)
  }
}

/** A template of these files, in a folder of its own. */
export async function templateOf(
  files: Readonly<Record<string, string | Uint8Array>>,
  more: Partial<Template> = {},
): Promise<Template> {
  const folder = await temporaryFolder()
  await fill(folder, files)
  return { id: 'sample', folder, aliases: [], keywords: [], variables: {}, leftOut: [], steps: [], text: '', ...more }
}

/** Every path under a folder, folders with a `/` behind them. */
export async function pathsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1) + (entry.isDirectory() ? '/' : ''))
    .sort()
}
