import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { childEnvironment, describeFailure, run } from '../../src/support/process.js'
import { temporaryFolder } from './temporary.js'

const env = childEnvironment(process.env)
const shell = (script: string, more: Partial<Parameters<typeof run>[2]> = {}) =>
  run('sh', ['-c', script], { env, timeoutMs: 20_000, ...more })

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** A grandchild that ignores SIGTERM and the end of its parent. It tells its process id through a file. */
const stubborn = (file: string) => `(trap '' TERM; echo $$ >'${file}.sh'; exec sleep 300) & echo $! >'${file}'; wait`

async function pidIn(file: string): Promise<number> {
  return await vi.waitFor(
    async () => {
      const pid = Number(await readFile(file, 'utf8'))
      if (!(pid > 1)) throw new Error('not written yet')
      return pid
    },
    { timeout: 10_000 },
  )
}

describe('a run', () => {
  it('ends where a process of another group still holds its output', async () => {
    const file = join(await temporaryFolder(), 'pid')
    const result = await shell(`setsid sh -c 'echo $$ > ${file}; exec sleep 300' & exec sleep 300`, { timeoutMs: 500 })
    expect(result).toMatchObject({ ended: 'timed-out' })
    const holder = await pidIn(file)
    expect(isAlive(holder)).toBe(true)
    process.kill(holder, 'SIGKILL')
  })

  it('gives both outputs and the code, and passes arguments as they are', async () => {
    const args = ['a b', '$(touch x)', '"\'`', '-n', '', 'é\n']
    const { stdout } = await run('node', ['-p', 'JSON.stringify(process.argv.slice(1))', '--', ...args], {
      env,
      timeoutMs: 20_000,
    })
    expect(JSON.parse(stdout)).toEqual(args)
    expect(await shell('echo out; echo err >&2; exit 3')).toEqual({
      ended: 'exited',
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await shell('kill -KILL $$')).toEqual({ ended: 'signalled', signal: 'SIGKILL', stdout: '', stderr: '' })
  })

  it('has the environment, folder and input that it is given, and nothing else', async () => {
    const folder = await temporaryFolder()
    const done = await run('sh', ['-c', 'env | sort; pwd; cat'], {
      env: { PATH: env['PATH'] ?? '', ONE: '1' },
      cwd: folder,
      input: 'typed',
      timeoutMs: 20_000,
    })
    expect(done.stdout.split('\n').filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line))).toEqual([
      'ONE=1',
      `PATH=${env['PATH'] ?? ''}`,
      folder,
      'typed',
    ])
    expect(await shell('cat')).toMatchObject({ ended: 'exited', code: 0, stdout: '' })
  })

  it('says that a program is missing', async () => {
    const done = await run('devorch-no-such-program', [], { env, timeoutMs: 5000 })
    expect(done).toEqual({ ended: 'missing', stdout: '', stderr: '' })
    expect(describeFailure(done)).toBe('the program is not installed')
  })

  it('keeps the first bytes of much output and lets the program write all of it', async () => {
    const done = await shell('yes | head -c 3000000; yes no | head -c 3000000 >&2; echo end; exit 4', {
      maxOutputBytes: 1000,
    })
    expect(done).toEqual({
      ended: 'exited',
      code: 4,
      stdout: 'y\n'.repeat(500),
      stderr: 'no\n'.repeat(334).slice(0, 1000),
    })
    expect((await shell('yes | head -c 3000000')).stdout).toHaveLength(1024 * 1024)
  })

  it('puts characters together that arrive in two parts', async () => {
    expect((await shell("printf '\\303'; sleep 0.1; printf '\\251'")).stdout).toBe('é')
  })
})

describe('a run that takes too long', () => {
  it('is ended, and what it wrote is kept', async () => {
    const done = await shell('echo begun; sleep 300', { timeoutMs: 300 })
    expect(done).toEqual({ ended: 'timed-out', timeoutMs: 300, stdout: 'begun\n', stderr: '' })
    expect(describeFailure(done)).toBe('it did not finish within 0.3 s')
  })

  it('is ended with its grandchildren, also those that ignore SIGTERM', async () => {
    const file = join(await temporaryFolder(), 'pid')
    const before = performance.now()
    const done = await shell(stubborn(file), { timeoutMs: 500 })
    expect(done.ended).toBe('timed-out')
    expect(performance.now() - before).toBeLessThan(10_000)
    const pid = await pidIn(file)
    await vi.waitFor(
      () => {
        expect(isAlive(pid)).toBe(false)
      },
      { timeout: 10_000 },
    )
  })

  it('is ended likewise when a signal says so', async () => {
    const file = join(await temporaryFolder(), 'pid')
    const abort = new AbortController()
    const running = shell(stubborn(file), { signal: abort.signal })
    const pid = await pidIn(file)
    abort.abort()
    expect(await running).toMatchObject({ ended: 'aborted' })
    await vi.waitFor(
      () => {
        expect(isAlive(pid)).toBe(false)
      },
      { timeout: 10_000 },
    )
    const never = await shell('echo never', { signal: abort.signal })
    expect(never).toEqual({ ended: 'aborted', stdout: '', stderr: '' })
  })
})

it.each([
  [{ ended: 'exited', code: 1, stdout: 'x', stderr: 'one\nfatal: two\n\n' }, 'fatal: two'],
  [{ ended: 'exited', code: 1, stdout: 'only\n', stderr: ' \n' }, 'only'],
  [{ ended: 'exited', code: 7, stdout: '', stderr: '' }, 'it exited with 7'],
  [{ ended: 'signalled', signal: 'SIGKILL', stdout: '', stderr: '' }, 'it was ended by SIGKILL'],
  [{ ended: 'aborted', stdout: '', stderr: '' }, 'it was stopped'],
] as const)('a failure is told in one line: %j', (result, line) => {
  expect(describeFailure(result)).toBe(line)
})

it("children get a few of the daemon's variables, none of its secrets, and UTF-8", () => {
  const from = {
    PATH: '/bin',
    HOME: '/h',
    GITHUB_TOKEN: 'x',
    CREDENTIALS_DIRECTORY: '/c',
    NOTIFY_SOCKET: '/n',
    GIT_DIR: '/g',
    TMUX: 't',
  }
  expect(childEnvironment(from, { ONE: '1' })).toEqual({ PATH: '/bin', HOME: '/h', LANG: 'C.UTF-8', ONE: '1' })
  expect(childEnvironment({ LANG: 'de_DE.utf8' })['LANG']).toBe('de_DE.utf8')
  expect(childEnvironment({ LANG: 'de_DE.utf8', LC_ALL: 'C' })['LANG']).toBe('C.UTF-8')
})
