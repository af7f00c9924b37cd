import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { makeRepository } from '../support/repositories.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux, type PrivateTmux } from '../support/tmux.js'

export const root = join(import.meta.dirname, '..', '..')

/** How a program ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A user with a home of the calling test's own: a tmux server, projects, a repository, and the real program. */
export interface Workplace {
  readonly folder: string
  readonly home: string
  readonly projects: string
  /** The tmux server that `tmux` without an option talks to. */
  readonly tmux: PrivateTmux
  /** A repository with a README and one commit. */
  readonly repository: string
  readonly environment: Readonly<Record<string, string>>
  /** config.yaml, beside what the work place needs. */
  configure(settings?: Readonly<Record<string, unknown>>): Promise<void>
  /** Runs `devorch` in the home. */
  devorch(args: readonly string[], options?: RunOptions): Promise<Ended>
  /** Runs `devorch serve`; the test's end stops it. `port: 0` unless the settings say otherwise. */
  serve(settings?: Readonly<Record<string, unknown>>): Promise<DaemonProcess>
}

interface RunOptions {
  readonly input?: string
  readonly environment?: Readonly<Record<string, string>>
}

export async function makeWorkplace(): Promise<Workplace> {
  const folder = await temporaryFolder()
  const [home, user, projects] = [join(folder, 'home'), join(folder, 'user'), join(folder, 'projects')]
  for (const one of [home, user]) await mkdir(one)
  const tmux = privateTmux({ socketName: 'default', tmuxTmpdir: folder })
  const repository = await makeRepository(join(folder, 'origin'), { 'README.md': '# Shop\n' })
  const environment = {
    PATH: pathWithoutClaude(),
    HOME: user,
    TMPDIR: process.env['TMPDIR'] ?? '/tmp',
    TMUX_TMPDIR: folder,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
  }
  const settingsWith = (settings: Readonly<Record<string, unknown>>) => ({
    projects_dir: projects,
    repositories: { protocols: ['file', 'http', 'https'], private_addresses: true },
    worker: { min_free_memory_mb: 0 },
    inbox: { quiet_ms: 200, rescan_ms: 200 },
    agents: { cat: { kind: 'command', command: ['cat'] } },
    default_agent: 'cat',
    ...settings,
  })
  return {
    folder,
    home,
    projects,
    tmux,
    repository,
    environment,
    configure: async (settings = {}) => {
      await writeFile(join(home, 'config.yaml'), JSON.stringify(settingsWith(settings)), { mode: 0o600 })
    },
    devorch: (args, options = {}) =>
      runProgram(process.execPath, [join(root, 'dist', 'main.js'), '--home', home, ...args], {
        input: options.input,
        environment: { ...environment, ...options.environment },
      }),
    serve: async (settings = {}) => {
      const daemon = await startDaemonProcess({ root, home, config: settingsWith(settings), environment })
      onTestFinished(() => daemon.stop())
      return daemon
    },
  }
}

/** Runs a program to its end, at most 25 s. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: {
    readonly input?: string | undefined
    readonly environment: Readonly<Record<string, string>>
    readonly cwd?: string
  },
): Promise<Ended> {
  const child = spawn(file, args, { env: options.environment, cwd: options.cwd, timeout: 25_000, stdio: 'pipe' })
  const text = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text.stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk))
  // A program that does not read its input may have ended by now.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve)
  })
  return { code, ...text }
}

/** A developer's own Claude Code is neither started nor counted on. */
function pathWithoutClaude(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.filter((folder) => !existsSync(join(folder, 'claude'))).join(delimiter)
}
