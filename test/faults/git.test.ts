import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeLab, type Lab } from '../daemon/lab.js'
import { startGitServer } from '../support/git-server.js'
import { makeBareRepository } from '../support/repositories.js'
import { halfClones, logged, patience, results, send, serve } from './place.js'

const limits = { timeout: 120_000 }

/** An environment in which `git` is the given shell script; in it, `$REAL` is the real one. */
async function fakeGit(lab: Lab, script: string): Promise<{ PATH: string }> {
  const folder = join(lab.folder, 'bin')
  await mkdir(folder)
  const path = lab.environment['PATH'] ?? ''
  await writeFile(join(folder, 'git'), `#!/bin/sh\nPATH='${path}'; export PATH\nREAL=git\n${script}\n`)
  await chmod(join(folder, 'git'), 0o755)
  return { PATH: `${folder}:${path}` }
}

/** The processes that run in the test's folder, or were told of it, and are no part of the test itself. */
async function processesOf(lab: Lab, mark: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
    if (environment.includes(lab.folder) && command.includes(mark)) found.push(command.replaceAll('\0', ' '))
  }
  return found
}

const hasty = (attempts: number) => ({ worker: { min_free_memory_mb: 0, step_timeout_s: 2, attempts } })

describe('git', limits, () => {
  it('that hangs, and does not heed SIGTERM, is ended with all its processes; the job is tried again', async () => {
    const lab = await makeLab()
    const environment = await fakeGit(lab, `trap '' TERM\nsleep 3141 &\nsleep 3142`)
    const daemon = await serve(lab, { environment, changes: hasty(2) })
    await send(daemon, 'shop', lab)
    await expect.poll(() => processesOf(lab, 'sleep'), patience).not.toEqual([])
    await logged(daemon, /attempt failed, will be repeated.*it did not finish within 2 s/)
    const [result] = await results(lab, 1)
    expect(result).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/did not finish within 2 s; check that the host answers/) as string },
    })
    expect(await processesOf(lab, 'sleep')).toEqual([])
    expect(await halfClones(lab)).toEqual([])
  })

  it('whose server accepts and never answers is ended too', async () => {
    const lab = await makeLab()
    const silent = createServer()
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const sockets = new Set<{ destroy(): unknown }>()
    silent.on('connection', (socket) => sockets.add(socket))
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy()
      silent.close()
      await once(silent, 'close')
    })
    const { port } = silent.address() as AddressInfo
    const repositories = { protocols: ['file', 'http'], private_addresses: true }
    // Time in which git has called it, also on a busy machine.
    const worker = { min_free_memory_mb: 0, step_timeout_s: 5, attempts: 1 }
    const daemon = await serve(lab, { changes: { worker, repositories } })
    await send(daemon, 'shop', lab, { repo_url: `http://127.0.0.1:${port.toString()}/a.git` })
    expect(await results(lab, 1)).toMatchObject([
      { status: 'failed', error: { message: expect.stringMatching(/did not finish within 5 s/) as string } },
    ])
    expect(sockets.size).toBeGreaterThan(0)
    expect(await processesOf(lab, 'git')).toEqual([])
  })

  it('that is asked for a password fails at once and is not tried again', async () => {
    const lab = await makeLab()
    await makeBareRepository(join(lab.folder, 'served', 'a.git'), { 'a.txt': 'a' })
    const server = await startGitServer(join(lab.folder, 'served'), { basic: { user: 'a', password: 'b' } })
    onTestFinished(() => server.close())
    const repositories = { protocols: ['file', 'http'], private_addresses: true }
    const daemon = await serve(lab, { changes: { repositories } })
    await send(daemon, 'shop', lab, { repo_url: `${server.url}/a.git` })
    const [result] = await results(lab, 1)
    expect(result).toMatchObject({
      status: 'failed',
      error: {
        field: 'repo_url',
        message: expect.stringMatching(/needs authentication.*repositories\.credentials/) as string,
      },
    })
    expect(daemon.log()).not.toContain('will be repeated')
  })

  it.each([
    ['itself', 'kill -9 $$'],
    ['a part of it', `echo 'error: index-pack died of signal 9' >&2; exit 128`],
  ])('that is killed (%s) is a reason to try again', async (_, killed) => {
    const lab = await makeLab()
    const mark = join(lab.folder, 'killed-once')
    const script = `if [ ! -e '${mark}' ]; then : > '${mark}'; ${killed}; fi\nexec "$REAL" "$@"`
    const environment = await fakeGit(lab, script)
    const daemon = await serve(lab, { environment })
    await send(daemon, 'shop', lab)
    await logged(daemon, /attempt failed, will be repeated.*was killed; see with dmesg whether memory was short/)
    expect(await results(lab, 1)).toMatchObject([{ status: 'created', attempts: 2 }])
    expect(await halfClones(lab)).toEqual([])
  })

  it('that is killed while a working copy is looked at does not make it a stranger', async () => {
    const lab = await makeLab()
    const mark = join(lab.folder, 'kill')
    const script = `case "$1" in config) if [ -e '${mark}' ]; then rm '${mark}'; kill -9 $$; fi;; esac\nexec "$REAL" "$@"`
    const environment = await fakeGit(lab, script)
    const daemon = await serve(lab, { environment })
    await send(daemon, 'shop', lab)
    await results(lab, 1)
    await lab.tmux.tmux('kill-server')
    await writeFile(mark, '')
    await send(daemon, 'shop', lab)
    expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created', reused: true }])
    await logged(daemon, /attempt failed, will be repeated.*git was killed/)
  })
})
