import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DaemonProcess } from '../support/daemon-process.js'
import { killProcessesOf, processesOf } from '../support/processes-of.js'
import { check, findLeftovers, type Findings } from './check.js'
import { Client, Gone, until } from './client.js'
import { endSessions, makePlace, type Ground, type Place } from './place.js'
import type { Scenario } from './scenarios.js'

/** What a round came to. `hits`: the call, and when, of each kill. */
export interface Round extends Findings {
  readonly hits: readonly string[]
  readonly log: string
}

/**
 * One scenario in a place of its own: the daemon is killed at each of the given points, one a start, and started once
 * more without; then all must be as if nothing had been. A point that is not reached is no kill.
 */
export async function runRound(
  scenario: Scenario,
  ground: Ground,
  name: string,
  points: readonly string[],
  contents?: readonly string[],
): Promise<Round> {
  const place = await makePlace(ground, name)
  const client = new Client(place)
  const daemons: DaemonProcess[] = []
  const hits: string[] = []
  const early: string[] = []
  let log = ''
  try {
    await scenario.prepare?.(place)
    for (const [index, point] of points.entries()) {
      const trace = join(place.folder, `trace-${index.toString()}`)
      log += `--- killed at ${point}\n`
      try {
        log += await liveUntilKilled(scenario, client, daemons, { kill: point, trace })
      } catch (error) {
        early.push(describe(error))
      }
      const hit = (await readFile(trace, 'utf8').catch(() => '')).trim()
      if (hit !== '') hits.push(`${point.split(':')[1] ?? ''} ${hit.replaceAll(place.folder, '')}`)
    }
    const last = await place.start()
    daemons.push(last)
    client.use(last)
    let findings: Findings
    try {
      await scenario.drive(client)
      await client.idle(0)
      findings = await check(scenario, client, points.length, contents)
    } catch (error) {
      findings = { violations: [describe(error)], jobs: 0, contents: [] }
    }
    await last.stop()
    log += `--- not killed\n${last.log()}`
    const left = [...(await findLeftovers(place)), ...(await endAll(place, daemons))]
    return { ...findings, violations: [...early, ...findings.violations, ...left], hits, log }
  } finally {
    await endAll(place, daemons)
    await rm(place.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

/** The scenario with nothing killed: the calls that it makes, and what is there in the end. */
export async function runUnharmed(scenario: Scenario, ground: Ground, name: string) {
  const place = await makePlace(ground, name)
  const client = new Client(place)
  const trace = join(place.folder, 'trace')
  try {
    await scenario.prepare?.(place)
    const daemon = await place.start({ kill: '', trace })
    try {
      client.use(daemon)
      await scenario.drive(client)
      await client.idle(0)
      const findings = await check(scenario, client, 0)
      await daemon.stop()
      const violations = [...findings.violations, ...(await findLeftovers(place))]
      const calls = (await readFile(trace, 'utf8')).trim().split('\n')
      return {
        ...findings,
        violations,
        calls: calls.map((call) => call.replaceAll(place.folder, '')),
        log: daemon.log(),
      }
    } finally {
      await daemon.stop('SIGKILL')
    }
  } finally {
    await endAll(place, [])
    await rm(place.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}

/** @returns the daemon's log */
async function liveUntilKilled(
  scenario: Scenario,
  client: Client,
  daemons: DaemonProcess[],
  injected: { readonly kill: string; readonly trace: string },
): Promise<string> {
  let daemon: DaemonProcess
  try {
    daemon = await client.place.start(injected)
  } catch (error) {
    const hit = (await readFile(injected.trace, 'utf8').catch(() => '')).trim()
    if (hit === '') throw error
    return describe(error)
  }
  daemons.push(daemon)
  client.use(daemon)
  try {
    await scenario.drive(client)
    await client.idle(0)
    await daemon.stop()
  } catch (error) {
    if (!(error instanceof Gone)) throw new Error(`${describe(error)}\n${daemon.log()}`, { cause: error })
  }
  return daemon.log()
}

/** @returns the processes that the daemons had started, beside sessions, and that did not end with them */
async function endAll(place: Place, daemons: readonly DaemonProcess[]): Promise<string[]> {
  for (const daemon of daemons) await daemon.stop('SIGKILL')
  await endSessions(place)
  const none = async () => (await processesOf(place.folder)).length === 0
  await until(none, 'all processes end', 10_000).catch(() => undefined)
  const left = await killProcessesOf(place.folder)
  return left.map((line) => `still running: ${line}`)
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
