// The compiled program in dist/: `finish` completes what tsc wrote, `fresh` builds where dist/ is out of date.
import { spawnSync } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import lockfile from 'proper-lockfile'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const src = join(root, 'src')
const dist = join(root, 'dist')

/** Every file of dist/ and the file it is made from; relative to their folders. */
async function outputs() {
  const made = new Map()
  for (const file of await filesIn(src)) {
    if (file.endsWith('.d.ts')) continue
    if (file.endsWith('.ts')) made.set(file.replace(/\.ts$/, '.js'), file)
    if (copied(file)) made.set(file, file)
  }
  return made
}

/** What stands in src/ and is used as it is: the scripts of the panes, the default rules. */
function copied(file) {
  return file.endsWith('.sh') || file.endsWith('.yaml')
}

/** Copies the scripts and rules, removes what no source file makes any more, makes the program executable. */
async function finish() {
  const made = await outputs()
  for (const [output, source] of made) {
    if (!copied(source)) continue
    await mkdir(dirname(join(dist, output)), { recursive: true })
    await copyFile(join(src, source), join(dist, output))
    await chmod(join(dist, output), source.endsWith('.sh') ? 0o755 : 0o644)
  }
  for (const file of await filesIn(dist)) if (!made.has(file)) await rm(join(dist, file))
  if (made.has('main.js')) await chmod(join(dist, 'main.js'), 0o755)
}

async function isFresh() {
  const made = await outputs()
  const settings = Math.max(
    await changedAt(join(root, 'tsconfig.json')),
    await changedAt(join(root, 'package-lock.json')),
  )
  for (const [output, source] of made) {
    const built = await changedAt(join(dist, output))
    if (built < (await changedAt(join(src, source))) || built < settings) return false
  }
  return (await filesIn(dist)).every((file) => made.has(file))
}

/** tsc ends with 2 where it wrote everything but found errors of type: those are for `npm run typecheck` to refuse. */
async function fresh() {
  if (await isFresh()) return
  const release = await lockfile.lock(root, {
    lockfilePath: join(root, 'node_modules', '.build.lock'),
    // tsc runs in the foreground, so nothing renews the lock meanwhile; a dead holder's is taken over within the retries.
    stale: 60_000,
    retries: { retries: 600, minTimeout: 200, maxTimeout: 200 },
  })
  try {
    if (await isFresh()) return
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { status } = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.json')], {
      stdio: ['ignore', 2, 2],
      timeout: 300_000,
    })
    if (status !== 0 && status !== 2) throw new Error(`build: tsc ended with ${String(status)}`)
    await finish()
  } finally {
    await release()
  }
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

const verbs = { finish, fresh }
const verb = verbs[process.argv[2]]
if (verb === undefined) {
  console.error('usage: node .ci/dist.mjs finish|fresh')
  process.exitCode = 2
} else {
  await verb()
}
