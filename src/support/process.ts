import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { execa } from 'execa'

/** What one run of another program is given. */
export interface RunOptions {
  /** The run is ended after this long: SIGTERM to its process group, SIGKILL two seconds later. */
  readonly timeoutMs: number
  readonly cwd?: string
  /** The whole environment of the child; nothing is inherited. See `childEnvironment`. */
  readonly env: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly signal?: AbortSignal
  /** Bytes of each output stream that are kept; the rest is read and dropped. Default 1 MiB. */
  readonly maxOutputBytes?: number
  /** Extra file descriptors handed to the child as 3, 4, … */
  readonly descriptors?: readonly number[]
}

/** How a run ended. `missing`: there is no such program. */
export type RunResult = {
  readonly stdout: string
  readonly stderr: string
} & (
  | { readonly ended: 'exited'; readonly code: number }
  | { readonly ended: 'signalled'; readonly signal: string }
  | { readonly ended: 'timed-out'; readonly timeoutMs: number }
  | { readonly ended: 'aborted' }
  | { readonly ended: 'missing' }
)

const killGraceMs = 2000

/**
 * Runs a program with an argument array and a time limit, and resolves however it ends; the only place
 * that starts processes (git is started by simple-git, in repo/git.ts). The child leads a process group
 * of its own, which is what gets the signals, so that grandchildren end too.
 */
export async function run(file: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  if (options.signal?.aborted === true) return { ended: 'aborted', stdout: '', stderr: '' }
  let reason: 'timed-out' | 'aborted' | undefined
  const child = execa(file, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? {} : { input: options.input }),
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', ...(options.descriptors ?? [])] as [
      'ignore' | 'pipe',
      'pipe',
      'pipe',
    ],
    env: options.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    // execa 9 closes a stream that outgrows its maxBuffer, which ends the child by EPIPE: collected here instead.
    buffer: false,
  })
  const maxBytes = options.maxOutputBytes ?? 1024 * 1024
  const streams = Promise.all([collect(child.stdout, maxBytes), collect(child.stderr, maxBytes)])
  const end = (why: 'timed-out' | 'aborted') => {
    reason ??= why
    signalGroup(child.pid, 'SIGTERM')
    setTimeout(() => {
      signalGroup(child.pid, 'SIGKILL')
      // Whoever else has its output open keeps it open: a tmux 3.3a client hands it to the server, which may hang.
      child.stdout.destroy()
      child.stderr.destroy()
    }, killGraceMs).unref()
  }
  const onAbort = () => {
    end('aborted')
  }
  const timer = setTimeout(() => {
    end('timed-out')
  }, options.timeoutMs)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const [done, [stdout, stderr]] = await Promise.all([child, streams])
    const output = { stdout, stderr }
    if (reason === 'timed-out') return { ended: 'timed-out', timeoutMs: options.timeoutMs, ...output }
    if (reason === 'aborted') return { ended: 'aborted', ...output }
    if (done.code === 'ENOENT' && done.exitCode === undefined) return { ended: 'missing', ...output }
    if (done.exitCode !== undefined) return { ended: 'exited', code: done.exitCode, ...output }
    if (done.signal !== undefined) return { ended: 'signalled', signal: done.signal, ...output }
    throw new Error(`run ${file}: ${done.message ?? 'it did not start'}`, { cause: done })
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
  }
}

/** One line for a person about a run that did not exit with 0. */
export function describeFailure(result: RunResult): string {
  switch (result.ended) {
    case 'exited':
      return lastLine(result.stderr) ?? lastLine(result.stdout) ?? `it exited with ${result.code.toString()}`
    case 'signalled':
      return `it was ended by ${result.signal}`
    case 'timed-out':
      return `it did not finish within ${(result.timeoutMs / 1000).toString()} s`
    case 'aborted':
      return 'it was stopped'
    case 'missing':
      return 'the program is not installed'
  }
}

/**
 * The environment for children: a short allow-list of the daemon's own, so that no secret of the daemon
 * reaches a pane, git or tmux, plus `extra`.
 */
export function childEnvironment(
  from: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const names = ['HOME', 'PATH', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'TMPDIR', 'TMUX_TMPDIR', 'XDG_RUNTIME_DIR', 'TZ']
  const environment: Record<string, string> = {}
  for (const name of names) {
    const value = from[name]
    if (value !== undefined) environment[name] = value
  }
  const lang = from['LC_ALL'] ?? from['LANG']
  environment['LANG'] = lang !== undefined && /utf-?8/i.test(lang) ? lang : 'C.UTF-8'
  return { ...environment, ...extra }
}

function signalGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // ESRCH: the group has ended already, which is what was wanted.
  }
}

/** Reads a stream to its end and keeps its first `maxBytes`. */
async function collect(stream: Readable | null, maxBytes: number): Promise<string> {
  if (stream === null) return ''
  const kept: Buffer[] = []
  let room = maxBytes
  stream.on('data', (chunk: Buffer) => {
    if (room > 0) kept.push(chunk.subarray(0, room))
    room -= chunk.length
  })
  await finished(stream).catch(() => undefined)
  return Buffer.concat(kept).toString('utf8')
}

function lastLine(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return lines.at(-1)?.trim()
}

/**
 * Hands this process's terminal to a program and waits for a person to leave it; the one run without a time limit.
 * @returns its exit code, 127 where it is not installed
 */
export async function runInteractive(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const done = await execa(file, args, { stdio: 'inherit', env, extendEnv: false, reject: false })
  return done.exitCode ?? (done.code === 'ENOENT' ? 127 : 1)
}
