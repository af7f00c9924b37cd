import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createMemoryMeter } from '../../src/session/measure.js'
import { processesOfSessions, type Marks } from '../../src/session/processes.js'
import { readProcesses, signalProcess, type ProcessFact } from '../../src/support/process-table.js'
import { privateTmux } from '../support/tmux.js'
import { startLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })

const seconds = () => (100_000 + Math.floor(Math.random() * 1e9)).toString()

/** The process that sleeps for so long, once it is there; the test's end ends it. */
async function sleeping(text: string): Promise<ProcessFact> {
  const found = await vi.waitFor(async () => {
    for (const fact of (await readProcesses()).values()) {
      const line = await readFile(`/proc/${fact.pid.toString()}/cmdline`, 'utf8').catch(() => '')
      if (line === `sleep\0${text}\0`) return fact
    }
    throw new Error(`no process sleeps for ${text}`)
  }, 30_000)
  onTestFinished(async () => {
    await signalProcess(found, 'SIGKILL')
  })
  return found
}

async function look(lab: Lab, marks: Marks = new Map()) {
  const listing = await lab.workshop.tools.tmux.listPanes()
  if (listing.kind !== 'panes') throw new Error(listing.kind)
  const found = await processesOfSessions(listing.panes, listing.server, await readProcesses(), marks)
  const jobs = new Map(listing.panes.map(({ sessionName, jobId }) => [sessionName, jobId ?? '']))
  return (session: string) => found.get(jobs.get(session) ?? '') ?? []
}

const pidsOf = (facts: readonly ProcessFact[]) => facts.map(({ pid }) => pid)

test('each session has what was started in it, also in the background, and nothing else', async () => {
  const lab = await startLab()
  await lab.build()
  await lab.build({ project_name: 'other' })
  const [child, left, theirs, strange] = [seconds(), seconds(), seconds(), seconds()]
  await lab.tmux.tmux('new-window', '-d', '-t', '=shop-dev:', `setsid --fork sleep ${left}; sleep ${child}`)
  await lab.tmux.tmux('new-window', '-d', '-t', '=other-dev:', `setsid --fork sleep ${theirs}; cat`)
  // A person's own session.
  await lab.tmux.tmux('new-session', '-d', '-s', 'mine', `sleep ${strange}`)
  const facts = await Promise.all([child, left, theirs, strange].map(sleeping))
  const pids = pidsOf(facts)

  const marks: Marks = new Map()
  const of = await look(lab, marks)
  const listing = await lab.tmux.tmux('list-panes', '-s', '-t', '=shop-dev:', '-F', '#{pane_pid}')
  expect(pidsOf(of('shop-dev'))).toEqual(expect.arrayContaining(listing.trim().split('\n').map(Number)))
  expect(pids.map((pid) => pidsOf(of('shop-dev')).includes(pid))).toEqual([true, true, false, false])
  expect(pids.map((pid) => pidsOf(of('other-dev')).includes(pid))).toEqual([false, false, true, false])
  // Read once, and forgotten when it has ended.
  const key = `${(pids[1] ?? 0).toString()}:${facts[1]?.startTime ?? ''}`
  expect(marks.has(key)).toBe(true)
  if (facts[1] !== undefined) await signalProcess(facts[1], 'SIGKILL')
  await vi.waitFor(async () => {
    const processes = await readProcesses()
    await processesOfSessions([], undefined, processes, marks)
    expect(marks.has(key)).toBe(false)
  }, 30_000)
})

test('a session that runs in a session has its own', async () => {
  const lab = await startLab()
  await lab.build()
  const text = seconds()
  const inner = privateTmux()
  await lab.tmux.tmux(
    'new-window',
    '-d',
    '-t',
    '=shop-dev:',
    `TMUX= tmux -L ${inner.socketName} new-session -d sleep ${text}; cat`,
  )
  const { pid } = await sleeping(text)
  const of = await look(lab)
  expect(of('shop-dev').length).toBeGreaterThanOrEqual(4)
  expect(pidsOf(of('shop-dev'))).not.toContain(pid)
})

test('memory is read anew of what has done something since, and 0 of what has ended', async () => {
  const child = spawn(process.execPath, [
    '-e',
    'process.stdin.on("data", () => { globalThis.kept = Buffer.alloc(64e6, 1); console.log("ok") })',
  ])
  onTestFinished(() => void child.kill('SIGKILL'))
  const factOf = async () => [...(await readProcesses()).values()].filter(({ pid }) => pid === child.pid)
  const meter = createMemoryMeter()
  const [before = 0] = await meter([await factOf()])
  child.stdin.write('x\n')
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const facts = await factOf()
  const [after = 0] = await meter([facts])
  expect(after - before).toBeGreaterThan(50e6)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
  expect(await meter([facts])).toEqual([after])
  expect(await meter([facts.map((fact) => ({ ...fact, ticks: fact.ticks + 1 }))])).toEqual([0])
})
