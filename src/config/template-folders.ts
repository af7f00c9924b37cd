import { join, resolve } from 'node:path'
import { packageRoot } from '../support/package.js'
import type { Home } from './home.js'
import type { Config } from './schema.js'

/** A folder of templates, and by what it belongs to the catalogue. */
export interface TemplateFolder {
  /** Absolute. */
  readonly folder: string
  readonly from: 'shipped' | 'templates_dirs' | 'home'
}

/** The catalogue's folders, the one of lowest precedence first, each once: a checkout's home is the shipped one. */
export function templateFolders(home: Home, config: Config): TemplateFolder[] {
  const all: readonly TemplateFolder[] = [
    { folder: join(packageRoot, 'templates'), from: 'shipped' },
    ...config.templates_dirs.map((folder) => ({ folder: resolve(folder), from: 'templates_dirs' }) as const),
    { folder: home.templates, from: 'home' },
  ]
  return all.filter(({ folder }, index) => all.findIndex((other) => other.folder === folder) === index)
}
