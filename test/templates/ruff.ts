import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { z } from 'zod'
import { git } from '../support/repositories.js'
import { run } from '../../src/support/process.js'

/*
 * npx --package @astral-sh/ruff-wasm-nodejs -- node {tools}/ruff.js: `ruff check` and `ruff format --check` in the folder it is
 * started in. ruff itself is in no Debian 12, but its own build for Node is in the npm registry; that one knows neither paths
 * nor pyproject.toml, so this gives each file the settings that ruff would.
 */

const patterns = z.record(z.string(), z.array(z.string()))
const settingsSchema = z.object({
  requires: z.string(),
  ruff: z.looseObject({
    'extend-exclude': z.array(z.string()).default([]),
    lint: z.looseObject({ ignore: z.array(z.string()).default([]), 'per-file-ignores': patterns.default({}) }),
  }),
})
const diagnosticsSchema = z.array(
  z.object({ code: z.string().nullable(), message: z.string(), start_location: z.object({ row: z.number() }) }),
)

interface Workspace {
  check(contents: string): unknown
  format(contents: string): string
}
interface Ruff {
  readonly Workspace: new (options: unknown, encoding: number) => Workspace
}

/** The package that npx has put beside the programs it offers. */
function loadRuff(): Ruff {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder.endsWith('/node_modules/.bin'))
  const [folder] = folders
  if (folder === undefined) throw new Error('start it with npx --package @astral-sh/ruff-wasm-nodejs')
  return createRequire(join(folder, '..', 'ruff.js'))('@astral-sh/ruff-wasm-nodejs') as Ruff
}

async function readSettings(): Promise<z.infer<typeof settingsSchema>> {
  const program = `import json, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
print(json.dumps({"requires": project["project"]["requires-python"], "ruff": project["tool"]["ruff"]}))`
  const done = await run('/usr/bin/python3', ['-c', program], { timeoutMs: 30_000, env: {} })
  return settingsSchema.parse(JSON.parse(done.stdout))
}

const { Workspace } = loadRuff()
const { requires, ruff } = await readSettings()
const tracked = (await git('.', 'ls-files', '-z', '*.py')).split('\0').filter((path) => path !== '')
const files = tracked.filter((path) => !path.split('/').some((part) => ruff['extend-exclude'].includes(part)))
const firstParty = [...new Set(tracked.map((path) => path.replace(/^src\//, '').split('/')[0] ?? ''))]
const complaints: string[] = []
for (const path of files) {
  const perFile = Object.entries(ruff.lint['per-file-ignores'])
  const ignore = [...ruff.lint.ignore, ...perFile.flatMap(([start, codes]) => (startsWith(path, start) ? codes : []))]
  const lint = { ...ruff.lint, ignore, 'per-file-ignores': {}, isort: { 'known-first-party': firstParty } }
  const target = `py${requires.replace(/[^0-9]/g, '')}`
  const workspace = new Workspace({ ...ruff, 'target-version': target, lint }, 1)
  const text = await readFile(path, 'utf8')
  for (const { code, message, start_location: place } of diagnosticsSchema.parse(workspace.check(text))) {
    complaints.push(`${path}:${place.row.toString()}: ${code ?? ''} ${message}`)
  }
  if (workspace.format(text) !== text) complaints.push(`${path}: not as ruff format leaves it`)
}
if (files.length === 0) complaints.push('no Python file was found')
for (const complaint of complaints) console.log(complaint)
if (complaints.length > 0) process.exitCode = 1

/** For patterns like `tests/*`. */
function startsWith(path: string, pattern: string): boolean {
  return path.startsWith(pattern.replace(/\*+$/, ''))
}
