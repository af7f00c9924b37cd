import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface DaemonProcessOptions {
  /** The root of the checkout, whose dist/ is started. */
  readonly root: string
  /** DEVORCH_HOME; made where it is missing. */
  readonly home: string
  /** The content of config.yaml; `server.port: 0` is added where it says nothing of a server. */
  readonly config: Readonly<Record<string, unknown>>
  /** The whole environment, to which DEVORCH_HOME is added. */
  readonly environment: Readonly<Record<string, string>>
  /** A program with its arguments that becomes the daemon in the end (`prlimit --nofile=64`). */
  readonly launcher?: readonly string[]
  /** Options of node itself, before the program's name. */
  readonly nodeOptions?: readonly string[]
}

/** `devorch serve` as a process of its own. */
export interface DaemonProcess {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly pid: number
  /** What it has written to stderr so far: its log for people. */
  readonly log: () => string
  /** Whether it has ended, however that came. */
  readonly hasEnded: () => boolean
  /** Resolves when it has ended; SIGKILL after 30 s. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

const startTimeoutMs = 15_000
const stopTimeoutMs = 30_000

/** Starts the compiled daemon and waits until it listens. @throws with its log where it does not. */
export async function startDaemonProcess(options: DaemonProcessOptions): Promise<DaemonProcess> {
  const { root, home, config, environment, launcher = [] } = options
  await mkdir(home, { recursive: true })
  await writeFile(join(home, 'config.yaml'), JSON.stringify({ server: { port: 0 }, ...config }), { mode: 0o600 })
  const { nodeOptions = [] } = options
  const [program, ...args] = [...launcher, process.execPath, ...nodeOptions, join(root, 'dist', 'main.js'), 'serve']
  const child = spawn(program, args, {
    env: { ...environment, DEVORCH_HOME: home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = once(child, 'exit')
  let log = ''
  const listening = new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      log += `${line}\n`
      const url = / ready url=(\S+)/.exec(line)?.[1]
      if (url !== undefined) resolve(url)
    })
    const fail = (why: string) => () => {
      reject(new Error(`the daemon ${why}:\n${log}`))
    }
    void ended.then(fail('ended'))
    setTimeout(fail('is not ready in time'), startTimeoutMs).unref()
  })
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (hasEnded()) return
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
    await ended
    clearTimeout(timer)
  }
  try {
    return { url: await listening, pid: child.pid ?? 0, log: () => log, hasEnded, stop }
  } catch (error) {
    await stop('SIGKILL')
    throw error
  }
}
