import { Problem } from '../../src/support/problem.js'
import { describeFailure, run } from '../../src/support/process.js'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The document at an address after its scripts have run, as headless Chromium has it. */
export async function pageText(url: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'devorch-page-'))
  try {
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=10000', '--dump-dom']
    const env = { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder, LANG: 'C.UTF-8' }
    const done = await run('chromium', [...flags, `--user-data-dir=${folder}`, url], { timeoutMs: 60_000, env })
    if (done.ended === 'exited' && done.code === 0) return done.stdout
    throw new Problem({ doing: `open ${url}`, because: describeFailure(done), remedy: 'try chromium by hand' })
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
