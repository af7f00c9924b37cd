import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { describeFailure, run, type RunResult } from '../support/process.js'
import { Problem } from '../support/problem.js'
import { chained, createSessionScript, jobOption, roleOption, serverFormat, sourced, type TmuxPlan } from './script.js'
import type { LivePane, PaneListing, PaneRole, SessionActivity, SessionIds, TmuxServer } from './types.js'

/** Which tmux server, and how it is reached. */
export interface TmuxOptions {
  /** As in `tmux -L NAME`; `default` is the one that a person's own `tmux` talks to. */
  readonly socketName: string
  /** The whole environment of the tmux client. A server that it starts keeps it, and so does every later pane. */
  readonly environment: Readonly<Record<string, string>>
  /** False under systemd: a server started here would live, and die, with the daemon's cgroup (`tmux -N`). */
  readonly mayStartServer: boolean
}

/** What became of a request to make a session. */
export type CreateResult =
  | { readonly kind: 'created'; readonly ids: SessionIds; readonly server: TmuxServer }
  /** The name was taken at that moment: tmux's own check, atomic. */
  | { readonly kind: 'duplicate' }

/** The one place that runs tmux: one method a verb, each with a time limit. */
export interface Tmux {
  /** Whether making a session starts the server where there is none. */
  readonly mayStartServer: boolean
  /** Makes the session whole, or leaves nothing. @throws Problem */
  createSession(plan: TmuxPlan): Promise<CreateResult>
  listPanes(): Promise<PaneListing>
  /** Of our sessions; undefined where tmux gives no answer. */
  listActivity(): Promise<readonly SessionActivity[] | undefined>
  /** Ends a session by the id that tmux printed (`$3`). Resolves also where it had ended already. @throws Problem */
  killSession(sessionId: string): Promise<void>
  /** The visible text of a pane (`%7`), trailing blank lines cut; `styled`: with its colours, as escape sequences. @throws Problem */
  capturePane(paneId: string, how?: 'plain' | 'styled'): Promise<string>
  /**
   * Puts text before the program of a pane (`%7`) as a terminal pastes: line feeds arrive as carriage returns, and within
   * brackets where the program asked for them. Copy mode is left first. The caller has taken out what would end the
   * brackets. @throws Problem
   */
  pasteText(paneId: string, text: string): Promise<void>
  /** Gives the program of a pane the key Enter, whatever mode the pane is in and whatever panes type together. @throws Problem */
  pressEnter(paneId: string): Promise<void>
  /** `3.3a`, or undefined where tmux is not installed. */
  version(): Promise<string | undefined>
  /** The arguments with which a person attaches: `tmux attach -t NAME`. */
  attachCommand(name: string): readonly string[]
}

const timeoutMs = 10_000
/** How often, and after how long, a server that is ending is asked again. */
const maxAgain = 5
const againMs = 50
/** tmux 3.3a refuses a command above 16 KiB, with all that goes with it. */
const maxArgumentBytes = 12 * 1024
const endedMark = 'devorch-pane-ended'
/** Takes commands of any length from stdin; unlike them, it starts no server by itself (3.3a). */
const startAndSource = ['start-server', ';', 'source-file', '-'] as const

export function createTmux(options: TmuxOptions): Tmux {
  const server = ['-L', options.socketName, ...(options.mayStartServer ? [] : ['-N'])]
  const ask = (args: readonly string[], input?: string) =>
    run('tmux', [...server, ...args], {
      timeoutMs,
      env: options.environment,
      ...(input === undefined ? {} : { input }),
    })
  /** What a server that was ending has done for this client went down with it: another try begins from nothing. */
  const tmux = async (args: readonly string[], input?: string): Promise<RunResult> => {
    let result = await ask(args, input)
    for (let again = 0; again < maxAgain && isEnding(result); again += 1) {
      await delay(againMs)
      result = await ask(args, input)
    }
    return result
  }

  const killSession = async (sessionId: string): Promise<void> => {
    const result = await tmux(['kill-session', '-t', sessionId])
    if (succeeded(result) || isGone(result)) return
    throw failure('end the tmux session', result)
  }

  /** By a buffer of its own, which no argument and no other client's paste sees; a pasted key goes to this pane alone. */
  const paste = async (paneId: string, text: string, how: readonly string[]): Promise<void> => {
    const buffer = `devorch-${randomUUID()}`
    // tmux 3.3a pastes into a pane whose program has ended without a word.
    const ended = `display-message -p ${endedMark}`
    const put = `paste-buffer ${how.join(' ')} -d -b ${buffer} -t ${paneId}`
    const result = await ask(
      [
        ...['load-buffer', '-b', buffer, '-', ';', 'copy-mode', '-q', '-t', paneId, ';'],
        ...['if-shell', '-F', '-t', paneId, '#{pane_dead}', ended, put],
      ],
      text,
    )
    if (succeeded(result) && !result.stdout.includes(endedMark)) return
    await ask(['delete-buffer', '-b', buffer])
    if (!succeeded(result)) throw failure(`paste into the pane ${paneId}`, result)
    throw new Problem({
      doing: `paste into the pane ${paneId}`,
      because: 'its program has ended',
      remedy: 'start the session again: devorch restart NAME',
    })
  }

  return {
    mayStartServer: options.mayStartServer,
    killSession,

    async createSession(plan) {
      const commands = createSessionScript(plan)
      const args = chained(commands)
      const isLong = Buffer.byteLength(args.join(' ')) > maxArgumentBytes
      const result = await (isLong ? tmux(startAndSource, sourced(commands)) : tmux(args))
      const lines = result.stdout.split('\n').filter((line) => line !== '')
      const made = lines.map((line) => line.split(' '))
      const [session, window, , name, ...rest] = made[0] ?? []
      const server = parseServer(rest.join(' '))
      if (succeeded(result) && session !== undefined && window !== undefined && name !== undefined && server) {
        return { kind: 'created', ids: { session, window, name, panes: made.map((ids) => ids[2] ?? '') }, server }
      }
      // A chain that fails half-way leaves the session behind.
      if (session !== undefined) await killSession(session)
      if (session === undefined && result.stderr.includes('duplicate session')) return { kind: 'duplicate' }
      throw failure(`create the tmux session ${plan.name}`, result)
    },

    async listPanes() {
      const fields = `#{session_id}\t#{session_name}\t#{${jobOption}}\t#{pane_id}\t#{${roleOption}}\t#{pane_pid}\t#{pane_dead}\t#{pane_current_command}`
      const result = await tmux(['display-message', '-p', serverFormat, ';', 'list-panes', '-a', '-F', fields])
      const [first = '', ...lines] = result.stdout.split('\n')
      const server = parseServer(first)
      // tmux 3.3a's words where a server stands without a session, as one of `tmux -D` may.
      const isEmpty = result.stderr.includes('no current target')
      if (server !== undefined && (succeeded(result) || isEmpty)) {
        return { kind: 'panes', server, panes: lines.flatMap(parsePane) }
      }
      if (isGone(result)) return { kind: 'no-server' }
      return { kind: 'unknown', because: describeFailure(result) }
    },

    async listActivity() {
      const times = '#{session_activity}\t#{window_activity}'
      const fields = `#{${jobOption}}\t#{session_attached}\t#{session_group_attached}\t${times}`
      const result = await tmux(['list-panes', '-a', '-F', fields])
      if (isGone(result)) return []
      // tmux 3.3a's words where a server stands without a session.
      if (result.stderr.includes('no current target')) return []
      return succeeded(result) ? result.stdout.split('\n').flatMap(parseActivity) : undefined
    },

    async capturePane(paneId, how = 'plain') {
      const result = await tmux(['capture-pane', '-p', ...(how === 'styled' ? ['-e'] : []), '-t', paneId])
      if (succeeded(result)) return result.stdout.trimEnd()
      throw failure(`read the pane ${paneId}`, result)
    },

    async pasteText(paneId, text) {
      await paste(paneId, text, ['-p'])
    },

    async pressEnter(paneId) {
      await paste(paneId, '\r', ['-r'])
    },

    async version() {
      const result = await run('tmux', ['-V'], { timeoutMs, env: options.environment })
      return result.ended === 'exited' && result.code === 0 ? result.stdout.replace(/^tmux\s+/, '').trim() : undefined
    },

    attachCommand(name) {
      return ['tmux', ...(options.socketName === 'default' ? [] : ['-L', options.socketName]), 'attach', '-t', name]
    },
  }
}

function succeeded(result: RunResult): boolean {
  return result.ended === 'exited' && result.code === 0
}

/** tmux 3.3a's words for a server, or a session on it, that is not there. */
function isGone(result: RunResult): boolean {
  return /no server running|error connecting to .* \(No such file or directory\)|can't find session/.test(result.stderr)
}

/** A server that was just ending when it was asked: a moment later it is gone, or another one is there. */
function isEnding(result: RunResult): boolean {
  return /server exited unexpectedly|lost server/.test(result.stderr)
}

/** A server that is of another version, may not be asked, or is not there: its unit may be starting it (3.3a). */
function isOutOfReach(result: RunResult): boolean {
  return /protocol version mismatch|error connecting to|no server running/.test(result.stderr)
}

function failure(doing: string, result: RunResult): Problem {
  if (result.ended === 'missing') {
    return new Problem({ doing, because: 'tmux is not installed', remedy: 'install it: apt-get install tmux' })
  }
  return new Problem({
    doing,
    because: describeFailure(result),
    remedy: 'see whether `tmux ls` answers; `devorch doctor` says more',
    transient: result.ended === 'timed-out' || isEnding(result) || isOutOfReach(result),
  })
}

/** A line of `serverFormat`. */
function parseServer(line: string): TmuxServer | undefined {
  const [, pid, startTime, exitEmpty] = /^(\d+) (\d+) (\S*)$/.exec(line) ?? []
  if (pid === undefined || startTime === undefined) return undefined
  return { pid: Number(pid), startTime: Number(startTime), exitEmpty: exitEmpty !== '0' }
}

const roles: Readonly<Record<string, PaneRole>> = { agent: 'agent', terminal: 'terminal', files: 'files', apps: 'apps' }

function parsePane(line: string): LivePane[] {
  const [sessionId, sessionName, jobId, paneId, role, pid, dead, ...command] = line.split('\t')
  if (sessionId === undefined || sessionName === undefined || paneId === undefined || pid === undefined) return []
  return [
    {
      sessionId,
      sessionName,
      jobId: jobId === undefined || jobId === '' ? null : jobId,
      paneId,
      role: roles[role ?? ''] ?? null,
      pid: Number(pid),
      dead: dead === '1',
      currentCommand: command.join('\t'),
    },
  ]
}

function parseActivity(line: string): SessionActivity[] {
  const [jobId, attached, groupAttached, session, window] = line.split('\t')
  if (jobId === undefined || jobId === '' || window === undefined) return []
  return [
    {
      jobId,
      isAttached: Number(attached) > 0 || Number(groupAttached) > 0,
      lastMs: Math.max(Number(session), Number(window)) * 1000,
    },
  ]
}
