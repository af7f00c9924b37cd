import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Bench } from './row.js'
import { watchSessions, type Watch } from './standing.js'

/** A private tmux server that stands already, as it does on a machine that is worked on. */
export interface TmuxServer {
  readonly socketName: string
  readonly watch: Watch
  /** Ends a session with its panes, and waits until they are gone. */
  endSession(name: string): Promise<void>
}

export async function startTmuxServer({ environment, release }: Bench): Promise<TmuxServer> {
  const socketName = 'bench'
  const tmux = async (...args: readonly string[]) => {
    const all = ['-L', socketName, '-f', '/dev/null', ...args]
    return (await promisify(execFile)('tmux', all, { env: environment, timeout: 30_000 })).stdout
  }
  await tmux('new-session', '-d', '-s', 'keeper', 'cat')
  const serverPid = Number(await tmux('display-message', '-p', '#{pid}'))
  release(async () => {
    const panes = await tmux('list-panes', '-a', '-F', '#{pane_pid}')
    await tmux('kill-server')
    for (const pid of [serverPid, ...numbers(panes)]) await gone(pid)
  })
  const watch = watchSessions(socketName, 'keeper', environment)
  release(() => watch.close())
  return {
    socketName,
    watch,
    async endSession(name) {
      const panes = await tmux('list-panes', '-s', '-t', `=${name}:`, '-F', '#{pane_pid}')
      await tmux('kill-session', '-t', `=${name}`)
      for (const pid of numbers(panes)) await gone(pid)
    },
  }
}

function numbers(lines: string): number[] {
  return lines.trim().split('\n').map(Number)
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 1500; tries += 1) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await sleep(20)
  }
  throw new Error(`the process ${pid.toString()} does not end`)
}
