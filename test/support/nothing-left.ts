import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long processes that were told to end may take, before they count as left behind. */
const graceMs = 5000

/**
 * Global set-up: the run gets a folder of its own as TMPDIR and TMUX_TMPDIR, so that what it leaves behind can be
 * told from what other runs use. The returned teardown fails the run where a file, a tmux server or a process is
 * left, names it, and clears it away.
 */
export async function setup(): Promise<() => Promise<void>> {
  const shared = tmpdir()
  const folder = await mkdtemp(join(shared, 'devorch-test-'))
  const socketsBefore = new Set(await defaultSockets())
  process.env['TMPDIR'] = folder
  process.env['TMUX_TMPDIR'] = folder
  return async () => {
    const left = [
      ...(await processesLeft(folder)),
      ...(await filesLeft(folder)),
      ...(await defaultSockets()).filter((socket) => !socketsBefore.has(socket) && !madeByLivingProcess(socket)),
    ]
    await rm(folder, { recursive: true, force: true })
    if (left.length === 0) return
    process.exitCode = 1
    throw new Error(`the tests left behind:\n${left.map((line) => `  ${line}`).join('\n')}`)
  }
}

/** Names the processes that still carry the run's folder in environment, arguments or current folder, and ends them. */
async function processesLeft(folder: string): Promise<string[]> {
  const deadline = Date.now() + graceMs
  let left = await processesOf(folder)
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(100)
    left = await processesOf(folder)
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // ESRCH: it ended in the meantime; it was left behind all the same.
    }
  }
  return left.map(({ pid, command }) => `process ${pid.toString()}: ${command}`)
}

async function processesOf(folder: string): Promise<{ pid: number; command: string }[]> {
  const found: { pid: number; command: string }[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    const [command, environment, current] = await Promise.all([
      readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => ''),
      readFile(`/proc/${name}/environ`, 'utf8').catch(() => ''),
      readlink(`/proc/${name}/cwd`).catch(() => ''),
    ])
    // The runner's own workers are ended by the runner, perhaps after this.
    if (command.includes('node_modules/vitest/dist/workers/')) continue
    if ([command, environment, current].some((text) => text.includes(folder)))
      found.push({ pid: Number(name), command: command.replaceAll('\0', ' ').trim().slice(0, 200) })
  }
  return found
}

async function filesLeft(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  // tmux makes tmux-<uid> and never removes it; a socket in it is a server that was not ended or not tidied up.
  return entries
    .filter((entry) => !(entry.parentPath === folder && /^tmux-\d+$/.test(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .slice(0, 20)
}

/** Sockets of tests in the place where tmux puts them when TMUX_TMPDIR did not reach it. */
async function defaultSockets(): Promise<string[]> {
  const folder = join('/tmp', `tmux-${process.getuid?.().toString() ?? '0'}`)
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => name.startsWith('devorch-test-')).map((name) => join(folder, name))
}

/** Whether a socket `devorch-test-<pid>-…` belongs to another run that goes on. */
function madeByLivingProcess(socket: string): boolean {
  const pid = /devorch-test-(\d+)-/.exec(socket)?.[1]
  return pid !== undefined && existsSync(`/proc/${pid}`)
}
