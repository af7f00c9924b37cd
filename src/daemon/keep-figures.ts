import { createPulse } from '../job/pulse.js'
import { cpuShare, sampleCpu, type CpuSample } from '../session/cpu.js'
import { diskRhythm, gitRhythm, isDue, type Look, type Rhythm } from '../session/due.js'
import { publishFigures, readFigures, type Figures } from '../session/figures.js'
import { createMemoryMeter, measureDisk, measureGit, signsOfWork } from '../session/measure.js'
import { processesOfSessions, type Marks } from '../session/processes.js'
import { soundRecords, type SessionRecord } from '../session/registry.js'
import type { SessionName } from '../session/name.js'
import type { Logger } from '../support/log.js'
import { readProcesses } from '../support/process-table.js'
import type { PaneListing, SessionActivity } from '../tmux/types.js'
import type { Workshop } from './assemble.js'

const everyMs = 10_000
/** So much of the time at most goes to the looks of one kind, where there are many to do. */
const budgetMs = 3000
/** The rest after a look at the processes, in times of what it took: one hundredth of a core. */
const timesTook = 100
/** Where nothing has changed, that it was looked at is published so often. */
const publishEveryMs = 60_000
const gitTimeoutMs = 15_000
const diskTimeoutMs = 120_000

/** A session and what is remembered of the looks at it. */
interface Kept {
  readonly name: SessionName
  record: SessionRecord
  figures: Figures
  git: Look | undefined
  disk: Look | undefined
  cpu: CpuSample | undefined
}

/**
 * Keeps the figures of the sessions (`session/figures.ts`) in the background, each as seldom as it is costly, one thing at a time: what
 * their processes need, how their working copies stand by git, and what those take of the disk.
 * @param hasJobs whether a job is running, which needs the machine more: one working copy is looked at in a turn then
 */
export function keepFigures(
  workshop: Workshop,
  log: Logger,
  hasJobs: () => boolean,
): { readonly stop: () => Promise<void> } {
  const stopping = new AbortController()
  const { signal } = stopping
  let kept: readonly Kept[] = []
  let activity: readonly SessionActivity[] | undefined
  let hasBegun = false

  const look = async (): Promise<void> => {
    const { tools } = workshop
    const last = hasBegun ? undefined : await readFigures(workshop.home)
    hasBegun = true
    const records = await soundRecords(tools.registry)
    kept = records.map(({ name, record }) => keptOf(name, record, kept, last?.get(name)))
    if (kept.length === 0) return
    await measureProcesses(await tools.tmux.listPanes())
    activity = await tools.tmux.listActivity()
    await inTurn('git', gitRhythm, async (one) => {
      const { working_copy: folder } = one.record
      const git = await measureGit(folder, tools, one.figures.git, { timeoutMs: gitTimeoutMs, signal })
      if (!signal.aborted) one.figures = { ...one.figures, git }
    })
    await tools.registry.keepParsed()
    await publishChanged()
    disks.hint()
  }

  let nextProcessesMs = 0
  const marks: Marks = new Map()
  const memoryOf = createMemoryMeter()
  const measureProcesses = async (listing: PaneListing): Promise<void> => {
    const beganMs = performance.now()
    if (listing.kind === 'unknown' || beganMs < nextProcessesMs) return
    const { server, panes } = listing.kind === 'panes' ? listing : { server: undefined, panes: [] }
    const found = await processesOfSessions(panes, server, await readProcesses(), marks)
    const at = workshop.tools.now().toISOString()
    const facts = kept.map((one) => found.get(one.record.job_id) ?? [])
    const memory = await memoryOf(facts)
    for (const [index, one] of kept.entries()) {
      const own = facts[index] ?? []
      const sample = sampleCpu(own, beganMs)
      const cpu = one.cpu === undefined ? null : cpuShare(one.cpu, sample)
      one.figures = { ...one.figures, processes: { at, count: own.length, memory_bytes: memory[index] ?? 0, cpu } }
      one.cpu = sample
    }
    nextProcessesMs = performance.now() + (performance.now() - beganMs) * timesTook
  }

  /** Does what is due, what waits longest first, for as long as the budget lasts. */
  const inTurn = async (kind: 'git' | 'disk', rhythm: Rhythm, measure: (one: Kept) => Promise<void>): Promise<void> => {
    const beganMs = performance.now()
    const order = [...kept].sort((a, b) => (a[kind]?.atMs ?? 0) - (b[kind]?.atMs ?? 0))
    for (const one of order) {
      if (signal.aborted || performance.now() - beganMs > budgetMs) return
      const last = one[kind]
      if (last !== undefined && performance.now() - last.atMs < rhythm.restMs) continue
      const signs = await signsOfWork(one.record.working_copy, workshop.tools.registry.folderOf(one.name))
      const activityMs = activity?.find(({ jobId }) => jobId === one.record.job_id)?.lastMs
      const now = { atMs: performance.now(), signs, activityMs }
      if (!isDue(last, now, rhythm)) continue
      await measure(one)
      one[kind] = { ...now, tookMs: performance.now() - now.atMs }
      if (hasJobs()) return
    }
  }

  const disks = createPulse({
    look: () =>
      inTurn('disk', diskRhythm, async (one) => {
        const { working_copy: folder } = one.record
        const disk = await measureDisk(folder, workshop.tools, { timeoutMs: diskTimeoutMs, signal })
        if (!signal.aborted) one.figures = { ...one.figures, disk }
      }),
    everyMs,
    onError: (error) => {
      log.error('the working copies could not be measured; it is tried again', { error })
    },
  })

  let published = { text: '', atMs: 0 }
  const publishChanged = async (): Promise<void> => {
    const text = JSON.stringify(
      kept.map(({ figures }) => ({ ...figures, processes: { ...figures.processes, at: '' } })),
    )
    if (text === published.text && performance.now() - published.atMs < publishEveryMs) return
    await publishFigures(workshop.home, new Map(kept.map(({ name, figures }) => [name, figures])))
    published = { text, atMs: performance.now() }
  }

  let isTroubled = false
  const pulse = createPulse({
    look: async () => {
      await look()
      isTroubled = false
    },
    everyMs,
    // The home's disk may be full for long, and these are the least that needs it.
    onError: (error) => {
      if (!isTroubled) log.warn('the figures of the sessions could not be kept; it is tried again', { error })
      isTroubled = true
    },
  })
  pulse.hint()
  return {
    async stop() {
      stopping.abort()
      await Promise.all([pulse.stop(), disks.stop()])
    },
  }
}

function keptOf(name: SessionName, record: SessionRecord, kept: readonly Kept[], last: Figures | undefined): Kept {
  const { job_id: jobId } = record
  const known = kept.find((one) => one.name === name && one.record.job_id === jobId)
  if (known !== undefined) {
    known.record = record
    return known
  }
  const figures = last?.job_id === jobId ? last : { job_id: jobId, git: null, processes: null, disk: null }
  return { name, record, figures, git: undefined, disk: undefined, cpu: undefined }
}
