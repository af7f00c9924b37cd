/** What a pane is for. */
export type PaneRole = 'agent' | 'terminal' | 'files' | 'apps'

/** The ids that tmux printed: the only targets used after a session was made. */
export interface SessionIds {
  /** `$3`: unique while that tmux server lives. */
  readonly session: string
  /** `@5` */
  readonly window: string
  /** `%7`, in the order of the plan. */
  readonly panes: readonly string[]
  /** The name that tmux really gave the session. */
  readonly name: string
}

/** Which tmux server answered, among all of one boot of the machine. */
export interface TmuxServer {
  readonly pid: number
  /** When it started, in seconds since 1970: a process id comes again. */
  readonly startTime: number
  /** Whether it ends with its last session, as it does by default; one of `tmux -D` does not. */
  readonly exitEmpty: boolean
}

/** A pane as tmux tells of it. */
export interface LivePane {
  readonly sessionId: string
  readonly sessionName: string
  /** The job that made the session; null: not one of ours. */
  readonly jobId: string | null
  readonly paneId: string
  readonly role: PaneRole | null
  readonly pid: number
  readonly dead: boolean
  readonly currentCommand: string
}

/** What asking a tmux server for its panes gave. `unknown` is not `none`: it did not answer. */
export type PaneListing =
  | { readonly kind: 'panes'; readonly server: TmuxServer; readonly panes: readonly LivePane[] }
  | { readonly kind: 'no-server' }
  | { readonly kind: 'unknown'; readonly because: string }

/** When a session was last used. */
export interface SessionActivity {
  readonly jobId: string
  /** Whether a client is attached to it, or to one that shares its windows. */
  readonly isAttached: boolean
  /** The last input of a client or output of a pane, in milliseconds since 1970. */
  readonly lastMs: number
}
