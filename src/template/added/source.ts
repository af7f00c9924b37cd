import { resolve } from 'node:path'

/** Where templates are added from, as a person named it. */
export type Source =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'git'
      /** Not checked yet: that is the part of the repository policy. */
      readonly url: string
      /** A branch, tag or commit. */
      readonly ref: string | undefined
      readonly subfolder: string | undefined
    }
  | {
      readonly kind: 'npm'
      readonly name: string
      /** A version, range or tag of the registry. */
      readonly version: string
      readonly subfolder: string | undefined
    }

export type ParsedSource =
  | { readonly ok: true; readonly source: Source }
  | { readonly ok: false; readonly because: string; readonly remedy: string }

/**
 * Reads SOURCE: `npm:NAME[@VERSION]`, a git address with `//SUBFOLDER` and `#REF` behind it, else a folder. The refusal
 * never repeats the text, which may carry a password.
 */
export function parseSource(text: string): ParsedSource {
  const given = text.trim()
  if (given === '') return refuse('it is empty', 'name a folder, a git address, or npm:PACKAGE')
  if (given.startsWith('npm:')) return npmSource(given.slice('npm:'.length))
  if (isGitAddress(given)) return gitSource(given.replace(/^git\+/, ''))
  if (given.includes('\0')) return refuse('a path has a NUL byte', 'name a folder')
  return { ok: true, source: { kind: 'folder', path: resolve(given) } }
}

/** git-clone(1), GIT URLS: `scheme://…`, and `[user@]host:path` where no slash comes before the colon. */
function isGitAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[^/\s]+:./.test(text)
}

function gitSource(text: string): ParsedSource {
  const hash = text.indexOf('#')
  const ref = hash < 0 ? undefined : text.slice(hash + 1)
  const address = hash < 0 ? text : text.slice(0, hash)
  if (ref === '') return refuse('there is no branch, tag or commit behind "#"', 'write it there, or leave "#" out')
  const start = /^[a-z][a-z0-9+.-]*:\/\//i.exec(address)?.[0].length ?? 0
  // Of file:///srv/x the path begins with the third slash.
  const cut = address.indexOf('//', start + (address.startsWith('/', start) ? 1 : 0))
  const subfolder = cut < 0 ? undefined : subfolderOf(address.slice(cut + 2))
  if (cut >= 0 && subfolder === undefined) return badSubfolder()
  return { ok: true, source: { kind: 'git', url: cut < 0 ? address : address.slice(0, cut), ref, subfolder } }
}

/**
 * Only what the registry itself resolves: `npm:a@git+ssh://…`, `npm:a@../folder` and `npm:a@file.tgz` would be other
 * doors, of which some run a package's scripts (npm-package-arg 13).
 */
function npmSource(text: string): ParsedSource {
  const cut = text.indexOf('//')
  const spec = cut < 0 ? text : text.slice(0, cut)
  const subfolder = cut < 0 ? undefined : subfolderOf(text.slice(cut + 2))
  if (cut >= 0 && subfolder === undefined) return badSubfolder()
  const [, name, version = 'latest'] =
    /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@(.+))?$/i.exec(spec) ?? []
  if (name === undefined || name.length > 214) {
    return refuse('that is not the name of an npm package', 'write npm:NAME or npm:NAME@VERSION')
  }
  if (!/^[A-Za-z0-9^~<>=*][A-Za-z0-9.^~<>=*+ -]{0,99}$/.test(version) || /\.(?:tgz|tar\.gz|tar)$/i.test(version)) {
    return refuse('that is not a version, range or tag of the registry', 'write npm:NAME@6 or npm:NAME@1.2.3')
  }
  return { ok: true, source: { kind: 'npm', name, version, subfolder } }
}

/** Undefined where it is no path down. */
export function subfolderOf(text: string): string | undefined {
  const parts = text.split('/').filter((part) => part !== '')
  const isDown = parts.every((part) => part !== '.' && part !== '..' && part.toLowerCase() !== '.git')
  return parts.length > 0 && isDown && !text.includes('\0') ? parts.join('/') : undefined
}

function badSubfolder(): ParsedSource {
  return refuse(
    'what is behind "//" is not a folder in the source',
    'write ADDRESS//FOLDER, as in …/examples.git//react',
  )
}

function refuse(because: string, remedy: string): ParsedSource {
  return { ok: false, because, remedy }
}

/** What one would call it: `create-vite`, `next.js`, `boilerplates`. */
export function sourceName(source: Source): string {
  switch (source.kind) {
    case 'folder':
      return lastPart(source.path)
    case 'npm':
      return lastPart(source.name)
    case 'git':
      return lastPart(source.url.replace(/\/+$/, '').replace(/\.git$/, ''))
  }
}

function lastPart(path: string): string {
  return path.split(/[/:]/).at(-1) ?? ''
}
