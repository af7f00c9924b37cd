import { readFile } from 'node:fs/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { reapSession } from '../../src/session/reap.js'
import { readProcesses, signalProcess, type ProcessFact } from '../../src/support/process-table.js'
import { privateTmux } from '../support/tmux.js'
import { startLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })
const waitMs = { timeout: 60_000, interval: 50 }

async function jobIdOf(lab: Lab, name = 'shop-dev'): Promise<string> {
  return (await lab.tmux.tmux('display-message', '-p', '-t', `=${name}:`, '#{@devorch_job}')).trim()
}

const names = async (lab: Lab) =>
  (await lab.tmux.tmux('list-sessions', '-F', '#{session_name}').catch(() => '')).trim().split('\n')

/** The process with this environment variable or argument, once it is there. */
async function processWith(text: string): Promise<ProcessFact> {
  return await vi.waitFor(async () => {
    for (const fact of (await readProcesses()).values()) {
      const line = await readFile(`/proc/${fact.pid.toString()}/cmdline`, 'utf8').catch(() => '')
      if (line === `sleep\0${text}\0`) return fact
    }
    throw new Error(`no process sleeps for ${text}`)
  }, 30_000)
}

const seconds = () => (100_000 + Math.floor(Math.random() * 1e9)).toString()
/** One that has ended may wait to be asked how for as long as the machine is up. */
const isThere = async ({ pid, startTime }: ProcessFact) => {
  const now = (await readProcesses()).get(pid)
  return now?.startTime === startTime && !now.isZombie
}

/** What a test has started beside tmux ends with it. */
async function started(text: string): Promise<ProcessFact> {
  const fact = await processWith(text)
  onTestFinished(async () => {
    await signalProcess(fact, 'SIGKILL')
  })
  return fact
}

test('another session, also one that shares its name’s beginning, is not touched', async () => {
  const lab = await startLab()
  await lab.build()
  await lab.build({ project_name: 'shop2' })
  const other = await jobIdOf(lab, 'shop2-dev')
  const [mine, theirs] = [seconds(), seconds()]
  for (const [name, text] of [
    ['shop-dev', mine],
    ['shop2-dev', theirs],
  ] as const) {
    await lab.tmux.tmux('new-window', '-d', '-t', `=${name}:`, `setsid --fork sleep ${text}; cat`)
  }
  const [ours, kept] = [await started(mine), await started(theirs)]
  expect(await reapSession(await jobIdOf(lab), lab.workshop.tools.tmux)).toEqual({ left: [] })
  expect([await isThere(ours), await isThere(kept)]).toEqual([false, true])
  expect(await names(lab)).toEqual(['shop2-dev'])
  await reapSession(other, lab.workshop.tools.tmux)
  expect(await isThere(kept)).toBe(false)
})

test('a pane that a person has moved to another session is not touched, nor is what it shares with one of theirs', async () => {
  const lab = await startLab()
  await lab.build()
  const [moved, shared, own] = [seconds(), seconds(), seconds()]
  await lab.tmux.tmux('new-session', '-d', '-s', 'mine', 'cat')
  await lab.tmux.tmux('new-window', '-d', '-t', '=mine:7', `sleep ${shared}; cat`)
  await lab.tmux.tmux('link-window', '-d', '-s', '=mine:7', '-t', '=shop-dev:7')
  await lab.tmux.tmux('new-window', '-d', '-t', '=shop-dev:5', `sleep ${moved}; cat`)
  await lab.tmux.tmux('move-window', '-d', '-s', '=shop-dev:5', '-t', '=mine:5')
  await lab.tmux.tmux('new-session', '-d', '-t', '=shop-dev', '-s', 'teammate')
  await lab.tmux.tmux('new-window', '-d', '-t', '=teammate:9', `sleep ${own}; cat`)
  const facts = [await started(moved), await started(shared)]
  expect(await reapSession(await jobIdOf(lab), lab.workshop.tools.tmux)).toEqual({ left: [] })
  for (const fact of facts) expect(await isThere(fact)).toBe(true)
  expect(await names(lab)).toContain('mine')
})

test('a tmux server that was started in the session goes on, with its sessions', async () => {
  const lab = await startLab()
  await lab.build()
  const inner = privateTmux()
  const text = seconds()
  await lab.tmux.tmux(
    ...['new-window', '-d', '-t', '=shop-dev:'],
    `env -u TMUX tmux -L ${inner.socketName} -f /dev/null new-session -d -s inner sleep ${text}`,
  )
  const fact = await processWith(text)
  const environment = await readFile(`/proc/${fact.pid.toString()}/environ`, 'utf8')
  expect(environment).toContain(`DEVORCH_JOB=${await jobIdOf(lab)}`)
  expect(await reapSession(await jobIdOf(lab), lab.workshop.tools.tmux)).toEqual({ left: [] })
  expect(await isThere(fact)).toBe(true)
  expect((await inner.tmux('list-sessions', '-F', '#{session_name}')).trim()).toBe('inner')
})

test('what begins anew again and again ends in the end, and what is stopped too', async () => {
  const lab = await startLab()
  await lab.build()
  const [again, stopped] = [seconds(), seconds()]
  await lab.tmux.tmux('new-window', '-d', '-t', '=shop-dev:', `trap '' TERM HUP; while :; do sleep ${again}; done`)
  await lab.tmux.tmux('new-window', '-d', '-t', '=shop-dev:', `sleep ${stopped}; cat`)
  const facts = [await started(again), await started(stopped)]
  if (facts[1] !== undefined) await signalProcess(facts[1], 'SIGSTOP')
  const jobId = await jobIdOf(lab)
  expect(await reapSession(jobId, lab.workshop.tools.tmux)).toEqual({ left: [] })
  for (const fact of facts) expect(await isThere(fact)).toBe(false)
  await expect
    .poll(async () => {
      const lines = [...(await readProcesses()).keys()].map((pid) =>
        readFile(`/proc/${pid.toString()}/cmdline`, 'utf8').catch(() => ''),
      )
      return (await Promise.all(lines)).filter((line) => line.includes(again))
    }, waitMs)
    .toEqual([])
})

test('a process that has got the pid of another since is not signalled', async () => {
  const own = (await readProcesses()).get(process.pid)
  if (own === undefined) throw new Error('this process is not there')
  expect(await signalProcess({ ...own, startTime: '1' }, 'SIGKILL')).toBe('gone')
  expect(own).toMatchObject({ isZombie: false, parent: process.ppid })
})

test('what is marked for another job is not the session’s, nor is a text that only begins like its mark', async () => {
  const lab = await startLab()
  await lab.build()
  const jobId = await jobIdOf(lab)
  const text = seconds()
  await lab.tmux.tmux(
    'new-session',
    '-d',
    '-s',
    'far',
    `DEVORCH_JOB=${jobId}x X_DEVORCH_JOB=${jobId} setsid --fork sleep ${text}; cat`,
  )
  const fact = await started(text)
  await reapSession(jobId, lab.workshop.tools.tmux)
  expect(await isThere(fact)).toBe(true)
})

test('a command that runs in the session itself is refused, and nothing is ended', async () => {
  const lab = await startLab()
  await lab.build()
  const jobId = await jobIdOf(lab)
  const tmux = {
    ...lab.workshop.tools.tmux,
    // As if this process had been started in the pane: its parent is the server.
    listPanes: async () => {
      const listing = await lab.workshop.tools.tmux.listPanes()
      if (listing.kind !== 'panes') return listing
      const [pane] = listing.panes
      if (pane === undefined) return listing
      const server = { ...listing.server, pid: process.ppid }
      return { ...listing, server, panes: [...listing.panes, { ...pane, pid: process.pid }] }
    },
  }
  await expect(reapSession(jobId, tmux)).rejects.toThrow(/runs in the session itself.*detach first/)
  expect(await names(lab)).toEqual(['shop-dev'])
})
