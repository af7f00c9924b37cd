import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * Tells when sessions stand on a tmux server. A control-mode client (tmux(1), CONTROL MODE) waits for the server's
 * own `%sessions-changed` and asks then, in the same connection, so that neither side is slowed by being watched, and
 * what it sees is what `tmux has-session` sees.
 */
export interface Watch {
  /** Resolves to performance.now() once the session stands with this many panes. @throws after 5 min */
  standing(session: string, panes: number): Promise<number>
  /** The same once the server has so many sessions. */
  sessions(count: number): Promise<number>
  close(): Promise<void>
}

const timeoutMs = 300_000
/** After how long a session is looked at again that has not all its panes yet. */
const againMs = 5

interface Wanted {
  readonly command: string
  /** How far the answer's lines are: `some` is asked again at once, `none` when tmux tells of a change. */
  judge(lines: readonly string[]): 'all' | 'some' | 'none'
  done(atMs: number): void
}

/** @param keeper a session of that server, to be attached to */
export function watchSessions(
  socketName: string,
  keeper: string,
  environment: Readonly<Record<string, string>>,
): Watch {
  const client = spawn('tmux', ['-L', socketName, '-C', 'attach-session', '-t', keeper], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(client, 'exit')
  let wanted: Wanted | undefined
  let lines: string[] = []
  const ask = () => {
    if (wanted !== undefined) client.stdin.write(`${wanted.command}\n`)
  }
  const answered = () => {
    if (wanted === undefined) return
    const how = wanted.judge(lines)
    if (how === 'all') wanted.done(performance.now())
    else if (how === 'some') setTimeout(ask, againMs)
  }
  createInterface({ input: client.stdout }).on('line', (line) => {
    if (line === '%sessions-changed') ask()
    else if (line.startsWith('%begin')) lines = []
    else if (line.startsWith('%end')) answered()
    else lines.push(line)
  })
  const until = async (command: string, judge: Wanted['judge'], what: string) => {
    let timer: NodeJS.Timeout | undefined
    try {
      return await new Promise<number>((resolve, reject) => {
        wanted = { command, judge, done: resolve }
        timer = setTimeout(() => {
          reject(new Error(`${what} not within ${(timeoutMs / 1000).toString()} s`))
        }, timeoutMs)
      })
    } finally {
      clearTimeout(timer)
      wanted = undefined
    }
  }
  return {
    standing(session, panes) {
      const judge = (names: readonly string[]) => {
        const seen = names.filter((name) => name === session).length
        return seen >= panes ? 'all' : seen > 0 ? 'some' : 'none'
      }
      return until(`list-panes -a -F '#{session_name}'`, judge, `the session ${session} stands`)
    },
    sessions(count) {
      const judge = (names: readonly string[]) => (names.length >= count ? 'all' : 'none')
      return until(`list-sessions -F '#{session_name}'`, judge, `${count.toString()} sessions stand`)
    },
    async close() {
      client.stdin.end()
      await ended
    },
  }
}
