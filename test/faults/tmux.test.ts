import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeLab, panesOf, type Lab } from '../daemon/lab.js'
import { logged, readiness, results, send, serve } from './place.js'

const limits = { timeout: 120_000 }

/** An environment in which `tmux` prints a message and fails, as long as `mark` exists. */
async function ailingTmux(
  lab: Lab,
  message: string,
): Promise<{ environment: { PATH: string }; heal: () => Promise<void> }> {
  const folder = join(lab.folder, 'bin')
  const mark = join(lab.folder, 'ailing')
  const path = lab.environment['PATH'] ?? ''
  await mkdir(folder)
  await writeFile(mark, '')
  const script = `#!/bin/sh\nPATH='${path}'; export PATH\n[ "$1" = -V ] || [ ! -e '${mark}' ] || { echo '${message}' >&2; exit 1; }\n`
  await writeFile(join(folder, 'tmux'), `${script}exec tmux "$@"\n`)
  await chmod(join(folder, 'tmux'), 0o755)
  return { environment: { PATH: `${folder}:${path}` }, heal: () => rm(mark) }
}

describe('a tmux server', limits, () => {
  it('that was killed is started anew by the next job, which makes its session', async () => {
    const lab = await makeLab()
    // Else the daemon brings the lost session back itself, where its look comes in between.
    const daemon = await serve(lab, { changes: { worker: { min_free_memory_mb: 0 }, sessions: { restore: false } } })
    await send(daemon, 'shop', lab)
    await results(lab, 1)
    const server = Number(await lab.tmux.tmux('display-message', '-p', '#{pid}'))
    process.kill(server, 'SIGKILL')
    await send(daemon, 'store', lab)
    expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created' }])
    expect(await panesOf(lab, 'store-dev')).toHaveLength(4)
    // Its own session is made again on the working copy that stands.
    await send(daemon, 'shop', lab)
    expect((await results(lab, 3)).map(({ status }) => status)).toEqual(['created', 'created', 'created'])
    expect(await panesOf(lab, 'shop-dev')).toHaveLength(4)
  })

  it('that hangs costs time, not the daemon; the job is done when it is well again', async () => {
    const lab = await makeLab()
    const daemon = await serve(lab)
    await send(daemon, 'shop', lab)
    await results(lab, 1)
    const server = Number(await lab.tmux.tmux('display-message', '-p', '#{pid}'))
    process.kill(server, 'SIGSTOP')
    const wake = () => {
      process.kill(server, 'SIGCONT')
    }
    onTestFinished(wake)
    await send(daemon, 'store', lab)
    await logged(daemon, /attempt failed, will be repeated.*it did not finish within 10 s/)
    expect(await readiness(daemon)).toBe(200)
    wake()
    expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created' }])
    expect(await panesOf(lab, 'store-dev')).toHaveLength(4)
    expect(await panesOf(lab, 'shop-dev')).toHaveLength(4)
  })

  it.each(['protocol version mismatch (client 8, server 7)', 'server exited unexpectedly', 'lost server'])(
    'whose client says "%s" fails the job with that word, and not the next one once it is well',
    async (message) => {
      const lab = await makeLab()
      const { environment, heal } = await ailingTmux(lab, message)
      const daemon = await serve(lab, { environment, changes: { worker: { min_free_memory_mb: 0, attempts: 2 } } })
      await send(daemon, 'shop', lab)
      const [result] = await results(lab, 1)
      await logged(daemon, /attempt failed, will be repeated/)
      const { message: told } = (result as { error: { message: string } }).error
      expect(told).toContain(message)
      expect(told).toMatch(/devorch doctor|tmux ls/)
      await heal()
      await send(daemon, 'shop', lab)
      const ends = (await results(lab, 2)).map(({ status }) => status)
      expect(ends.sort()).toEqual(['created', 'failed'])
      expect(await panesOf(lab, 'shop-dev')).toHaveLength(4)
    },
  )
})
