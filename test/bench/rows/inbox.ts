import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { startDaemonProcess } from '../../support/daemon-process.js'
import { loopProbe, type ProcessFigures } from '../../support/loop-probe.js'
import { makeManyFiles } from '../../support/many-files.js'
import { atMost, beside, line } from '../figures.js'
import type { Bench, Row } from '../row.js'

const settleTimeoutMs = 30 * 60_000

/** Many files dropped beside a running daemon, until all are settled. */
export const inboxes: readonly Row[] = [rowOf('inbox-300', 300, false), rowOf('inbox', 10_000, true)]

function rowOf(name: string, files: number, isLong: boolean): Row {
  return {
    name,
    isLong,
    async measure(bench) {
      const { root, folder, environment } = bench
      const home = join(folder, 'home')
      const many = await makeManyFiles(home, files)
      const probe = loopProbe(join(folder, 'figures.json'))
      const daemon = await startDaemonProcess({
        root,
        home,
        environment: { ...environment, ...probe.environment },
        config: { projects_dir: join(folder, 'projects'), worker: { min_free_memory_mb: 0 } },
      })
      bench.release(() => daemon.stop())
      const idle = await startIdle(bench)
      const begunMs = performance.now()
      await many.drop()
      const names = await many.settled(daemon, settleTimeoutMs)
      const seconds = (performance.now() - begunMs) / 1000
      await daemon.stop()
      const { peakMemoryMb, loopDelayP99Ms, loopDelayMaxMs } = await probe.figures()
      const { loopDelayP99Ms: idleDelayP99Ms } = await idle.stop()
      if (names.length !== files) throw new Error(`${names.length.toString()} of ${files.toString()} are settled`)
      const what = `${files.toLocaleString('en')} files dropped at once`
      const delay = line('devorch serve, p99', [loopDelayP99Ms], atMost(50))
      return [
        { what, unit: 'settled a second', lines: [line('devorch serve', [files / seconds])] },
        { what: `${what}: peak memory`, unit: 'MiB', lines: [line('devorch serve', [peakMemoryMb], atMost(250))] },
        {
          what: `${what}: delay of the event loop`,
          unit: 'ms',
          lines: [
            delay,
            beside(delay, 'floor: node with nothing to do, p99', [idleDelayP99Ms]),
            line('devorch serve, the most', [loopDelayMaxMs]),
          ],
        },
      ]
    },
  }
}

/** A process with nothing to do, whose event loop is measured in the same way. */
async function startIdle({ folder, release }: Bench): Promise<{ stop(): Promise<ProcessFigures> }> {
  const probe = loopProbe(join(folder, 'idle.json'))
  const program = `process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1000); console.log('ready')`
  const child = spawn(process.execPath, ['-e', program, 'serve'], {
    env: { ...probe.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  await once(child.stdout, 'data')
  const stop = async () => {
    child.kill()
    await ended
  }
  release(stop)
  return {
    async stop() {
      await stop()
      return await probe.figures()
    },
  }
}
