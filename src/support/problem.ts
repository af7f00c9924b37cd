/** What went wrong, in the four parts that a person needs in order to mend it. */
export interface ProblemParts {
  /** Verb and object: `clone https://example.com/a.git`. No secrets, no control characters. */
  readonly doing: string
  /** Why it failed, one line: `the host name does not exist`. */
  readonly because: string
  /** What the reader can do about it: `check repo_url`. */
  readonly remedy: string
  /** The job or configuration field at fault, where there is one. */
  readonly field?: string
  /** True where trying the same again later may succeed (network, lock, disk). Default false. */
  readonly transient?: boolean
  readonly cause?: unknown
}

/** An expected failure on its way to the person who can mend it. Bugs throw anything else. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly doing: string
  readonly because: string
  readonly remedy: string
  readonly field: string | undefined
  readonly transient: boolean

  constructor(parts: ProblemParts) {
    super(`${parts.doing}: ${parts.because}; ${parts.remedy}`, { cause: parts.cause })
    this.doing = parts.doing
    this.because = parts.because
    this.remedy = parts.remedy
    this.field = parts.field
    this.transient = parts.transient ?? false
  }
}

/** One line saying what an unknown thrown value was. Not redacted. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The `code` of a Node system error (`ENOENT`), else undefined. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return 'errno' in error && error.errno === -errnoOfQuota ? 'EDQUOT' : error.code
}

/** EDQUOT, errno(3). Node.js 20 to 24 have no name for it: its code is `Unknown system error -122`. */
const errnoOfQuota = 122
