import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/**
 * Tells when sessions stand on a tmux server. A control-mode client (tmux(1), CONTROL MODE) waits for the server's
 * own `%sessions-changed` and asks then, in the same connection: nothing is polled, so that neither side is slowed,
 * and what it sees is what `tmux has-session` sees.
 */
export interface Watch {
  /** Resolves to performance.now() once the session stands with this many panes. @throws after 60 s */
  standing(session: string, panes: number): Promise<number>
  close(): Promise<void>
}

const timeoutMs = 60_000

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
  let wanted: { readonly line: string; readonly panes: number; seen: number; done(atMs: number): void } | undefined
  const ask = () => client.stdin.write(`list-panes -a -F '#{session_name}'\n`)
  createInterface({ input: client.stdout }).on('line', (line) => {
    if (wanted === undefined) return
    if (line === '%sessions-changed') ask()
    else if (line.startsWith('%begin')) wanted.seen = 0
    else if (line === wanted.line) wanted.seen += 1
    else if (line.startsWith('%end') && wanted.seen >= wanted.panes) wanted.done(performance.now())
    else if (line.startsWith('%end') && wanted.seen > 0) ask()
  })
  return {
    async standing(session, panes) {
      try {
        return await new Promise<number>((resolve, reject) => {
          wanted = { line: session, panes, seen: 0, done: resolve }
          const late = () => {
            reject(new Error(`the session ${session} does not stand within ${(timeoutMs / 1000).toString()} s`))
          }
          setTimeout(late, timeoutMs).unref()
        })
      } finally {
        wanted = undefined
      }
    },
    async close() {
      client.stdin.end()
      await ended
    },
  }
}
