import type { Resolve } from '../support/address.js'
import type { RepositoryPolicy } from './repository-url.js'

/** How to log in to a host (`repositories.credentials` in config.yaml). */
export type Credential =
  | {
      readonly kind: 'token'
      /** A file of one line: a token, or `user:token`. */
      readonly tokenFile: string
    }
  | { readonly kind: 'ssh'; readonly keyFile: string; readonly knownHostsFile: string }

/** What everything in this room is given. */
export interface RepositoryTools {
  readonly policy: RepositoryPolicy
  /** By `host`, or `host:port` where two servers share a host. */
  readonly credentials: Readonly<Record<string, Credential>>
  /** Absolute; made where it is missing. */
  readonly mirrorsFolder: string
  /** For each git process, and for waiting for another that uses the same mirror. */
  readonly stepTimeoutMs: number
  /** The whole environment of git, without what this room adds: see `childEnvironment`. */
  readonly environment: Readonly<Record<string, string>>
  /** Default: the system's resolver. */
  readonly resolve?: Resolve | undefined
}
