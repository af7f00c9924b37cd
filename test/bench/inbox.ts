import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDaemonProcess } from '../support/daemon-process.js'
import { loopProbe, type ProcessFigures } from '../support/loop-probe.js'
import { makeManyFiles } from '../support/many-files.js'
import { verdict } from './figures.js'

/** What became of many files that were dropped at once. */
export interface InboxFigures extends ProcessFigures {
  readonly files: number
  readonly settled: number
  readonly seconds: number
  /** The same delay of a process that did nothing meanwhile: what the machine itself adds. */
  readonly idleDelayP99Ms: number
}

const settleTimeoutMs = 30 * 60_000
const atMost = { peakMemoryMb: 250, loopDelayP99Ms: 50 }

/** Drops many files beside a running daemon, and waits until all are settled. */
export async function measureInbox(root: string, files: number): Promise<InboxFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'devorch-bench-'))
  try {
    const home = join(folder, 'home')
    const many = await makeManyFiles(home, files)
    const probe = loopProbe(join(folder, 'figures.json'))
    const daemon = await startDaemonProcess({
      root,
      home,
      environment: { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8', ...probe.environment },
      config: { projects_dir: join(folder, 'projects'), worker: { min_free_memory_mb: 0 } },
    })
    const idle = await startIdle(join(folder, 'idle.json'))
    try {
      const begunMs = performance.now()
      await many.drop()
      const names = await many.settled(daemon, settleTimeoutMs)
      const seconds = (performance.now() - begunMs) / 1000
      await daemon.stop()
      const { loopDelayP99Ms: idleDelayP99Ms } = await idle.stop()
      return { files, settled: names.length, seconds, idleDelayP99Ms, ...(await probe.figures()) }
    } finally {
      await idle.stop()
      await daemon.stop()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A process with nothing to do, whose event loop is measured in the same way. */
export async function startIdle(file: string): Promise<{ stop(): Promise<ProcessFigures> }> {
  const probe = loopProbe(file)
  const program = `process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1000); console.log('ready')`
  const child = spawn(process.execPath, ['-e', program, 'serve'], {
    env: { ...probe.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  return {
    async stop() {
      child.kill()
      await ended
      return await probe.figures()
    },
  }
}

/** The figures in words, with what they may be at most. */
export function describeInbox(figures: InboxFigures): string {
  const { files, settled, seconds, peakMemoryMb, loopDelayP99Ms, loopDelayMaxMs, idleDelayP99Ms } = figures
  return [
    `${files.toString()} files dropped at once: ${settled.toString()} settled, within ${seconds.toFixed(0)} s`,
    `  peak memory: ${verdict(peakMemoryMb, atMost.peakMemoryMb, 'MiB')}`,
    `  delay of the event loop, p99: ${verdict(loopDelayP99Ms, atMost.loopDelayP99Ms, 'ms')}; the most: ${loopDelayMaxMs.toFixed(0)} ms`,
    `  the same of a process that did nothing meanwhile, p99: ${idleDelayP99Ms.toFixed(0)} ms`,
  ].join('\n')
}
