import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { runGit } from '../../src/repo/git.js'
import { exists } from '../../src/support/files.js'
import { childEnvironment, run } from '../../src/support/process.js'
import { temporaryFolder } from '../support/temporary.js'

const environment = childEnvironment(process.env)

test('what misses the first signal to end is told again', async () => {
  const folder = await temporaryFolder()
  const programs = join(folder, 'bin')
  await mkdir(programs)
  // As a program that gets it just before it can hear anything.
  const deaf = `#!/bin/sh\ntrap 'trap - TERM' TERM\n: >'${folder}/started'\nwhile :; do sleep 0.1; done\n`
  await writeFile(join(programs, 'git'), deaf, { mode: 0o755 })
  const aborting = new AbortController()
  const ended = runGit({
    folder,
    args: ['--version'],
    environment: { ...environment, PATH: `${programs}:${environment['PATH'] ?? ''}` },
    timeoutMs: 600_000,
    signal: aborting.signal,
  })

  await expect.poll(() => exists(join(folder, 'started')), { timeout: 20_000 }).toBe(true)
  aborting.abort()
  expect(await ended).toEqual({ ended: 'aborted' })
  await expect
    .poll(
      async () => (await run('pgrep', ['-f', join(programs, 'git')], { env: environment, timeoutMs: 5000 })).stdout,
      {
        timeout: 20_000,
      },
    )
    .toBe('')
})

test('what a killed git had started ends with it', async () => {
  const folder = await temporaryFolder()
  const programs = join(folder, 'bin')
  await mkdir(programs)
  const killed = `#!/bin/sh\nsh -c 'while :; do sleep 0.1; done' '${folder}/helper' &\nkill -s KILL $$\n`
  await writeFile(join(programs, 'git'), killed, { mode: 0o755 })
  const path = `${programs}:${environment['PATH'] ?? ''}`
  const git = { folder, args: ['--version'], environment: { ...environment, PATH: path }, timeoutMs: 60_000 }
  expect(await runGit(git)).toEqual({ ended: 'killed' })
  const left = async () =>
    (await run('pgrep', ['-f', `${folder}/helper`], { env: environment, timeoutMs: 5000 })).stdout
  await expect.poll(left).toBe('')
})

test('no git runs that nobody could watch: there are processes for one only', async (context) => {
  if (process.getuid?.() !== 0) context.skip('another user is needed, whose processes are counted')
  const wrapper = await readFile(join(import.meta.dirname, '../../src/repo/bounded-git.sh'), 'utf8')
  const user = ['setpriv', '--reuid=65533', '--regid=65533', '--clear-groups']
  const child = spawn('prlimit', ['--nproc=2', ...user, 'setsid', 'sh', '-c', wrapper, 'git', '--version'], {
    env: environment,
    timeout: 60_000,
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (printed += data.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  child.stdin.destroy()
  expect({ code, printed }).toEqual({ code: 2, printed: expect.stringMatching(/Cannot fork/) as string })
  expect(printed).not.toContain('git version')
})

test('git that can not be started for want of descriptors is a failure of that call, and ends nothing else', async () => {
  const module = (name: string) => pathToFileURL(join(import.meta.dirname, '../../.cache/modules', name)).href
  const script = `
    import { openSync } from 'node:fs'
    import { runGit } from '${module('repo/git.js')}'
    import { canPass } from '${module('support/system-problem.js')}'
    const version = { folder: '/', args: ['--version'], environment: { PATH: process.env.PATH }, timeoutMs: 60_000 }
    await runGit(version)
    const taken = []
    try { for (;;) taken.push(openSync('/dev/null')) } catch (error) { if (error.code !== 'EMFILE') throw error }
    const { closeSync } = await import('node:fs')
    const failure = await runGit(version).catch((error) => error)
    for (const one of taken) closeSync(one)
    console.log(JSON.stringify({ message: failure.message, canPass: canPass(failure), after: (await runGit(version)).ended }))`
  const node = [process.execPath, '--input-type=module', '--eval', script]
  const done = await run('prlimit', ['--nofile=128:128', ...node], { env: environment, timeoutMs: 60_000 })
  expect(done).toMatchObject({ ended: 'exited', code: 0, stderr: '' })
  expect(JSON.parse(done.stdout)).toEqual({ message: 'git could not be started', canPass: true, after: 'exited' })
})
