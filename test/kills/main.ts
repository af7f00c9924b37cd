import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { killProcessesOf } from '../support/processes-of.js'
import { makeGround, type Ground } from './place.js'
import { pointsOf, seeded, spread, type Point } from './points.js'
import { runRound, runUnharmed, type Round } from './round.js'
import { scenarios, type Scenario } from './scenarios.js'

/*
 * npm run test:faults [-- KILLS [SEED]] [--only SCENARIO] [--at N:SIDE]: kills the daemon before, after and amid the calls
 * by which it changes something, and looks after each restart for what is lost, doubled or left behind. Ctrl-C ends it after
 * the rounds under way, with the report of what was done.
 */

const inParallel = 2
/** Each so many-th round kills the recovery too. */
const secondKillEvery = 3

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: 'string' }, at: { type: 'string', multiple: true } },
})
const [kills = 2000, seed = 1] = positionals.map(Number)
if (!Number.isInteger(kills) || kills < 1 || !Number.isInteger(seed))
  throw new Error('usage: KILLS SEED, whole numbers')
const chosen = scenarios.filter(({ name }) => options.only === undefined || options.only === name)
if (chosen.length === 0) throw new Error(`the scenarios are ${scenarios.map(({ name }) => name).join(', ')}`)

/** What a scenario is like with nothing killed. */
interface Known {
  readonly scenario: Scenario
  readonly points: readonly Point[]
  readonly contents: readonly string[]
}

interface Tally {
  kills: number
  rounds: number
  missed: number
  jobs: number
  violations: number
  readonly byCall: Map<string, number>
  readonly byScenario: Map<string, number>
}

const begunMs = performance.now()
/** Compiled, this file is .cache/kills/test/kills/main.js. */
const ground = await makeGround(join(import.meta.dirname, '..', '..', '..', '..'))
const stopping = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping.abort()
  })
}
try {
  const known = await learn(ground)
  const tally = await killAll(ground, known)
  report(tally, known)
  if (tally.violations > 0) process.exitCode = 1
} finally {
  await killProcessesOf(ground.folder)
  await ground.close()
}

/** Runs each scenario once unharmed. @throws where that already goes wrong */
async function learn(on: Ground): Promise<readonly Known[]> {
  const known: Known[] = []
  for (const [index, scenario] of chosen.entries()) {
    const { violations, calls, contents, log } = await runUnharmed(
      scenario,
      on,
      `u${index.toString().padStart(5, '0')}`,
    )
    if (violations.length > 0) throw new Error(`${scenario.name}, unharmed:\n${violations.join('\n')}\n${log}`)
    known.push({ scenario, points: pointsOf(scenario.name, calls), contents })
  }
  return known
}

async function killAll(on: Ground, known: readonly Known[]): Promise<Tally> {
  const tally: Tally = {
    kills: 0,
    rounds: 0,
    missed: 0,
    jobs: 0,
    violations: 0,
    byCall: new Map(),
    byScenario: new Map(),
  }
  const random = seeded(seed)
  const all = known.flatMap(({ points }) => points)
  const share = secondKillEvery / (secondKillEvery + 1)
  const waiting = spread(all, Math.ceil(kills * share), random)
  let begun = 0
  const worker = async () => {
    while (tally.kills < kills && !stopping.signal.aborted) {
      // Points that were not reached, since the order of calls varies, are made up for.
      const first = waiting.shift() ?? spread(all, 1, random)[0]
      const one = known.find(({ scenario }) => scenario.name === first?.scenario)
      if (first === undefined || one === undefined) throw new Error('there are no points')
      begun += 1
      const second = begun % secondKillEvery === 0 ? spread(one.points, 1, random) : []
      const points = options.at ?? [first, ...second].map(({ at }) => at)
      const round = await runRound(one.scenario, on, `r${begun.toString().padStart(5, '0')}`, points, one.contents)
      note(tally, one.scenario, points, round)
    }
  }
  await Promise.all(Array.from({ length: inParallel }, worker))
  return tally
}

function note(tally: Tally, scenario: Scenario, points: readonly string[], round: Round): void {
  tally.rounds += 1
  tally.kills += round.hits.length
  tally.missed += points.length - round.hits.length
  tally.jobs += round.jobs
  tally.violations += round.violations.length
  for (const hit of round.hits) {
    add(tally.byScenario, scenario.name, 1)
    add(tally.byCall, kindOf(hit), 1)
  }
  if (round.violations.length > 0) {
    console.log(`VIOLATION: ${scenario.name} killed at ${points.join(', ')}: ${round.hits.join(', ')}`)
    console.log(`${round.violations.join('\n')}\n${round.log}`)
  }
}

/** `before rename`, `amid git clone`: what was killed, without the path. */
function kindOf(hit: string): string {
  const [side = '', call = '', program = '', ...args] = hit.split(' ')
  if (!/^(spawn|exit)/.test(call)) return `${side} ${call}`
  const name = args[0]?.endsWith('bounded-git.sh') === true ? `git ${args[1] ?? ''}` : program
  const shown = name === 'tmux' ? `tmux ${args[2] ?? ''}` : name
  return `${call === 'exit' ? 'at the end of' : /^\d+$/.test(side) ? 'amid' : `${side} start of`} ${shown}`
}

function add(counts: Map<string, number>, key: string, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}

function report(tally: Tally, known: readonly Known[]): void {
  const points = known.reduce((sum, one) => sum + one.points.length, 0)
  const lines = (counts: ReadonlyMap<string, number>) =>
    [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([what, count]) => `${count.toString().padStart(6)}  ${what}`)
  console.log(
    `kills by call:\n${lines(tally.byCall).join('\n')}\nkills by scenario:\n${lines(tally.byScenario).join('\n')}`,
  )
  console.log(
    `faults: ${tally.kills.toString()} kills in ${tally.rounds.toString()} rounds (seed ${seed.toString()}, ${points.toString()} points, ${tally.missed.toString()} not reached), ${tally.jobs.toString()} job files checked, ${tally.violations.toString()} violations, ${((performance.now() - begunMs) / 1000).toFixed(0)} s`,
  )
}
