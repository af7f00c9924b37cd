/** A configured agent (`agents:` in config.yaml). */
export type AgentConfig =
  | {
      readonly kind: 'claude'
      /** The program and its leading arguments. */
      readonly command: readonly string[]
      readonly permissionMode: string
      readonly allow: readonly string[]
      readonly deny: readonly string[]
      /** `ignore`: the repository's own settings, hooks and helpers are not loaded, nor its CLAUDE.md. */
      readonly repositorySettings: 'ignore' | 'use'
    }
  | { readonly kind: 'command'; readonly command: readonly string[] }

/** What an agent is told about the session it is started in. */
export interface AgentFacts {
  /** Absolute; 0700, the daemon's own. */
  readonly sessionFolder: string
  /** Absolute, symbolic links resolved; its folder bears the project's name. */
  readonly workingCopy: string
  /** UUID, the same at every start of this session. */
  readonly conversationId: string
  /** Whether the agent has worked here before. Whether its conversation is still there, its launcher finds out. */
  readonly start: 'new' | 'resume'
  readonly tracker: TrackerFacts
  /** A Node.js for the launcher: `process.execPath`. */
  readonly nodePath: string
  /** How often it is started again by itself after a crash, in a row. */
  readonly resumeAttempts: number
}

/** How the tracker reaches the agent (design.md, The tracker). */
export interface TrackerFacts {
  /** PROGRESS_TRACKER.md in the working copy. */
  readonly path: string
  readonly bytes: number
  /** A file with trusted text: handed over byte-exact, with the authority of the system prompt. */
  readonly systemPromptFile?: string
  /** `tracker-file`: text of the repository or of an issue, which reaches the conversation as data. */
  readonly conversation: 'none' | 'tracker-file'
}

/** What the session room needs in order to start an agent in a pane. */
export interface AgentLaunch {
  /** PROGRAM and its arguments for `paneCommand`. */
  readonly program: readonly string[]
  /** The program that must be on PATH. */
  readonly needs: string
  /** One line: how to install it. */
  readonly installHint: string
  /** To be published in the session folder before the pane is made. */
  readonly files: readonly LaunchFile[]
  /** The first event that proves that the agent runs. */
  readonly readyEvent: 'started' | 'session-start'
  readonly resumeAttempts: number
}

export interface LaunchFile {
  /** A name within the session folder. */
  readonly name: string
  readonly text: string
  readonly mode: number
}
