import { join } from 'node:path'
import { finished, panes as paneCount } from '../build-session.js'
import { atMost, beside, line, missing } from '../figures.js'
import { multiplexers } from '../peers/multiplexers.js'
import type { Bench, Row } from '../row.js'
import { startTmuxServer } from '../tmux-server.js'
import { takeTurns } from '../turns.js'
import type { TmuxPlan } from '../../../src/tmux/script.js'
import { createTmux } from '../../../src/tmux/tmux.js'

/** Four panes alone, in a folder that is there: as the daemon makes them, against what others make them with. */
export const panes: Row = {
  name: 'panes',
  isLong: false,
  async measure(bench) {
    const { environment, folder } = bench
    const tmux = await startTmuxServer(bench)
    const ours = createTmux({ socketName: tmux.socketName, environment, mayStartServer: true })
    const peers = await multiplexers(bench, tmux.socketName)
    const there = peers.filter(({ isThere }) => isThere)
    const made = async (session: string, make: () => Promise<unknown>) => {
      const standing = tmux.watch.standing(session, paneCount)
      const begunMs = performance.now()
      await make()
      const ms = (await standing) - begunMs
      await tmux.endSession(session)
      return ms
    }
    const [byDevorch = [], chained = [], ...others] = await takeTurns(
      [
        (round) => {
          const name = `devorch-${round.toString()}`
          return made(name, () => ours.createSession(planOf(bench, name)))
        },
        (round) => {
          const name = `chained-${round.toString()}`
          return made(name, () => finished({ bench }, chainedCall(tmux.socketName, name, folder)))
        },
        ...there.map((peer, index) => async (round: number) => {
          const name = `peer-${index.toString()}-${round.toString()}`
          const command = await peer.prepare(name, folder)
          return made(name, () => finished({ bench }, command))
        }),
      ],
      bench.pace({ least: 5, most: 20, budgetMs: 25_000 }),
    )
    const devorch = line('devorch', byDevorch)
    return [
      {
        what: 'four panes alone',
        unit: 'ms',
        lines: [
          devorch,
          beside(devorch, 'one chained tmux call', chained, atMost(1.2)),
          ...peers.map((peer) =>
            peer.isThere
              ? beside(devorch, peer.who, others[there.indexOf(peer)] ?? [], atMost(0.1))
              : missing(peer.who, peer.remedy),
          ),
        ],
      },
    ]
  },
}

/** What session/panes.ts makes of the default layout with `cat` as the agent. */
function planOf({ root, folder }: Bench, name: string): TmuxPlan {
  const pane = (role: 'agent' | 'terminal' | 'files' | 'apps', ...program: readonly string[]) => {
    const own = [join(folder, 'session'), role, program[0] ?? '-', '-', ...program]
    return { role, command: ['/bin/sh', join(root, 'dist', 'agent', 'pane.sh'), ...own], folder }
  }
  return {
    name,
    folder,
    jobId: name,
    options: [],
    windows: [
      {
        name: 'dev',
        layout: 'main-vertical',
        options: [['main-pane-width', '109']],
        optionsAfter: [],
        panes: [pane('agent', 'cat'), pane('terminal'), pane('files', 'ranger'), pane('apps')],
        focus: 0,
      },
    ],
    focus: 0,
  }
}

/** As peers/plain-session.sh does it, without the shell around it. */
function chainedCall(socketName: string, name: string, folder: string): readonly string[] {
  const split = (side: string, size: string, ...program: readonly string[]) => {
    return [';', 'split-window', side, '-l', size, '-t', `=${name}:`, '-c', folder, '--', ...program]
  }
  const first = ['new-session', '-d', '-s', name, '-n', 'dev', '-x', '220', '-y', '50', '-c', folder, '--', 'cat']
  return [
    ...['tmux', '-L', socketName, ...first],
    ...split('-h', '50%', '/bin/sh', '-l'),
    ...split('-v', '67%', 'ranger'),
    ...split('-v', '50%', '/bin/sh', '-l'),
    ...[';', 'select-pane', '-t', `=${name}:.{left}`],
  ]
}
