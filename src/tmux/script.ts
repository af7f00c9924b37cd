import type { PaneRole } from './types.js'

/** One pane to be made: what it is for and the program that is its process. */
export interface PanePlan {
  /** Null: a layout's pane that is for nothing in particular. */
  readonly role: PaneRole | null
  /** Program and arguments. tmux executes two or more arguments directly, without a shell. */
  readonly command: readonly string[]
  /** Absolute; undefined: the session's folder. */
  readonly folder?: string
}

/** An option of tmux and its value; neither is expanded. */
export type OptionPlan = readonly [name: string, value: string]

export interface WindowPlan {
  /** As it is to be shown; undefined: tmux names it for what runs in it. */
  readonly name: string | undefined
  readonly index?: number | undefined
  /** As `select-layout` takes it; undefined: as the panes were split, each new one taking the lower half of the one before. */
  readonly layout: string | undefined
  readonly options: readonly OptionPlan[]
  /** Set when the panes are there. */
  readonly optionsAfter: readonly OptionPlan[]
  readonly panes: readonly PanePlan[]
  /** Which pane is the active one, from 0; undefined: the last. */
  readonly focus: number | undefined
}

/** The session to be made in one tmux call. */
export interface TmuxPlan {
  /** `[A-Za-z0-9_-]+`: what tmux neither changes nor expands. */
  readonly name: string
  /** Absolute path, the current folder of every pane that has none of its own. */
  readonly folder: string
  /** The job that makes it; the session carries it as an option, so that it is known as ours. */
  readonly jobId: string
  readonly options: readonly OptionPlan[]
  readonly windows: readonly WindowPlan[]
  /** Which window is the current one, from 0. */
  readonly focus: number
}

/** Session option that names the job which made the session. Sessions without it are never touched. */
export const jobOption = '@devorch_job'
/** Variable with the same in every pane of the session, and so in every process that begins in one (tmux 3.2). */
export const jobVariable = 'DEVORCH_JOB'
/** Pane option that names the pane's role. */
export const roleOption = '@devorch_role'
/** Window option that marks the window which is to be the current one, while the session is made. */
const focusOption = '@devorch_focus'

/** What the server is asked for of itself; parsed in tmux.ts. */
export const serverFormat = '#{pid} #{start_time} #{exit-empty}'

/** A detached session is 80x24 otherwise, too small to be split; a client that attaches resizes it. */
const usualSize = ['-x', '220', '-y', '50'] as const
/** What tmuxp 1.27 takes, where the panes of a window would not fit while they are split off. */
const largeSize = ['-x', '800', '-y', '600'] as const
/** So many panes have room in the usual size, each half as high as the one before. */
const maxUsualPanes = 5

/** An index where no window of a person's is, for one that is on its way to its own. */
const farIndex = 9999

/**
 * The tmux commands that make the whole session, to be chained in one call. Each names its target, because in a chain
 * tmux would otherwise take the session used last, whosever that is; `=NAME:` is that session's current window and pane,
 * which is the one made last.
 * @throws RangeError for what tmux would expand, change or take for something else. The caller refuses it earlier.
 */
export function createSessionScript(plan: TmuxPlan): string[][] {
  if (!/^[A-Za-z0-9_-]+$/.test(plan.name)) throw new RangeError(`unsafe tmux session name: ${plan.name}`)
  const target = `=${plan.name}:`
  const ids = '#{session_id} #{window_id} #{pane_id} #{session_name}'
  const printed = ['-P', '-F', ids] as const
  const panes = (window: WindowPlan) => window.panes.length
  const size = plan.windows.some((window) => panes(window) > maxUsualPanes) ? largeSize : usualSize
  const commands: string[][] = []
  const steps = plan.windows.length - 1
  const isMarked = plan.focus !== steps

  const mark = ['-e', `${jobVariable}=${plan.jobId}`]

  plan.windows.forEach((window, at) => {
    const [first, ...others] = window.panes
    if (first === undefined) throw new RangeError('a window needs a pane')
    const name = window.name === undefined ? [] : ['-n', unexpanded(window.name)]
    const rest = [...name, '-c', folderOf(first, plan), '--', ...first.command]
    if (at === 0) {
      commands.push(
        ['new-session', '-d', '-P', '-F', `${ids} ${serverFormat}`, '-s', plan.name, ...size, ...mark, ...rest],
        ['set-option', '-t', target, jobOption, plan.jobId],
        ...plan.options.map((option) => ['set-option', '-t', target, ...checked(option)]),
        ...placeFirst(window, plan, target),
      )
    } else {
      const place = window.index === undefined ? target : `${target}${window.index.toString()}`
      commands.push(['new-window', ...printed, '-t', place, ...rest])
    }
    commands.push(...role(first, target))
    for (const option of window.options) commands.push(['set-option', '-w', '-t', target, ...checked(option)])
    for (const pane of others) {
      commands.push(
        ['split-window', ...printed, '-t', target, '-c', folderOf(pane, plan), '--', ...pane.command],
        ...role(pane, target),
      )
      // Splitting off many panes needs the room to be shared out again each time; for few the last time is enough.
      const isLast = pane === others.at(-1)
      if (window.layout !== undefined && (isLast || others.length >= maxUsualPanes)) {
        commands.push(['select-layout', '-t', target, window.layout])
      }
    }
    for (const option of window.optionsAfter) commands.push(['set-option', '-w', '-t', target, ...checked(option)])
    const back = window.panes.length - 1 - (window.focus ?? window.panes.length - 1)
    if (back > 0) commands.push(['select-pane', '-t', `${target}.-${back.toString()}`])
    if (isMarked && at === plan.focus) commands.push(['set-option', '-w', '-t', target, focusOption, '1'])
  })
  if (plan.windows.length === 0) throw new RangeError('a session needs a window')
  // Indexes are the server's to give (base-index), so the way to the marked window is as long as it takes.
  for (let step = 0; step < steps && isMarked; step += 1) {
    commands.push(['if-shell', '-F', '-t', target, `#{?${focusOption},0,1}`, `next-window -t ${target}`])
  }
  if (isMarked) commands.push(['set-option', '-w', '-u', '-t', target, focusOption])
  for (const command of commands) {
    // An empty argument crashes tmux 3.3a (as a target or size); as the value of an option it is a value.
    const isValue = command[0] === 'set-option'
    if (command.some((argument, at) => argument === '' && !(isValue && at === command.length - 1))) {
      throw new RangeError('an empty argument crashes tmux 3.3a')
    }
  }
  return commands
}

/** The arguments of one tmux call that chains the commands. */
export function chained(commands: readonly (readonly string[])[]): string[] {
  return commands.flatMap((command, index) => (index === 0 ? [] : [';']).concat(command.map(argument)))
}

/** The same as text for `source-file -`, all in one line: an error ends what follows, as in a chain. */
export function sourced(commands: readonly (readonly string[])[]): string {
  return `${commands.map((command) => command.map(quoted).join(' ')).join(' ; ')}\n`
}

/** The first window has an index before the session's own base-index is known. */
function placeFirst(window: WindowPlan, plan: TmuxPlan, target: string): string[][] {
  if (window.index === undefined && !plan.options.some(([name]) => name === 'base-index')) return []
  const away = `${target}${farIndex.toString()}`
  const place = window.index === undefined ? target : `${target}${window.index.toString()}`
  return [
    ['move-window', '-s', target, '-t', away],
    ['move-window', '-s', away, '-t', place],
  ]
}

function role(pane: PanePlan, target: string): string[][] {
  return pane.role === null ? [] : [['set-option', '-p', '-t', target, roleOption, pane.role]]
}

/** tmux expands formats, and so runs #(commands), in -c even when it stands in an argument array (3.3a). */
function folderOf(pane: PanePlan, plan: TmuxPlan): string {
  const folder = pane.folder ?? plan.folder
  if (folder.includes('#') || !folder.startsWith('/') || isBroken(folder)) {
    throw new RangeError(`unsafe folder: ${folder}`)
  }
  return folder
}

/** The text for an argument in which tmux expands formats (3.3a: `-n`). */
function unexpanded(text: string): string {
  if (isBroken(text)) throw new RangeError(`unsafe name: ${text}`)
  return text.replaceAll('#', '##')
}

function checked([name, value]: OptionPlan): readonly [string, string] {
  if (!/^[a-z@][A-Za-z0-9_@-]*(\[\d+\])?$/.test(name) || isBroken(value)) throw new RangeError(`unsafe option: ${name}`)
  return [name, value]
}

/** What would end the line of `source-file`. */
function isBroken(text: string): boolean {
  return /[\n\r\0]/.test(text)
}

/** A trailing `;` would end the command and start the next one (3.3a). */
function argument(text: string): string {
  return text.endsWith(';') ? `${text.slice(0, -1)}\\;` : text
}

/** Nothing is special within single quotes in a file of commands. */
function quoted(text: string): string {
  if (isBroken(text)) throw new RangeError('a line break in an argument')
  return `'${text.replaceAll("'", `'\\''`)}'`
}
