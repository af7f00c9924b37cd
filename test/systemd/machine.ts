import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

/** The checkout; the machine has what an installation has of it at `/opt/devorch`, read-only. */
const root = join(import.meta.dirname, '..', '..')
/** The node of this run, as the machine has it. */
export const nodeInside = '/opt/node'

/** A machine with a real systemd, of the calling test's own: see sandbox.sh. */
export interface Machine {
  /** Runs a program as root; resolves however it ends, within a minute. */
  readonly run: (args: readonly string[], input?: string) => Promise<Ended>
  /** The same, where it must end well. @returns stdout, without the last line's end */
  readonly do: (...args: readonly string[]) => Promise<string>
  /** Runs a shell line as a user who has logged in. */
  readonly as: (user: string, line: string) => Promise<string>
  readonly write: (path: string, text: string) => Promise<void>
  readonly read: (path: string) => Promise<string>
  /** Waits until it is so, up to a minute. @throws with the end of the journal where it is not */
  readonly until: (what: string, isSo: () => Promise<boolean>) => Promise<void>
  /** Ends every process at once, as a power cut does; the disk stays. */
  readonly cutPower: () => Promise<void>
}

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const bootTimeoutMs = 120_000
const runTimeoutMs = 60_000
const waitMs = 60_000

/** Boots a machine on a disk, an empty folder or one of an earlier boot; the calling test's end cuts its power. */
export async function bootMachine(disk: string): Promise<Machine> {
  // As an installation has them: not the folder itself, which may be closed to other users.
  const parts = ['dist', 'node_modules', 'package.json', 'systemd', 'templates', 'layouts', 'test/systemd/load.mjs']
  const binds = [
    `${process.execPath}:${nodeInside}`,
    ...parts.map((part) => `${join(root, part)}:/opt/devorch/${part}`),
  ]
  const sandbox = spawn(
    'bash',
    [join(import.meta.dirname, 'sandbox.sh'), '--disk', disk, ...binds.flatMap((bind) => ['--bind', bind])],
    { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' },
  )
  const ended = once(sandbox, 'exit')
  const cutPower = async () => {
    sandbox.stdin.end()
    await ended
  }
  onTestFinished(cutPower)
  const pid = await new Promise<string>((resolve, reject) => {
    createInterface({ input: sandbox.stdout }).on('line', (line) => {
      resolve(line.replace(/^ready /, ''))
    })
    void ended.then(() => {
      reject(new Error('the machine does not boot; see above'))
    })
    setTimeout(() => {
      reject(new Error('the machine does not boot in time'))
    }, bootTimeoutMs).unref()
  })

  const run = (args: readonly string[], input = '') => enter(pid, args, input)
  const inside = (path: string) => join('/proc', pid, 'root', path)
  const machine: Machine = {
    run,
    async do(...args) {
      const { code, stdout, stderr } = await run(args)
      if (code !== 0) throw new Error(`${args.join(' ')}: exit code ${code.toString()}\n${stdout}${stderr}`)
      return stdout.trimEnd()
    },
    as: (user, line) => machine.do('runuser', '--login', user, '--command', line),
    async write(path, text) {
      await mkdir(dirname(inside(path)), { recursive: true })
      await writeFile(inside(path), text)
    },
    read: (path) => readFile(inside(path), 'utf8'),
    async until(what, isSo) {
      const deadline = performance.now() + waitMs
      while (!(await isSo())) {
        if (performance.now() > deadline) {
          throw new Error(`not within a minute: ${what}\n${await machine.do('journalctl', '--no-pager', '-n', '60')}`)
        }
        await sleep(100)
      }
    },
    cutPower,
  }
  return machine
}

/** Runs a program in all namespaces of the machine, with a clean environment. */
async function enter(pid: string, args: readonly string[], input: string): Promise<Ended> {
  const clean = ['env', '-i', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root']
  const child = spawn(
    'nsenter',
    ['-t', pid, '-m', '-u', '-i', '-n', '-p', '-C', '--', ...clean, 'LANG=C.UTF-8', ...args],
    {
      stdio: 'pipe',
      timeout: runTimeoutMs,
      killSignal: 'SIGKILL',
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // What does not read its input ends all the same.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code: code ?? -1, stdout, stderr }
}
