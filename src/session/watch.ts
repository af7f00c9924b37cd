import { join } from 'node:path'
import type { Config } from '../config/schema.js'
import { exists } from '../support/files.js'
import type { Template } from '../template/catalogue.js'
import { provenanceName } from '../template/listing.js'
import type { Watch } from './panes.js'

/**
 * What a new project's pane `apps` may run. Watching runs code (`npm install` runs what package.json says), so that code
 * must be the operator's: all of the project comes from the template, which needs a repository that was empty, and the
 * template is one that the operator wrote or was shipped, unless `watch: any` says that added ones may, too.
 * @param empty whether the repository had nothing in it
 */
export async function watchOf(
  template: Template | undefined,
  empty: boolean,
  allowed: Config['watch'],
): Promise<Watch | undefined> {
  if (template?.watch === undefined || !empty) return undefined
  switch (allowed) {
    case 'off':
      return undefined
    case 'any':
      return template.watch
    case 'own':
      return (await exists(join(template.folder, provenanceName))) ? undefined : template.watch
  }
}
