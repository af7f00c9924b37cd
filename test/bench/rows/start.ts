import { join } from 'node:path'
import { startDaemonProcess } from '../../support/daemon-process.js'
import { atMost, beside, line } from '../figures.js'
import type { Bench, Row } from '../row.js'
import { takeTurns } from '../turns.js'
import { timedNode } from '../node.js'

/** From the daemon's exec until it has said that it is ready and `GET /readyz` is answered; each on a home that is there. */
export const start: Row = {
  name: 'start',
  isLong: false,
  async measure(bench) {
    const home = join(bench.folder, 'home')
    const [daemon = [], node = []] = await takeTurns(
      [() => startedMs(bench, home), () => timedNode(bench, ['-e', '0'])],
      bench.pace({ least: 5, most: 20, budgetMs: 20_000 }),
    )
    const ours = line('devorch serve', daemon, atMost(500))
    return [{ what: 'start of the daemon to ready', unit: 'ms', lines: [ours, beside(ours, 'floor: node -e 0', node)] }]
  },
}

/** Starts it and stops it again. @returns milliseconds */
export async function startedMs(
  { root, folder, environment }: Bench,
  home: string,
  config: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const begunMs = performance.now()
  const daemon = await startDaemonProcess({
    root,
    home,
    environment,
    config: { projects_dir: join(folder, 'projects'), ...config },
  })
  try {
    const { status } = await fetch(`${daemon.url}/readyz`)
    if (status !== 200) throw new Error(`/readyz answered ${status.toString()}`)
    return performance.now() - begunMs
  } finally {
    await daemon.stop()
  }
}
