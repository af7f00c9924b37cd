import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../support/files.js'
import { codeOf } from '../support/problem.js'
import { foldPath } from './plan.js'
import { refusal } from './refuse.js'

/** What stands at a planned path: nothing, the same bytes, or something else that stays as it is. */
export type Standing = 'missing' | 'identical' | 'other'

/** Looks at a working copy; folders are read once. Nothing is changed. */
export class Target {
  private readonly names = new Map<string, Promise<ReadonlyMap<string, readonly string[]> | undefined>>()

  constructor(
    private readonly folder: string,
    private readonly templateId: string,
    private readonly mode: 'whole' | 'missing-only',
  ) {}

  /**
   * What stands where `path` would be written. A name that differs only in case counts as standing there; in mode
   * `missing-only` so does a top-level file of the same purpose (`README.rst` for `README.md`).
   * @throws Problem where a folder on the way is a symbolic link
   */
  async standing(path: string, content: Uint8Array): Promise<Standing> {
    const parts = path.split('/')
    for (let depth = 0; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/')
      const names = await this.namesIn(parent)
      if (names === undefined) return 'missing'
      const name = parts[depth] ?? ''
      const last = depth === parts.length - 1
      const alike = names.get(foldPath(name)) ?? []
      if (!alike.includes(name)) {
        if (alike.length > 0) return 'other'
        if (last && depth === 0 && this.mode === 'missing-only' && hasCounterpart(name, names.keys())) return 'other'
        return 'missing'
      }
      const here = [...parts.slice(0, depth), name].join('/')
      if (last) return await this.compare(here, content)
      const stats = await lstat(join(this.folder, here))
      if (stats.isSymbolicLink()) {
        throw refusal(
          this.templateId,
          `${here} in the working copy is a symbolic link, and ${path} would be written behind it`,
          'name a template without that folder',
        )
      }
      if (!stats.isDirectory()) return 'other'
    }
    return 'missing'
  }

  private async compare(path: string, content: Uint8Array): Promise<Standing> {
    const read = await readBounded(join(this.folder, path), content.length)
    return read.kind === 'file' && read.bytes.equals(content) ? 'identical' : 'other'
  }

  private namesIn(path: string): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
    const known = this.names.get(path)
    if (known !== undefined) return known
    const read = this.readNames(path)
    this.names.set(path, read)
    return read
  }

  private async readNames(path: string): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
    try {
      const byFold = new Map<string, string[]>()
      for (const name of await readdir(join(this.folder, path))) {
        byFold.set(foldPath(name), [...(byFold.get(foldPath(name)) ?? []), name])
      }
      return byFold
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }
}

/** The files of which a project has one, whatever the ending: `LICENSE.txt`, `vite.config.js`. */
function hasCounterpart(name: string, folded: Iterable<string>): boolean {
  const stem = stemOf(foldPath(name))
  if (!/^(?:readme|licen[cs]e|copying|changelog|contributing|.+\.config)$/.test(stem)) return false
  return [...folded].some((other) => stemOf(other) === stem)
}

function stemOf(name: string): string {
  return name.replace(/(.)\.[^.]+$/, '$1')
}
