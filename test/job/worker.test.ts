import { once } from 'node:events'
import { unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { recordPath } from '../../src/job/folders.js'
import type { JobId } from '../../src/job/id.js'
import { createInbox, type Inbox } from '../../src/job/inbox.js'
import type { JobRecord } from '../../src/job/record.js'
import type { JobResult } from '../../src/job/result.js'
import { createSpool, type Spool } from '../../src/job/spool.js'
import { createWorker, retryDelayMs, type WorkerOptions } from '../../src/job/worker.js'
import type { Logger, LogFields } from '../../src/support/log.js'
import { Problem } from '../../src/support/problem.js'
import { allFiles, created, failure, httpOrigin, jobText, makeFolders, makeJob } from './place.js'

/** One job as the test sees it while it runs; `end` lets it go on. */
interface Run {
  readonly record: JobRecord
  readonly signal: AbortSignal
  end(outcome: JobResult | Error): void
}

interface Changes extends Partial<WorkerOptions> {
  /** Stands between worker and inbox. */
  readonly watchInbox?: (inbox: Inbox) => Inbox
}

async function makeWorker({ watchInbox = (inbox) => inbox, ...more }: Changes = {}) {
  const folders = await makeFolders()
  const spool = createSpool(folders)
  const inbox = createInbox({
    folder: folders.inbox,
    quietMs: 0,
    requireEndMarker: false,
    monotonicMs: () => performance.now(),
  })
  const runs: Run[] = []
  const lines: { level: string; message: string; fields: LogFields }[] = []
  const cancelled = new Set<JobId>()
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) =>
      void lines.push({ level, message, fields })
  const log: Logger = { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
  const worker = createWorker({
    spool,
    inbox: watchInbox(inbox),
    perform: (record, signal) =>
      new Promise((resolve, reject) => {
        const end = (outcome: JobResult | Error) => {
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        }
        signal.addEventListener('abort', () => {
          end(new Problem({ doing: 'build', because: 'it was stopped', remedy: 'try again', transient: true }))
        })
        runs.push({ record, signal, end })
      }),
    holdBack: () => Promise.resolve(undefined),
    cancelled: {
      list: () => Promise.resolve([...cancelled]),
      clear: (id) => {
        cancelled.delete(id)
        return Promise.resolve()
      },
    },
    concurrency: 2,
    attempts: 3,
    rescanMs: 20,
    log,
    retryDelayMs: () => 1,
    ...more,
  })
  onTestFinished(() => worker.stop(0))
  const drop = (project: string, action: 'create' | 'destroy' = 'create') =>
    spool.drop(makeJob(project, { action }), httpOrigin)
  const projects = () => runs.map((run) => run.record.job.project_name)
  const state = async (id: JobId) => (await spool.find(id))?.state
  return { folders, spool, worker, runs, lines, cancelled, drop, projects, state }
}

const passing = () => new Problem({ doing: 'clone a', because: 'no network', remedy: 'wait', transient: true })
const lasting = () =>
  new Problem({ doing: 'clone a', because: 'no such host', remedy: 'check repo_url', field: 'repo_url' })

const until = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 10 })

/** Long enough for several looks. */
const looks = () => new Promise((resolve) => setTimeout(resolve, 120))

describe('jobs', () => {
  it('are looked for again and again, which is told after each look, and no more when one hangs', async () => {
    let told = 0
    const hanging = new AbortController()
    let hangs = false
    const { worker } = await makeWorker({
      onLook: () => {
        told += 1
      },
      cancelled: {
        list: async () => {
          if (hangs) await once(hanging.signal, 'abort')
          return []
        },
        clear: () => Promise.resolve(),
      },
    })
    await worker.start()
    await until(() => {
      expect(told).toBeGreaterThan(2)
    })
    hangs = true
    await looks()
    const before = told
    await looks()
    expect(told).toBe(before)
    hanging.abort()
  })

  it('run several at once, and no more', async () => {
    const { worker, runs, drop, state } = await makeWorker()
    const ids = [await drop('a'), await drop('b'), await drop('c')]
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(2)
    })
    await looks()
    expect(runs).toHaveLength(2)
    expect(worker.running()).toEqual(runs.map((run) => run.record.id))
    runs[0]?.end(created)
    await until(() => {
      expect(runs).toHaveLength(3)
    })
    for (const run of runs) run.end(created)
    for (const id of ids)
      await until(async () => {
        expect(await state(id)).toBe('done')
      })
    await until(() => {
      expect(worker.running()).toEqual([])
    })
  })

  it('of one project run one after another, in their order', async () => {
    const { worker, runs, drop, projects } = await makeWorker({ concurrency: 5 })
    const first = await drop('a')
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    const second = await drop('a', 'destroy')
    await drop('b')
    worker.hint()
    await until(() => {
      expect(projects()).toEqual(['a', 'b'])
    })
    await looks()
    expect(projects()).toEqual(['a', 'b'])
    runs[0]?.end(created)
    await until(() => {
      expect(projects()).toEqual(['a', 'b', 'a'])
    })
    expect([runs[0]?.record.id, runs[2]?.record.id]).toEqual([first, second])
  })

  it('are picked up by the periodic look where no hint came', async () => {
    const { folders, worker, runs } = await makeWorker()
    await worker.start()
    await looks()
    await writeFile(join(folders.inbox, 'by-hand.yaml'), jobText)
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    expect(runs[0]?.record.file).toBe('by-hand.yaml')
  })

  it('that are broken, fail or meet a bug fail alone', async () => {
    const { folders, spool, worker, runs, lines, drop, state } = await makeWorker()
    await writeFile(join(folders.inbox, 'broken.yaml'), 'project_name: [\n...\n')
    const ids = [await drop('a'), await drop('b'), await drop('c')]
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(2)
    })
    runs[0]?.end(lasting())
    runs[1]?.end(new TypeError('x is undefined'))
    await until(() => {
      expect(runs).toHaveLength(3)
    })
    runs[2]?.end(created)
    await until(async () => {
      expect(await Promise.all(ids.map(state))).toEqual(['failed', 'failed', 'done'])
    })
    const [a, b] = runs.map((run) => run.record.id)
    if (a === undefined || b === undefined) throw new Error('no runs')
    expect((await spool.find(a))?.result).toMatchObject({
      status: 'failed',
      error: { message: 'clone a: no such host; check repo_url', remedy: 'check repo_url', field: 'repo_url' },
    })
    expect((await spool.find(b))?.result).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('x is undefined') as string },
    })
    expect(await spool.list('failed')).toHaveLength(3)
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', message: 'job file rejected' }))
    expect(lines).toContainEqual(expect.objectContaining({ level: 'error', message: 'job failed unexpectedly' }))
  })

  it('whose file can not be taken do not stop the others', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    let broke = true
    const broken: Spool = {
      ...spool,
      claim: (name) => {
        if (name !== 'stuck.yaml') return spool.claim(name)
        return broke ? Promise.reject(new Error('EACCES')) : spool.claim(name)
      },
    }
    const inbox = createInbox({
      folder: folders.inbox,
      quietMs: 0,
      requireEndMarker: false,
      monotonicMs: () => performance.now(),
    })
    const { worker, runs, lines, projects } = await makeWorker({ spool: broken, inbox })
    await writeFile(join(folders.inbox, 'stuck.yaml'), jobText)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await spool.drop(makeJob('b'), httpOrigin)
    await worker.start()
    await until(() => {
      expect(projects()).toEqual(['b'])
    })
    expect(lines).toContainEqual(expect.objectContaining({ message: 'job file could not be taken; it is tried again' }))
    broke = false
    await until(() => {
      expect(projects()).toEqual(['b', 'a'])
    })
    expect(runs[1]?.record.file).toBe('stuck.yaml')
  })

  it('go on after a look that failed, with a rest in between', async () => {
    let looked = 0
    const inbox = {
      scan: () => {
        looked += 1
        return Promise.reject(new Error('EIO'))
      },
      peek: () => Promise.resolve(undefined),
      isUnchanged: () => Promise.resolve(false),
    }
    const { worker, lines } = await makeWorker({ inbox, rescanMs: 50 })
    await worker.start()
    const hints = setInterval(worker.hint, 1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    clearInterval(hints)
    expect(looked).toBeGreaterThanOrEqual(2)
    expect(looked).toBeLessThanOrEqual(8)
    expect(lines.filter((line) => line.level === 'error')).toHaveLength(looked)
  })
})

describe('a failure that may pass', () => {
  it('is met again after a rest that grows, an hour at most', () => {
    expect([2, 3, 4, 7, 8, 1000].map(retryDelayMs)).toEqual([1000, 4000, 16_000, 1_024_000, 3_600_000, 3_600_000])
  })

  it('is tried again, as often as configured, and the attempts are counted in the file', async () => {
    const { spool, worker, runs, drop, state } = await makeWorker()
    const id = await drop('a')
    await worker.start()
    for (const attempt of [1, 2, 3]) {
      await until(() => {
        expect(runs).toHaveLength(attempt)
      })
      expect(runs[attempt - 1]?.record.attempts).toBe(attempt)
      expect(await spool.find(id)).toMatchObject({ state: 'active', attempts: attempt })
      runs[attempt - 1]?.end(passing())
    }
    await until(async () => {
      expect(await state(id)).toBe('failed')
    })
    expect(await spool.find(id)).toMatchObject({
      attempts: 3,
      result: { error: { message: 'clone a: no network; wait' } },
    })
    expect(runs).toHaveLength(3)
  })

  it('holds no slot while it waits, keeps its project busy, and then waits for a free slot', async () => {
    const { worker, runs, drop, projects } = await makeWorker({ concurrency: 1, retryDelayMs: () => 60 })
    await drop('a')
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    await drop('a')
    await drop('b')
    runs[0]?.end(passing())
    await until(() => {
      expect(projects()).toEqual(['a', 'b'])
    })
    await looks()
    expect(projects()).toEqual(['a', 'b'])
    runs[1]?.end(created)
    await until(() => {
      expect(projects()).toEqual(['a', 'b', 'a'])
    })
    expect(runs[2]?.record.attempts).toBe(2)
  })
})

describe('a cancelled job', () => {
  it('that runs is stopped', async () => {
    const { spool, worker, runs, cancelled, drop, state } = await makeWorker()
    const id = await drop('a')
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    cancelled.add(id)
    await until(async () => {
      expect(await state(id)).toBe('failed')
    })
    expect((await spool.find(id))?.result).toMatchObject({ status: 'cancelled' })
    expect(cancelled.size).toBe(0)
  })

  it('that was done all the same stays done', async () => {
    const { worker, runs, drop, state, cancelled } = await makeWorker({
      perform: (record, signal) =>
        new Promise((resolve) => {
          runs.push({ record, signal, end: () => undefined })
          signal.addEventListener('abort', () => {
            resolve(created)
          })
        }),
    })
    const id = await drop('a')
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    cancelled.add(id)
    await until(async () => {
      expect(await state(id)).toBe('done')
    })
  })

  it('that waits for its next attempt is not tried again', async () => {
    const { spool, worker, runs, cancelled, drop, state } = await makeWorker({ retryDelayMs: () => 60_000 })
    const id = await drop('a')
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    runs[0]?.end(passing())
    await looks()
    cancelled.add(id)
    await until(async () => {
      expect(await state(id)).toBe('failed')
    })
    expect((await spool.find(id))?.result).toMatchObject({ status: 'cancelled' })
    expect(runs).toHaveLength(1)
  })

  it('that was interrupted by a restart and held back is not begun', async () => {
    const { spool, worker, runs, cancelled, drop, state } = await makeWorker({
      holdBack: () => Promise.resolve('paused'),
    })
    const id = await drop('a')
    await spool.claim(`${id}.yaml`)
    await worker.start()
    await looks()
    cancelled.add(id)
    await until(async () => {
      expect(await state(id)).toBe('failed')
    })
    expect(runs).toEqual([])
  })
})

it('jobs that are held back wait, with their reason in the log once, and go on when it is over', async () => {
  let because: string | undefined = '1000 MiB of memory are free'
  let asked = 0
  const { worker, runs, lines, drop, projects, state } = await makeWorker({
    concurrency: 5,
    holdBack: (action) => {
      asked += 1
      return Promise.resolve(
        action === 'destroy' || because === undefined ? undefined : `${because} ${asked.toString()}`,
      )
    },
  })
  const id = await drop('a')
  await drop('a', 'destroy')
  await drop('b', 'destroy')
  await worker.start()
  await until(() => {
    expect(projects()).toEqual(['b'])
  })
  await looks()
  // The other job of the project would otherwise overtake it.
  expect(projects()).toEqual(['b'])
  expect(await state(id)).toBe('queued')
  expect(lines.filter((line) => line.message === 'jobs are held back')).toEqual([
    {
      level: 'info',
      message: 'jobs are held back',
      fields: { action: 'create', because: expect.stringContaining('1000 MiB') as string },
    },
  ])
  because = undefined
  await until(() => {
    expect(projects()).toEqual(['b', 'a'])
  })
  expect(lines.filter((line) => line.message === 'jobs are held back no longer')).toHaveLength(1)
  expect(runs[1]?.record.job.action).toBe('create')
})

it('asks how many jobs that create run, those that wait for an attempt among them', async () => {
  const counts: number[] = []
  const { worker, runs, drop } = await makeWorker({
    concurrency: 3,
    retryDelayMs: () => 60_000,
    holdBack: (_action, creating) => {
      counts.push(creating)
      return Promise.resolve(undefined)
    },
  })
  for (const project of ['a', 'b']) await drop(project)
  await worker.start()
  await until(() => {
    expect(runs).toHaveLength(2)
  })
  runs[0]?.end(passing())
  await drop('c')
  await until(() => {
    expect(runs).toHaveLength(3)
  })
  expect(counts).toEqual([0, 1, 2])
})

describe('stopping', () => {
  it('waits for what runs and begins nothing more', async () => {
    const { worker, runs, drop, state } = await makeWorker({ concurrency: 1 })
    const ids = [await drop('a'), await drop('b')]
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    const stopped = worker.stop(10_000)
    setTimeout(() => runs[0]?.end(created), 30)
    await stopped
    worker.hint()
    await looks()
    expect(runs).toHaveLength(1)
    expect((await Promise.all(ids.map(state))).sort()).toEqual(['done', 'queued'])
  })

  it('leaves what does not end in time, or waits for an attempt, where the next start goes on', async () => {
    const { folders, spool, worker, runs, drop, state } = await makeWorker({ retryDelayMs: () => 60_000 })
    const ids = [await drop('a'), await drop('b')]
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(2)
    })
    runs[0]?.end(passing())
    await looks()
    const before = performance.now()
    await worker.stop(50)
    expect(performance.now() - before).toBeLessThan(5000)
    expect(await Promise.all(ids.map(state))).toEqual(['active', 'active'])

    const next = await makeWorker({
      spool,
      inbox: createInbox({ folder: folders.inbox, quietMs: 0, requireEndMarker: false, monotonicMs: () => 0 }),
    })
    await next.worker.start()
    await until(() => {
      expect(next.runs).toHaveLength(2)
    })
    expect(next.runs.map((run) => run.record.attempts)).toEqual([2, 2])
    for (const run of next.runs) run.end(created)
    for (const id of ids)
      await until(async () => {
        expect(await state(id)).toBe('done')
      })
  })

  it('does not wait for the time of a job that only waits for its next attempt', async () => {
    const { worker, runs, drop } = await makeWorker({ retryDelayMs: () => 60_000 })
    await drop('a')
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    runs[0]?.end(passing())
    await looks()
    const before = performance.now()
    await worker.stop(20_000)
    expect(performance.now() - before).toBeLessThan(5000)
  })
})

describe('at the start', () => {
  it('what was interrupted goes on, each project one after another, within the slots', async () => {
    const { folders, spool, worker, runs, drop } = await makeWorker()
    const ids = [await drop('a'), await drop('a'), await drop('b'), await drop('c')]
    for (const id of ids) await spool.claim(`${id}.yaml`)
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(2)
    })
    await looks()
    expect(runs.map((run) => run.record.job.project_name).sort()).toEqual(['a', 'b'])
    expect(runs.map((run) => run.record.attempts)).toEqual([2, 2])
    for (const [index] of ids.entries()) {
      await until(() => {
        expect(runs.length).toBeGreaterThan(index)
      })
      runs[index]?.end(created)
    }
    await until(async () => {
      expect(await allFiles(folders)).toEqual(ids.map((id) => `done/${id}.yaml`).sort())
    })
  })

  it('a job that ended the daemon again and again is not begun once more', async () => {
    const { spool, worker, runs, drop, state } = await makeWorker()
    const id = await drop('a')
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await spool.beginAttempt({ ...claim.record, attempts: 9 })
    await worker.start()
    expect(await state(id)).toBe('failed')
    expect((await spool.find(id))?.result).toMatchObject({
      error: { message: expect.stringContaining('begun 10 times') as string },
    })
    await looks()
    expect(runs).toEqual([])
  })

  it('a settled one is not begun, and a record that someone removed stops nobody', async () => {
    const { folders, spool, worker, runs, lines, drop, projects, state } = await makeWorker({ concurrency: 1 })
    const settled = await drop('s')
    const claim = await spool.claim(`${settled}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await spool.settle(claim.record, failure)
    const ids = [await drop('a'), await drop('b')]
    for (const id of ids) await spool.claim(`${id}.yaml`)
    await worker.start()
    await until(() => {
      expect(runs).toHaveLength(1)
    })
    const rest = ids.find((id) => id !== runs[0]?.record.id)
    if (rest === undefined) throw new Error('both run')
    await unlink(recordPath(folders, 'active', rest))
    await drop('c')
    runs[0]?.end(created)
    await until(() => {
      expect(projects()).toContain('c')
    })
    // Whichever of the two had its turn first.
    runs[1]?.end(created)
    await until(() => {
      expect(lines).toContainEqual(expect.objectContaining({ message: 'interrupted job could not be begun again' }))
    })
    expect(await state(settled)).toBe('failed')
  })
})

it('while everything is held back, reads one file, and looks through the inbox at every rescan only', async () => {
  let because: string | undefined = 'paused'
  let scans = 0
  const peeked = new Set<string>()
  const { worker, drop, projects } = await makeWorker({
    rescanMs: 400,
    holdBack: () => Promise.resolve(because),
    watchInbox: (inbox) => ({
      ...inbox,
      scan: () => {
        scans += 1
        return inbox.scan()
      },
      peek: (name) => {
        peeked.add(name)
        return inbox.peek(name)
      },
    }),
  })
  for (const project of ['a', 'b', 'c']) await drop(project)
  await worker.start()
  for (let hints = 0; hints < 20; hints += 1) {
    worker.hint()
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  expect(scans).toBeLessThanOrEqual(3)
  expect(peeked.size).toBe(1)
  because = undefined
  worker.hint()
  await until(() => {
    expect(projects()).toEqual(['a', 'b'])
  })
})

it('takes what one look found ready, one after another, without looking at all files again', async () => {
  let scans = 0
  const { worker, drop, projects, runs } = await makeWorker({
    rescanMs: 600_000,
    concurrency: 1,
    watchInbox: (inbox) => ({
      ...inbox,
      scan: () => {
        scans += 1
        return inbox.scan()
      },
    }),
  })
  const names = Array.from({ length: 20 }, (_, index) => `p${index.toString().padStart(2, '0')}`)
  for (const name of names) await drop(name)
  await worker.start()
  for (let index = 0; index < names.length; index += 1) {
    await until(() => {
      expect(runs).toHaveLength(index + 1)
    })
    runs[index]?.end(created)
  }
  expect([...projects()].sort()).toEqual(names)
  expect(scans).toBeLessThanOrEqual(3)
})

it('does not take a file that someone went on writing since it was found ready', async () => {
  const { worker, drop, folders, runs, projects } = await makeWorker({ rescanMs: 600_000, concurrency: 1 })
  await drop('a')
  await writeFile(join(folders.inbox, 'b.yaml'), `${jobText.replace('project_name: a', 'project_name: b')}...\n`)
  await worker.start()
  await until(() => {
    expect(runs).toHaveLength(1)
  })
  await writeFile(join(folders.inbox, 'b.yaml'), jobText.replace('project_name: a', 'project_name: other') + '...\n')
  runs[0]?.end(created)
  await until(() => {
    expect(projects()).toEqual(['a', 'other'])
  })
})
