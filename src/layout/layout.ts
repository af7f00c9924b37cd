/** What a pane is for. `agent` is given the session's agent; the others have a program of their own by default. */
export const paneRoles = ['agent', 'terminal', 'files', 'apps'] as const
export type PaneRole = (typeof paneRoles)[number]

/** An option of tmux and its value, as `tmux set-option` takes it. */
export type TmuxOption = readonly [name: string, value: string]

/** A layout as its file says it, in full: short forms written out, what is inherited handed down, nothing expanded yet. */
export interface Layout {
  readonly startDirectory: string | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly options: readonly TmuxOption[]
  readonly windows: readonly LayoutWindow[]
  /** What the file asks for and does not get, a line each. */
  readonly notes: readonly string[]
}

export interface LayoutWindow {
  /** Undefined: tmux names it for what runs in it. */
  readonly name: string | undefined
  readonly index: number | undefined
  /** A name of tmux's own (`tiled`), or a description with its checksum; undefined: as the panes were split. */
  readonly layout: string | undefined
  readonly focus: boolean
  readonly startDirectory: string | undefined
  readonly options: readonly TmuxOption[]
  /** Set when all panes are there. */
  readonly optionsAfter: readonly TmuxOption[]
  readonly panes: readonly LayoutPane[]
}

export interface LayoutPane {
  readonly role: PaneRole | undefined
  readonly focus: boolean
  readonly startDirectory: string | undefined
  readonly environment: Readonly<Record<string, string>>
  /** Another shell for the lines. */
  readonly shell: string | undefined
  /** Another program in place of a shell. */
  readonly program: string | undefined
  /** What is run before the pane's own lines, or before what its role stands for. */
  readonly before: readonly string[]
  readonly lines: readonly string[]
  /** What is to be run at a key only (`enter: false`). */
  readonly waiting: string | undefined
}
