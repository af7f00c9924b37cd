import type { Config } from '../config/schema.js'
import type { Home } from '../config/home.js'
import type { RepositoryTools } from '../repo/tools.js'
import type { Logger } from '../support/log.js'
import type { KnownSecrets } from '../support/redact.js'
import type { Catalogue } from '../template/catalogue.js'
import type { Tmux } from '../tmux/tmux.js'
import type { Registry } from './registry.js'

/** Everything that building, showing and ending a session needs; put together once, in daemon.ts. */
export interface SessionTools {
  readonly config: Config
  readonly home: Home
  readonly tmux: Tmux
  readonly registry: Registry
  readonly repositories: RepositoryTools
  /** Where layouts are, the folder of lowest precedence first. */
  readonly layoutFolders: readonly string[]
  /** As its files are now; the same object for as long as they are as they were. */
  readonly loadCatalogue: () => Promise<Catalogue>
  /** The short allow-list that children get. */
  readonly environment: Readonly<Record<string, string>>
  /** The daemon's own variables, of which the configuration names those that panes get. */
  readonly ownEnvironment: Readonly<Record<string, string | undefined>>
  /** What was read for panes: no log and no report shows it. */
  readonly secrets: KnownSecrets
  readonly log: Logger
  readonly now: () => Date
}
