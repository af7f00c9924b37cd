import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Comparison } from './figures.js'
import type { Pace } from './turns.js'

/** What a row has to do its work with. */
export interface Bench {
  /** Of the checkout, whose dist/ is started. */
  readonly root: string
  /** Empty, the row's own; removed after it. */
  readonly folder: string
  /** Of every program that the row starts: home, temporary files and tmux's sockets are in the folder. */
  readonly environment: Readonly<Record<string, string>>
  /** As often as the person wants it, or as the row usually does. */
  readonly pace: (usual: Pace) => Pace
  /** To be done when the row has ended, however that came; the last one first. */
  readonly release: (undo: () => Promise<unknown>) => void
}

/** An entry of `npm run bench`. */
export interface Row {
  /** For `--only`. */
  readonly name: string
  readonly isLong: boolean
  measure(bench: Bench): Promise<readonly Comparison[]>
}

/** A row under way. */
export interface Running {
  readonly comparisons: Promise<readonly Comparison[]>
  /** Removes what it has made so far; for one that is cut off. */
  readonly abandon: () => Promise<void>
}

/** @param runs how often each thing is measured; undefined: as the row usually does */
export function runRow(row: Row, root: string, runs: number | undefined): Running {
  const releases: (() => Promise<unknown>)[] = []
  const undo = async () => {
    for (let release = releases.pop(); release !== undefined; release = releases.pop()) await release()
  }
  let undone: Promise<void> | undefined
  const abandon = () => (undone ??= undo())
  const measure = async () => {
    try {
      const folder = await realpath(await mkdtemp(join(tmpdir(), 'devorch-bench-')))
      releases.push(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
      return await row.measure({
        root,
        folder,
        environment: await makeEnvironment(folder),
        pace: (usual) => (runs === undefined ? usual : { ...usual, least: runs, most: runs }),
        release: (release) => releases.push(release),
      })
    } finally {
      await abandon()
    }
  }
  return { comparisons: measure(), abandon }
}

/** With a stand-in for ranger, so that the figures are the same whether it is installed or not, and its start is in none of them. */
async function makeEnvironment(folder: string): Promise<Record<string, string>> {
  const [programs, home] = [join(folder, 'bin'), join(folder, 'user')]
  await Promise.all([mkdir(programs), mkdir(home)])
  await writeFile(join(programs, 'ranger'), '#!/bin/sh\nexec cat\n')
  await chmod(join(programs, 'ranger'), 0o755)
  return {
    PATH: `${programs}:${process.env['PATH'] ?? '/usr/bin:/bin'}`,
    HOME: home,
    SHELL: '/bin/sh',
    TERM: 'xterm',
    LANG: 'C.UTF-8',
    TMPDIR: folder,
    TMUX_TMPDIR: folder,
  }
}
