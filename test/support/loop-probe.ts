import { readFile } from 'node:fs/promises'

/** What a process went through from its start to its end. */
export interface ProcessFigures {
  /** The most memory that it held at once (VmHWM), in MiB. */
  readonly peakMemoryMb: number
  /** How late its event loop was, in milliseconds: the 99th percentile, and the most. */
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
}

/**
 * Measures `devorch serve` from inside, by a module that Node loads before the program: `environment` goes to the
 * process, which writes its figures to `file` when it ends in order.
 */
export function loopProbe(file: string): {
  readonly environment: Readonly<Record<string, string>>
  figures(): Promise<ProcessFigures>
} {
  // Programs that the daemon starts inherit the variable, and are not measured.
  const source = `
    import { readFileSync, writeFileSync } from 'node:fs'
    import { monitorEventLoopDelay } from 'node:perf_hooks'
    if (process.argv.includes('serve')) {
      const delay = monitorEventLoopDelay({ resolution: 5 })
      delay.enable()
      process.on('exit', () => {
        const peak = /^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]
        writeFileSync(${JSON.stringify(file)}, JSON.stringify({
          peakMemoryMb: Math.round(peak / 1024),
          loopDelayP99Ms: delay.percentile(99) / 1e6,
          loopDelayMaxMs: delay.max / 1e6,
        }))
      })
    }`
  const address = `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`
  return {
    environment: { NODE_OPTIONS: `--import ${address}` },
    figures: async () => JSON.parse(await readFile(file, 'utf8')) as ProcessFigures,
  }
}
