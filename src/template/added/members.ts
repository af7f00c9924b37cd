import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { manifestName, readManifest } from '../manifest.js'
import { foreignFormat } from './foreign.js'

/** A folder of a source that becomes a template. */
export interface Member {
  /** In the source; '' is the source itself. */
  readonly path: string
  /** What it is called within the source; undefined: it is the source. */
  readonly name: string | undefined
  /** Whether its name says only half, so that the source's belongs before it: `template-react` of create-vite. */
  readonly isHalfNamed: boolean
}

/** Folders whose folders are templates, where these look like projects (Django's `templates/` are none). */
const collections = ['examples', 'templates', 'starters', 'boilerplates', 'samples']

/** What says that a folder is a project, and its folders are parts of it. */
const marks = new Set(
  [
    'package.json pyproject.toml setup.py setup.cfg requirements.txt Pipfile manage.py environment.yml',
    'go.mod Cargo.toml composer.json Gemfile pom.xml build.gradle build.gradle.kts settings.gradle mix.exs',
    'CMakeLists.txt meson.build Makefile makefile Dockerfile docker-compose.yml docker-compose.yaml compose.yml',
    'compose.yaml deno.json deno.jsonc pubspec.yaml Package.swift index.html index.php main.py app.py main.go',
    'flake.nix stack.yaml dune-project build.sbt project.clj shard.yml rebar.config lerna.json nx.json turbo.json',
  ]
    .join(' ')
    .split(' '),
)

/** The parts of one application: `backend/` and `frontend/` side by side are no two templates. */
const parts =
  /^(?:front-?end|back-?end|clients?|servers?|api|web|webapp|website|ui|mobile|app|apps|packages|libs?|src|tests?|docs?|infra|infrastructure|services?|workers?|scripts?|shared|common|core|db|database|deploy|k8s|terraform|public|static|assets|config|bin|cmd|pkg|internal)$/i

/**
 * The templates in a source: many where it is a collection, else itself. A collection is a folder of `template-*`
 * folders, one with an `examples/` (or the like) of projects, or one that is no project and whose folders are.
 */
export async function findMembers(root: string): Promise<Member[]> {
  const whole: Member = { path: '', name: undefined, isHalfNamed: false }
  if ((await readManifest(root)).kind !== 'none' || (await foreignFormat(root)) !== undefined) return [whole]
  const folders = await foldersOf(root)
  const prefixed = folders.filter((name) => /^template-./.test(name))
  if (prefixed.length > 1) {
    return prefixed.map((path) => ({ path, name: path.slice('template-'.length), isHalfNamed: true }))
  }
  for (const collection of collections.filter((name) => folders.includes(name))) {
    const within = await projectsIn(join(root, collection))
    if (within !== undefined) return within.map((name) => member(`${collection}/${name}`, name))
  }
  if (folders.includes('template') && (await looksLikeProject(join(root, 'template')))) {
    return [{ ...whole, path: 'template' }]
  }
  if (await looksLikeProject(root)) return [whole]
  const [only, ...others] = folders
  const holder = only !== undefined && others.length === 0 && collections.includes(only) ? only : ''
  const within = (await projectsIn(root)) ?? (await plainFoldersIn(join(root, holder)))
  if (within === undefined || within.every((name) => parts.test(name))) return [whole]
  return within.map((name) => member(holder === '' ? name : `${holder}/${name}`, name))
}

function member(path: string, name: string): Member {
  return { path, name, isHalfNamed: false }
}

/** All folders of a folder, where there are two or more and at least half of them look like projects. */
async function projectsIn(folder: string): Promise<string[] | undefined> {
  const names = await foldersOf(folder).catch(() => [])
  let projects = 0
  for (const name of names) if (await looksLikeProject(join(folder, name), true)) projects += 1
  return names.length > 1 && projects * 2 >= names.length ? names : undefined
}

/** All folders of one that holds nothing else but texts about them, and none that is named like a part. */
async function plainFoldersIn(folder: string): Promise<string[] | undefined> {
  const entries = await readdir(folder, { withFileTypes: true })
  const isBare = entries.every((entry) => entry.isDirectory() || /^\.|\.(?:md|txt|rst)$|^[A-Z]+$/.test(entry.name))
  const names = await foldersOf(folder)
  return isBare && names.length > 1 && !names.some((name) => parts.test(name)) ? names : undefined
}

/** @param orDescribed whether a README is enough: each of a collection's has one, and so has the collection itself */
async function looksLikeProject(folder: string, orDescribed = false): Promise<boolean> {
  const names = await readdir(folder)
  return names.some(
    (name) =>
      marks.has(name.replace(/\.liquid$/, '')) ||
      name === manifestName ||
      name === 'cookiecutter.json' ||
      /\.(?:csproj|sln|cabal|gemspec|nimble)$/.test(name) ||
      (orDescribed && /^readme(?:\.|$)/i.test(name)),
  )
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory() && !/^[._]/.test(entry.name) && entry.name !== 'node_modules')
    .map((entry) => entry.name)
    .sort()
}
