import { join } from 'node:path'
import { buildByDaemon, buildByProgram, plainScript, tidy } from '../build-session.js'
import { atMost, beside, line, missing, type Comparison } from '../figures.js'
import { multiplexers, type Multiplexer } from '../peers/multiplexers.js'
import { makePlace, type Place } from '../place.js'
import { makeOfFiles, makeOfHistory, manyFiles, threeFiles } from '../repositories.js'
import type { Row } from '../row.js'
import { takeTurns, type Pace } from '../turns.js'

interface Repository {
  readonly name: string
  readonly what: string
  readonly make: (bare: string) => Promise<void>
  readonly pace: Pace
  /** What the daemon may take at most in times of the bash script; null: reported without a target. */
  readonly atMost: { readonly fresh: number | null; readonly known: number | null }
  /** Whether tmuxp and tmuxinator are measured on top of the same clone. */
  readonly isBesidePeers: boolean
}

/** From a signed POST to the session's standing, against a person's own script, for repositories of several kinds. */
export const repositories: readonly Row[] = [
  rowOf({
    name: 'small',
    what: '3 files',
    make: makeOfFiles(threeFiles),
    pace: { least: 5, most: 20, budgetMs: 35_000 },
    atMost: { fresh: 1.3, known: 1 },
    isBesidePeers: true,
  }),
  rowOf({
    name: 'twenty',
    what: '20 files',
    make: makeOfFiles(manyFiles(20)),
    pace: { least: 5, most: 20, budgetMs: 15_000 },
    atMost: { fresh: null, known: 1 },
    isBesidePeers: false,
  }),
  rowOf({
    name: 'large',
    what: '2,000 files',
    make: makeOfFiles(manyFiles(2000)),
    pace: { least: 3, most: 20, budgetMs: 35_000 },
    atMost: { fresh: 1.05, known: null },
    isBesidePeers: false,
  }),
  rowOf({
    name: 'history',
    what: '200 MB of history',
    make: makeOfHistory(200),
    pace: { least: 2, most: 20, budgetMs: 45_000 },
    atMost: { fresh: null, known: 0.5 },
    isBesidePeers: false,
  }),
]

function rowOf({ name, what, make, pace, atMost: bounds, isBesidePeers }: Repository): Row {
  return {
    name,
    isLong: false,
    async measure(bench): Promise<readonly Comparison[]> {
      const on = await makePlace(bench, make)
      const peers = isBesidePeers ? await multiplexers(bench, on.tmux.socketName) : []
      const there = peers.filter(({ isThere }) => isThere)
      const known = await on.newUrl()
      const firstMs = await buildByDaemon(on, 'first', known)
      await tidy(on, 'first')
      const [daemonFresh = [], daemonKnown = [], script = [], ...others] = await takeTurns(
        [
          (round) => built(on, `fresh-${round.toString()}`, buildByDaemon),
          (round) => built(on, `known-${round.toString()}`, (at, project) => buildByDaemon(at, project, known)),
          (round) => built(on, `script-${round.toString()}`, byScript),
          ...there.map(
            (peer, index) => (round: number) =>
              built(on, `peer-${index.toString()}-${round.toString()}`, (at, project, url) =>
                byPeer(at, peer, project, url),
              ),
          ),
        ],
        bench.pace(pace),
      )
      const comparison = (kind: string, figures: readonly number[], bound: number | null): Comparison => {
        const ours = line('devorch', figures)
        const besidePeers = peers.map((peer) => {
          const who = `git clone, then ${peer.who}`
          return peer.isThere ? beside(ours, who, others[there.indexOf(peer)] ?? []) : missing(who, peer.remedy)
        })
        return {
          what: `${what}, ${kind} repository`,
          unit: 'ms',
          lines: [
            ours,
            beside(ours, 'bash: git clone, one tmux call', script, bound === null ? null : atMost(bound)),
            ...besidePeers,
          ],
        }
      }
      return [
        comparison('new', daemonFresh, bounds.fresh),
        comparison('known', daemonKnown, bounds.known),
        { what: `${what}, first job of a new daemon`, unit: 'ms', lines: [line('devorch', [firstMs])] },
      ]
    },
  }
}

/** A project of its own, removed outside the time. */
async function built(
  on: Place,
  project: string,
  by: (on: Place, project: string, url: string) => Promise<number>,
): Promise<number> {
  const ms = await by(on, project, await on.newUrl())
  await tidy(on, project)
  return ms
}

function byScript(on: Place, project: string, url: string): Promise<number> {
  return buildByProgram(on, project, [...plainScript(on), project, url])
}

async function byPeer(on: Place, peer: Multiplexer, project: string, url: string): Promise<number> {
  const folder = join(on.projects, project)
  const session = await peer.prepare(`${project}-dev`, folder)
  const script = join(on.bench.root, 'test', 'bench', 'peers', 'clone-then.sh')
  return buildByProgram(on, project, ['bash', script, url, folder, ...session])
}
