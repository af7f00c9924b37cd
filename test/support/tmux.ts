import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'
import { testName } from './temporary.js'

/** A tmux server of the calling test's own; nothing is started yet. */
export interface PrivateTmux {
  /** For `tmux -L`. */
  readonly socketName: string
  /** The socket's path once the server runs. */
  readonly socketPath: string
  /** Runs a tmux command on it, without anybody's tmux.conf; resolves to stdout. Rejects on a non-zero exit or after 10 s. */
  readonly tmux: (...args: string[]) => Promise<string>
  /** What the pane shows now. */
  readonly capture: (target: string) => Promise<string>
}

/**
 * A private tmux; the calling test's end kills its server, the processes in its panes and its socket. Where the program
 * under test chooses the socket's name, `tmuxTmpdir` is a folder of the test's own.
 */
export function privateTmux(given?: { readonly socketName: string; readonly tmuxTmpdir: string }): PrivateTmux {
  const socketName = given?.socketName ?? testName()
  const tmuxTmpdir = given?.tmuxTmpdir ?? process.env['TMUX_TMPDIR'] ?? '/tmp'
  const socketPath = join(tmuxTmpdir, `tmux-${process.getuid?.().toString() ?? '0'}`, socketName)
  const tmux = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('tmux', ['-L', socketName, '-f', '/dev/null', ...args], {
      timeout: 10_000,
      env: { ...process.env, TMUX_TMPDIR: tmuxTmpdir, TMUX: '', LANG: 'C.UTF-8' },
    })
    return stdout
  }
  onTestFinished(async () => {
    await endServer(tmux)
    await rm(socketPath, { force: true })
  })
  return { socketName, socketPath, tmux, capture: (target) => tmux('capture-pane', '-p', '-t', target) }
}

/** kill-server only sends SIGHUP to the panes: what does not heed it is ended by its terminal session. */
async function endServer(tmux: PrivateTmux['tmux']): Promise<void> {
  const panes = await answer(tmux('list-panes', '-a', '-F', '#{pane_pid}'))
  const server = await answer(tmux('display-message', '-p', '#{pid}'))
  if (panes === undefined && server === undefined) return
  await answer(tmux('kill-server'))
  const sessions = new Set((panes ?? '').split('\n').filter((pid) => pid !== ''))
  for (let tries = 0; tries < 20; tries += 1) {
    const left = await processesLeft(server, sessions)
    if (left.length === 0) return
    if (tries >= 10) for (const pid of left) end(pid)
    await sleep(50)
  }
}

/** The server and what belongs to the panes' terminal sessions, without what has ended and only waits to be reaped. */
async function processesLeft(server: string | undefined, sessions: ReadonlySet<string>): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,sid=,stat='], { timeout: 10_000 })
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([pid, session, state]) => pid !== undefined && session !== undefined && state?.startsWith('Z') === false)
    .filter(([pid, session]) => pid === server || sessions.has(session ?? ''))
    .map(([pid]) => Number(pid))
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ESRCH: it has ended, which is what was wanted.
  }
}

/** What tmux printed, or undefined where there is no server to ask. */
async function answer(asked: Promise<string>): Promise<string | undefined> {
  return asked.then(
    (text) => text.trim(),
    () => undefined,
  )
}
