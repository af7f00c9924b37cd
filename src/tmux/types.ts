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
  | { readonly kind: 'panes'; readonly panes: readonly LivePane[] }
  | { readonly kind: 'no-server' }
  | { readonly kind: 'unknown'; readonly because: string }
