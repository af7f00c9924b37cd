import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeLab, panesOf, sessionNames, type Lab } from '../daemon/lab.js'
import type { DaemonProcess } from '../support/daemon-process.js'
import { halfClones, namesIn, oneActive, patience, results, send, serve } from './place.js'

const limits = { timeout: 120_000 }

/** An environment in which git waits until it is let go. */
async function slowGit(lab: Lab): Promise<{ environment: { PATH: string }; letGo: () => Promise<void> }> {
  const folder = join(lab.folder, 'bin')
  const gate = join(lab.folder, 'gate')
  const path = lab.environment['PATH'] ?? ''
  await mkdir(folder)
  await writeFile(
    join(folder, 'git'),
    `#!/bin/sh\nPATH='${path}'; export PATH\nwhile [ ! -e '${gate}' ]; do sleep 0.1; done\nexec git "$@"\n`,
  )
  await chmod(join(folder, 'git'), 0o755)
  return { environment: { PATH: `${folder}:${path}` }, letGo: () => writeFile(gate, '') }
}

/** A daemon with a job in the middle of its clone and one behind it. */
async function busyDaemon(lab: Lab): Promise<{ daemon: DaemonProcess; letGo: () => Promise<void> }> {
  const { environment, letGo } = await slowGit(lab)
  const daemon = await serve(lab, { environment, changes: { worker: { min_free_memory_mb: 0, concurrency: 1 } } })
  await send(daemon, 'shop', lab)
  await oneActive(lab)
  await send(daemon, 'store', lab)
  return { daemon, letGo }
}

async function expectBothOnce(lab: Lab): Promise<void> {
  expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created' }])
  for (const state of ['inbox', 'active', 'failed'] as const) expect(await namesIn(lab, state)).toEqual([])
  expect(await sessionNames(lab)).toEqual(['shop-dev', 'store-dev'])
  for (const name of ['shop-dev', 'store-dev']) expect(await panesOf(lab, name)).toHaveLength(4)
  expect(await halfClones(lab)).toEqual([])
}

describe('in the middle of a job', limits, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s lets it end and begins no other; the next start goes on',
    async (signal) => {
      const lab = await makeLab()
      const { daemon, letGo } = await busyDaemon(lab)
      const stopped = daemon.stop(signal)
      await expect.poll(() => daemon.log(), patience).toContain('stopping')
      await letGo()
      await stopped
      expect(daemon.log()).toContain('stopped')
      expect(await results(lab, 1)).toMatchObject([{ status: 'created', attempts: 1 }])
      expect(await namesIn(lab, 'inbox')).toHaveLength(1)
      await serve(lab)
      await expectBothOnce(lab)
    },
  )

  it('SIGTERM cuts off, after its time, what does not end; the next start does it once', async () => {
    const lab = await makeLab()
    const { daemon, letGo } = await busyDaemon(lab)
    await daemon.stop('SIGTERM')
    expect(daemon.log()).toContain('stopped')
    expect(await namesIn(lab, 'active')).toHaveLength(1)
    expect(await halfClones(lab)).toEqual([])
    await letGo()
    await serve(lab)
    await expectBothOnce(lab)
  })

  it('a second signal cuts it off at once; the next start does it once', async () => {
    const lab = await makeLab()
    const { daemon, letGo } = await busyDaemon(lab)
    const stopped = daemon.stop('SIGTERM')
    await expect.poll(() => daemon.log(), patience).toContain('stopping')
    const begunMs = performance.now()
    process.kill(daemon.pid, 'SIGTERM')
    await stopped
    // Without it, the job would have 20 s.
    expect(performance.now() - begunMs).toBeLessThan(15_000)
    expect(daemon.log()).toContain('stopped')
    expect(await halfClones(lab)).toEqual([])
    expect(await namesIn(lab, 'active')).toHaveLength(1)
    await letGo()
    await serve(lab)
    await expectBothOnce(lab)
  })
})
