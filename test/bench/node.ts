import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Bench } from './row.js'

/** Runs node with these arguments to its end. @returns milliseconds; rejects on a non-zero exit */
export async function timedNode(
  { environment }: Bench,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const begunMs = performance.now()
  await promisify(execFile)(process.execPath, [...args], { env: { ...environment, ...more }, timeout: 60_000 })
  return performance.now() - begunMs
}
