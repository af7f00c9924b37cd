import type { Config } from '../../config/schema.js'
import type { Home } from '../../config/home.js'
import { repositoryTools } from '../../daemon/assemble.js'
import { fetchTree } from '../../repo/fetch-tree.js'
import { childEnvironment } from '../../support/process.js'
import type { SourceTools } from '../../template/added/fetch-source.js'
import type { Place } from '../../template/added/place.js'
import { loadHome, type CommandContext } from '../context.js'

/** What the verbs that change the home's templates need. */
export interface OpenedTemplates {
  readonly home: Home
  readonly config: Config
  readonly place: Place
  readonly tools: SourceTools
}

/** Undefined where the configuration is wrong, which was said then. */
export async function openTemplates(context: CommandContext): Promise<OpenedTemplates | undefined> {
  const found = await loadHome(context)
  if (found === undefined) return undefined
  const { home, config } = found
  const environment = childEnvironment(context.environment)
  const repositories = repositoryTools(home, config, environment)
  return {
    home,
    config,
    place: { templates: home.templates, environment, now: () => new Date() },
    tools: {
      fetchGit: (request, signal) => fetchTree(request, repositories, signal),
      environment: context.environment,
    },
  }
}
