import type { PaneRole } from './types.js'

/** One pane to be made: what it is for and the program that is its process. */
export interface PanePlan {
  readonly role: PaneRole
  /** Program and arguments. tmux executes two or more arguments directly, without a shell. */
  readonly command: readonly string[]
}

/** The session to be made in one tmux call. */
export interface TmuxPlan {
  /** `[A-Za-z0-9_-]+`: what tmux neither changes nor expands. */
  readonly name: string
  /** Absolute path, the current folder of every pane. */
  readonly folder: string
  /** The job that makes it; the session carries it as an option, so that it is known as ours. */
  readonly jobId: string
  /** One to four panes: the first fills the left half, the others share the right one, top to bottom. */
  readonly panes: readonly PanePlan[]
}

/** Session option that names the job which made the session. Sessions without it are never touched. */
export const jobOption = '@devorch_job'
/** Variable with the same in every pane of the session, and so in every process that begins in one (tmux 3.2). */
export const jobVariable = 'DEVORCH_JOB'
/** Pane option that names the pane's role. */
export const roleOption = '@devorch_role'

/** What the server is asked for of itself; parsed in tmux.ts. */
export const serverFormat = '#{pid} #{start_time} #{exit-empty}'

/** A detached session is 80x24 otherwise, too small to be split; a client that attaches resizes it. */
const size = ['-x', '220', '-y', '50'] as const

/**
 * The tmux arguments that make the whole session: one call, one process, chained by `;`. Each part names its
 * target, because in a chain tmux would otherwise take the session used last, whosever that is.
 * @throws RangeError for a name or folder that tmux would expand or change. The caller refuses these earlier.
 */
export function createSessionScript(plan: TmuxPlan): string[] {
  if (!/^[A-Za-z0-9_-]+$/.test(plan.name)) throw new RangeError(`unsafe tmux session name: ${plan.name}`)
  // tmux expands formats, and so runs #(commands), in -c even when it stands in an argument array (3.3a).
  if (plan.folder.includes('#') || !plan.folder.startsWith('/')) throw new RangeError(`unsafe folder: ${plan.folder}`)
  const target = `=${plan.name}:`
  const [first, ...others] = plan.panes
  if (first === undefined) throw new RangeError('a session needs a pane')
  const ids = '#{session_id} #{window_id} #{pane_id} #{session_name}'
  const printed = ['-P', '-F', ids] as const
  const printedFirst = ['-P', '-F', `${ids} ${serverFormat}`] as const
  const commands: string[][] = [
    [
      ...['new-session', '-d', ...printedFirst, '-s', plan.name, '-n', 'dev', ...size],
      ...['-e', `${jobVariable}=${plan.jobId}`],
      ...['-c', plan.folder, '--', ...first.command],
    ],
    ['set-option', '-t', target, jobOption, plan.jobId],
    ['set-option', '-p', '-t', target, roleOption, first.role],
  ]
  others.forEach((pane, index) => {
    const share = Math.round((100 * (others.length - index)) / (others.length - index + 1))
    const how = index === 0 ? ['-h', '-l', '50%'] : ['-v', '-l', `${share.toString()}%`]
    commands.push(
      ['split-window', ...how, ...printed, '-t', target, '-c', plan.folder, '--', ...pane.command],
      ['set-option', '-p', '-t', target, roleOption, pane.role],
    )
  })
  commands.push(['select-pane', '-t', `${target}.{left}`])
  return commands.flatMap((command, index) => (index === 0 ? [] : [';']).concat(command.map(argument)))
}

/**
 * One argument as tmux must get it: a trailing `;` would end the command and start the next one (3.3a), and an
 * empty value crashes a 3.3a server with every session in it.
 */
function argument(text: string): string {
  if (text === '') throw new RangeError('an empty argument crashes tmux 3.3a')
  return text.endsWith(';') ? `${text.slice(0, -1)}\\;` : text
}
