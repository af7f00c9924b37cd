// The program in dist/: one bundle, so that a start reads a few files in place of a thousand. `build` makes it, `fresh` where it
// is out of date; `modules` makes .cache/modules, a file a module, for tests that start one in a process of its own.
import { build } from 'esbuild'
import { chmod, copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import lockfile from 'proper-lockfile'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const src = join(root, 'src')
const dist = join(root, 'dist')
const modules = join(root, '.cache', 'modules')
/** Written at the end of a build: the files that it made, one a line. A source changed later makes it out of date. */
const record = join(root, '.cache', 'program')

/** What is started by its path: the command, and what a pane runs before Claude Code. */
const programs = ['main.ts', 'agent/accept-dialogs.ts']

const common = {
  outbase: src,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  logLevel: 'warning',
}

/**
 * koa-body 8.0.1 takes zod's namespace as a value, with which zod 4.5 brings the messages of all its languages: 560 KB that
 * each start would read, also of commands that have nothing to do with koa-body.
 */
const zodInParts = {
  name: 'zod-in-parts',
  setup({ onLoad }) {
    onLoad({ filter: /\/koa-body\/dist\/esm\/types\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8')
      const contents = text.replace("import { z } from 'zod';", "import * as z from 'zod';")
      if (contents === text)
        throw new Error(`${path} imports zod otherwise now; mend or remove zodInParts in .ci/dist.mjs`)
      return { contents }
    })
  },
}

/** What stands in src/ and is used as it is: the scripts of the panes, the default rules. */
function copied(file) {
  return file.endsWith('.sh') || file.endsWith('.yaml')
}

/** Makes what is in dist/ and nothing else; a program that runs meanwhile has loaded what it needs, or finds the new. */
async function make() {
  const before = await filesIn(dist)
  const { metafile } = await build({
    ...common,
    entryPoints: programs.map((name) => join(src, name)),
    outdir: dist,
    bundle: true,
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    metafile: true,
    plugins: [zodInParts],
    // Without comments, of which one letter beyond ASCII would make V8 keep the whole text in two bytes a letter.
    minifyWhitespace: true,
    lineLimit: 200,
    // Only `templates add` from npm needs it, and it loads parts of itself by names that are computed.
    external: ['pacote'],
    // What packages in CommonJS call for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
  })
  const made = new Set(Object.keys(metafile.outputs).map((path) => join(root, path).slice(dist.length + 1)))
  for (const file of (await filesIn(src)).filter(copied)) {
    await copyInto(dist, file)
    made.add(file)
  }
  await chmod(join(dist, 'main.js'), 0o755)
  for (const file of before) if (!made.has(file)) await rm(join(dist, file), { force: true })
  await mkdir(dirname(record), { recursive: true })
  await writeFile(record, [...made].sort().join('\n'))
}

async function copyInto(folder, file) {
  await mkdir(dirname(join(folder, file)), { recursive: true })
  await copyFile(join(src, file), join(folder, file))
  await chmod(join(folder, file), file.endsWith('.sh') ? 0o755 : 0o644)
}

async function isFresh() {
  const made = await readFile(record, 'utf8').catch(ifMissing(''))
  if (made !== (await filesIn(dist)).sort().join('\n')) return false
  const entries = await readdir(src, { recursive: true })
  const sources = [
    src,
    ...entries.map((entry) => join(src, entry)),
    join(root, 'package-lock.json'),
    fileURLToPath(import.meta.url),
  ]
  const changed = await Promise.all(sources.map(changedAt))
  return Math.max(...changed) < (await changedAt(record))
}

async function fresh() {
  if (await isFresh()) return
  const release = await lockfile.lock(root, {
    lockfilePath: join(root, 'node_modules', '.build.lock'),
    stale: 60_000,
    retries: { retries: 600, minTimeout: 200, maxTimeout: 200 },
  })
  try {
    if (!(await isFresh())) await make()
  } finally {
    await release()
  }
}

async function asModules() {
  const sources = (await filesIn(src)).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  await build({ ...common, entryPoints: sources.map((file) => join(src, file)), outdir: modules })
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ifMissing([]))
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

async function changedAt(path) {
  return (await stat(path).catch(ifMissing({ mtimeMs: 0 }))).mtimeMs
}

function ifMissing(value) {
  return (error) => {
    if (error.code === 'ENOENT') return value
    throw error
  }
}

const verbs = { build: make, fresh, modules: asModules }
const verb = verbs[process.argv[2]]
if (verb === undefined) {
  console.error('usage: node .ci/dist.mjs build|fresh|modules')
  process.exitCode = 2
} else {
  await verb()
}
