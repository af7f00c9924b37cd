import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { childEnvironment } from '../../src/support/process.js'
import { lockFile } from '../../src/support/lock.js'
import { codeOf } from '../../src/support/problem.js'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { httpCall, postJson, type Answer } from '../support/http-call.js'
import type { Lab } from '../daemon/lab.js'

const root = join(import.meta.dirname, '..', '..')

export interface ServeOptions {
  /** What the test changes in the settings. */
  readonly changes?: Record<string, unknown>
  /** Added to the lab's environment. */
  readonly environment?: Readonly<Record<string, string>>
  readonly launcher?: readonly string[]
}

/** `devorch serve` on the lab's home, as a process of its own; the test's end kills it. */
export async function serve(lab: Lab, options: ServeOptions = {}): Promise<DaemonProcess> {
  const { changes, environment = {}, launcher = [] } = options
  const daemon = await startDaemonProcess({
    root,
    home: lab.home.base,
    config: lab.settings(changes),
    environment: { ...lab.environment, ...environment },
    launcher,
  })
  onTestFinished(() => daemon.stop('SIGKILL'))
  return daemon
}

/** Long enough for a busy machine; what is waited for comes much sooner. */
export const patience = { timeout: 60_000, interval: 50 }

/** Waits until the daemon's log has a line that fits. */
export async function logged(daemon: DaemonProcess, pattern: RegExp): Promise<void> {
  await expect.poll(() => daemon.log(), patience).toMatch(pattern)
}

/** Sends a `create` job of the lab's repository. */
export function send(daemon: DaemonProcess, project: string, lab: Lab, more: object = {}): Promise<Answer> {
  return postJson(`${daemon.url}/create-session`, { project_name: project, repo_url: lab.repository, ...more })
}

export async function readiness(daemon: DaemonProcess): Promise<number> {
  return (await httpCall(`${daemon.url}/readyz`)).status
}

/** The names of a folder of the queue, hidden ones too. */
export async function namesIn(lab: Lab, state: 'inbox' | 'active' | 'done' | 'failed'): Promise<string[]> {
  return (await readdir(lab.home[state])).sort()
}

/** Waits until one job is at work: its file is claimed, and no step of that is under way any more. */
export async function oneActive(lab: Lab): Promise<void> {
  await expect.poll(async () => (await namesIn(lab, 'active')).join(' '), patience).toMatch(/^[\w-]+\.yaml$/)
}

/** Waits until just as many jobs rest in done/ and failed/, and gives their results. */
export async function results(lab: Lab, count: number): Promise<Record<string, unknown>[]> {
  const jobs = await lab.settled(count)
  expect(jobs).toHaveLength(count)
  return jobs.map((job) => job['result'] as Record<string, unknown>)
}

/** The folders of clones that are under way or were left half-made. */
export async function halfClones(lab: Lab): Promise<string[]> {
  return (await readdir(lab.projects)).filter((name) => name.startsWith('.devorch-'))
}

/** Writes to the disk of a folder until nothing more fits. @returns what makes room again */
export async function fillDisk(folder: string): Promise<() => Promise<void>> {
  const filler = join(folder, 'filler')
  const block = Buffer.alloc(1024 * 1024)
  for (let number = 0; ; number += 1) {
    const code = await writeFile(`${filler}-${number.toString()}`, block).catch(codeOf)
    if (code === 'ENOSPC' || code === 'EDQUOT') break
    if (code !== undefined) throw new Error(`the disk could not be filled: ${code}`)
  }
  return () => removeFillers(folder)
}

/** Makes empty files until the disk of a folder has no room for one more. @returns what makes room again */
export async function fillInodes(folder: string): Promise<() => Promise<void>> {
  for (let number = 0; ; number += 1) {
    const code = await writeFile(join(folder, `filler-${number.toString()}`), '').catch(codeOf)
    if (code === 'ENOSPC') break
    if (code !== undefined) throw new Error(`the disk could not be filled: ${code}`)
  }
  return () => removeFillers(folder)
}

async function removeFillers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name.startsWith('filler-')) await rm(join(folder, name))
}

/** A complete job file on the disk of the home; `drop` renames it into the inbox, which needs no room. */
export async function preparedDrop(lab: Lab, name: string, text: string): Promise<{ drop(): Promise<void> }> {
  const waiting = join(lab.home.base, `upload-${name}`)
  await writeFile(waiting, text)
  return { drop: () => rename(waiting, join(lab.home.inbox, name)) }
}

/** Keeps the jobs of a project in the middle of their work until it is let go: it has the lock that they need. */
export async function holdProject(lab: Lab, project: string): Promise<{ release(): Promise<void> }> {
  await mkdir(lab.home.sessions, { recursive: true })
  const lock = await lockFile(join(lab.home.sessions, `.${project}-dev.lock`), {
    waitMs: 0,
    environment: childEnvironment(lab.environment),
  })
  if (lock === 'held') throw new Error('the lock is held')
  return lock
}
