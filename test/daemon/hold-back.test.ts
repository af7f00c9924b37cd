import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli.js'
import { heldBecause } from '../../src/daemon/hold-back.js'
import { httpCall, postJson } from '../support/http-call.js'
import { createAndWait, makeLab, sessionNames, type Lab } from './lab.js'

/** Runs `devorch` on the lab's home; its lines on stdout. */
async function devorch(lab: Lab, ...args: string[]): Promise<string> {
  const lines: string[] = []
  const code = await runCli(['--home', lab.home.base, ...args], {
    environment: lab.environment,
    print: (line) => lines.push(line),
    complain: (line) => lines.push(line),
    isTerminal: false,
    onHangup: () => undefined,
    signal: new AbortController().signal,
  })
  expect(code, lines.join('\n')).toBe(0)
  return lines.join('\n')
}

async function configured(lab: Lab, changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
  const settings = lab.settings(changes)
  await (await lab.start(settings)).stop(0)
  await writeFile(join(lab.home.base, 'config.yaml'), JSON.stringify(settings))
  return settings
}

describe('jobs wait, visibly', () => {
  it('while the worker is paused, and go on when it is resumed', async () => {
    const lab = await makeLab()
    await configured(lab)
    const daemon = await lab.start()
    await devorch(lab, 'pause')
    await postJson(`${daemon.url}/create-session`, { project_name: 'shop', repo_url: lab.repository })
    expect(await devorch(lab, 'jobs')).toMatch(/queued +shop .*held back: paused; `devorch resume` goes on/)
    await new Promise((done) => setTimeout(done, 600))
    expect(await sessionNames(lab)).toEqual([])
    await devorch(lab, 'resume')
    expect(await lab.settled(1)).toMatchObject([{ result: { status: 'created' } }])
  })

  it('while as many sessions stand as are allowed, and go on when one ends', async () => {
    const lab = await makeLab()
    const worker = { max_sessions: 1, min_free_memory_mb: 0 }
    await configured(lab, { worker })
    const daemon = await lab.start({ worker })
    await createAndWait(daemon, { project_name: 'one', repo_url: lab.repository })
    await postJson(`${daemon.url}/create-session`, { project_name: 'two', repo_url: lab.repository })
    expect(await devorch(lab, 'jobs')).toMatch(/queued +two .*held back: 1 sessions stand, worker\.max_sessions is 1/)
    await new Promise((done) => setTimeout(done, 600))
    expect(await sessionNames(lab)).toEqual(['one-dev'])
    await httpCall(`${daemon.url}/sessions/one-dev`, { method: 'DELETE' })
    await lab.settled(3)
    expect(await sessionNames(lab)).toEqual(['two-dev'])
    expect(lab.log.filter((line) => line.message === 'jobs are held back')).toHaveLength(1)
  })

  it('and never lets a burst exceed what is allowed', async () => {
    const lab = await makeLab()
    const daemon = await lab.start({ worker: { max_sessions: 2, concurrency: 4, min_free_memory_mb: 0 } })
    for (const name of ['a', 'b', 'c', 'd'])
      await postJson(`${daemon.url}/create-session`, { project_name: name, repo_url: lab.repository })
    await lab.settled(2)
    await new Promise((done) => setTimeout(done, 600))
    expect(await sessionNames(lab)).toHaveLength(2)
    expect(await lab.jobs('inbox')).toHaveLength(2)
  })

  it('but a job that was cut off does not stand in its own way', async () => {
    const lab = await makeLab()
    const first = await lab.start()
    await createAndWait(first, { project_name: 'shop', repo_url: lab.repository })
    await first.stop(0)
    // As a kill leaves it that comes after the session was noted and before it stands.
    const [name = ''] = await readdir(lab.home.done)
    const text = await readFile(join(lab.home.done, name), 'utf8')
    await writeFile(join(lab.home.active, name), text.replace(/^result:[^]*(?=^\.\.\.$)/m, ''))
    await rm(join(lab.home.done, name))
    await lab.tmux.tmux('kill-server')
    await lab.start({ worker: { max_sessions: 1, min_free_memory_mb: 0 } })
    expect(await lab.settled(1)).toMatchObject([{ attempts: 2, result: { status: 'created' } }])
    expect(await sessionNames(lab)).toEqual(['shop-dev'])
  })

  it('while memory is short, and a daemon with a lower floor takes them', async () => {
    const lab = await makeLab()
    const worker = { min_free_memory_mb: 1_000_000_000 }
    await configured(lab, { worker })
    const daemon = await lab.start({ worker })
    await postJson(`${daemon.url}/create-session`, { project_name: 'shop', repo_url: lab.repository })
    expect(await devorch(lab, 'jobs')).toMatch(/queued +shop .*held back: \d+ MiB of memory are free/)
    await new Promise((done) => setTimeout(done, 600))
    expect(await sessionNames(lab)).toEqual([])
    await daemon.stop(0)
    await lab.start()
    expect(await lab.settled(1)).toMatchObject([{ result: { status: 'created' } }])
  })
})

describe('heldBecause', () => {
  const load = { paused: false, sessions: 3, creating: 1, availableMemoryMb: 100 }

  it.each([
    ['no limit', 'create', load, { max_sessions: 0, min_free_memory_mb: 0 }, undefined],
    ['below the limit', 'create', load, { max_sessions: 5, min_free_memory_mb: 100 }, undefined],
    [
      'at the limit, counting those under way',
      'create',
      load,
      { max_sessions: 4, min_free_memory_mb: 0 },
      /3 sessions stand and 1 are being built/,
    ],
    ['a restart counts too', 'restart', load, { max_sessions: 0, min_free_memory_mb: 101 }, /100 MiB of memory/],
    ['a restart adds no session', 'restart', load, { max_sessions: 1, min_free_memory_mb: 0 }, undefined],
    ['nor does a restore', 'restore', load, { max_sessions: 1, min_free_memory_mb: 0 }, undefined],
    ['but a restore needs memory', 'restore', load, { max_sessions: 0, min_free_memory_mb: 101 }, /100 MiB of memory/],
    ['ending a session is always allowed', 'destroy', load, { max_sessions: 1, min_free_memory_mb: 101 }, undefined],
    [
      'memory unknown',
      'create',
      { ...load, availableMemoryMb: undefined },
      { max_sessions: 0, min_free_memory_mb: 9999 },
      undefined,
    ],
    [
      'paused holds all back',
      'destroy',
      { ...load, paused: true },
      { max_sessions: 0, min_free_memory_mb: 0 },
      /paused/,
    ],
  ] as const)('%s', (_what, action, given, limits, expected) => {
    const because = heldBecause(action, given, limits)
    if (expected === undefined) expect(because).toBeUndefined()
    else expect(because).toMatch(expected)
  })
})
