import { subscribe } from 'node:diagnostics_channel'
import { EventEmitter } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { simpleGit } from 'simple-git'
import { programFile } from '../support/package.js'

/** One run of git. */
export interface GitRun {
  readonly folder: string
  /** Never data from outside before a `--`. */
  readonly args: readonly string[]
  /** Configuration of this process alone; the place for secrets, since argv is public. */
  readonly config?: readonly (readonly [key: string, value: string])[] | undefined
  /** The protocols that it may speak (GIT_ALLOW_PROTOCOL); none by default. */
  readonly protocols?: string | undefined
  /** The whole environment, without what this module adds. */
  readonly environment: Readonly<Record<string, string>>
  /** GIT_DIR: without it git searches the folder and its parents for a repository. */
  readonly gitFolder?: string | undefined
  readonly sshCommand?: string | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Told once its process has been started. */
  readonly onStarted?: (() => void) | undefined
  /** Told how many bytes it has written to stdout, each time that there are more. */
  readonly onOutput?: ((bytes: number) => void) | undefined
}

/** How it ended. */
export type GitResult =
  | { readonly ended: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly ended: 'timed-out'; readonly timeoutMs: number }
  /** Ended by a signal that was not ours: by a person, or for want of memory. */
  | { readonly ended: 'killed' }
  | { readonly ended: 'aborted' }

const wrapper = programFile('repo/bounded-git.sh')

/** No code from elsewhere runs in a git of ours, whatever a repository brings along or the user has configured. */
const standingConfig: readonly (readonly [string, string])[] = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['init.templateDir', ''],
  ['init.defaultBranch', 'main'],
  ['submodule.recurse', 'false'],
  ['gc.auto', '0'],
  ['http.followRedirects', 'false'],
  ['advice.detachedHead', 'false'],
]

const guarded = [
  'GIT_ALLOW_PROTOCOL',
  'GIT_CEILING_DIRECTORIES',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_DEFAULT_REF_FORMAT',
  'GIT_DIR',
  'GIT_LFS_SKIP_SMUDGE',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_SSL_CAINFO',
  'GIT_TEMPLATE_DIR',
  'GIT_TERMINAL_PROMPT',
  'GIT_WORK_TREE',
]

/** Why the last child could not be started. */
const unstarted: { error?: unknown } = {}

/*
 * A child for which there are no descriptors left has no output, and simple-git 4.0.2 uses that before it listens for
 * `error`: its call fails by a TypeError, and the event, which nobody hears, would end the daemon.
 */
subscribe('child_process', (message) => {
  if (typeof message !== 'object' || message === null || !('process' in message)) return
  if (!(message.process instanceof EventEmitter)) return
  message.process.on('error', (error) => {
    unstarted.error = error
  })
})

/** Runs git to its end; the only place that does. Resolves however it ends. */
export async function runGit(request: GitRun): Promise<GitResult> {
  if (request.signal?.aborted === true) return { ended: 'aborted' }
  const timeIsUp = AbortSignal.timeout(request.timeoutMs)
  const abort = request.signal === undefined ? timeIsUp : AbortSignal.any([timeIsUp, request.signal])
  const config = [...standingConfig, ...(request.config ?? [])]
  const entries = config.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index.toString()}`, key] as const,
    [`GIT_CONFIG_VALUE_${index.toString()}`, value] as const,
  ])
  let ended: { readonly code: number | null; readonly stdout: string; readonly stderr: string } | undefined
  const git = simpleGit({
    baseDir: request.folder,
    binary: ['setsid', wrapper],
    abort,
    // simple-git 4.0.2 refuses what guards us here unless it is named; every value is this module's own.
    allowEnvironment: [...guarded, ...entries.map(([name]) => name)],
    unsafe: {
      allowUnsafeCustomBinary: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeFilter: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeHooksPath: true,
      allowUnsafeSshCommand: true,
      allowUnsafeTemplateDir: true,
    },
    // Its own rule calls a failure without a message a success.
    errors: (error, result) => {
      const stdout = Buffer.concat(result.stdOut).toString('utf8').replace(/^\n/, '')
      // simple-git 4.0.2 says that it is a number, and hands on Node's null where a signal ended the program.
      const code = result.exitCode as number | null
      ended = { code, stdout, stderr: Buffer.concat(result.stdErr).toString('utf8') }
      return error
    },
  }).env({
    ...request.environment,
    LC_ALL: 'C.UTF-8',
    GIT_ALLOW_PROTOCOL: request.protocols ?? 'none',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: config.length.toString(),
    GIT_DEFAULT_REF_FORMAT: 'files',
    GIT_LFS_SKIP_SMUDGE: '1',
    GIT_TEMPLATE_DIR: '',
    GIT_TERMINAL_PROMPT: '0',
    ...(request.gitFolder === undefined ? {} : { GIT_DIR: request.gitFolder }),
    ...(request.sshCommand === undefined ? {} : { GIT_SSH_COMMAND: request.sshCommand, GIT_SSH_VARIANT: 'ssh' }),
    ...Object.fromEntries(entries),
  })
  const { onOutput } = request
  if (onOutput !== undefined) {
    let bytes = 0
    git.outputHandler((_, stdout) => {
      stdout.on('data', (data: Buffer) => {
        onOutput((bytes += data.length))
      })
    })
  }
  try {
    // Another child's, which is no reason for this call.
    unstarted.error = undefined
    const running = git.raw([...request.args])
    if (request.onStarted !== undefined) setImmediate(request.onStarted)
    await running
  } catch (error) {
    if (ended === undefined && !abort.aborted) {
      // The event comes behind the call that failed. Without any it is a refusal of simple-git's, and ours to mend.
      await turn()
      throw unstarted.error === undefined ? error : new Error('git could not be started', { cause: unstarted.error })
    }
  }
  if (isAborted(request.signal)) return { ended: 'aborted' }
  if (timeIsUp.aborted) return { ended: 'timed-out', timeoutMs: request.timeoutMs }
  if (ended === undefined) throw new Error(`git ${request.args[0] ?? ''}: simple-git told no exit code`)
  const { code, stdout, stderr } = ended
  // A shell tells a program's end by a signal as 128 and its number.
  return code === null || code > 128 ? { ended: 'killed' } : { ended: 'exited', code, stdout, stderr }
}

/** A function, so that the compiler does not take an earlier answer for the present one. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}
