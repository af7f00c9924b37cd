import { access, chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { agentLaunch } from '../../src/agent/agent.js'
import { environmentFile } from '../../src/agent/environment.js'
import { readAgentEvents, waitForAgentEvent } from '../../src/agent/events.js'
import { paneCommand, type PaneRequest } from '../../src/agent/pane.js'
import { run } from '../../src/support/process.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux } from '../support/tmux.js'

/** One pane in a real tmux: its session folder and what the screen shows. */
interface Pane {
  readonly folder: string
  readonly pid: string
  /** Waits up to 10 s for the screen to match. */
  readonly shows: (pattern: RegExp) => Promise<string>
  readonly keys: (...keys: readonly string[]) => Promise<void>
  /** Types a line into the shell, once that has prompted. */
  type(line: string): Promise<void>
  end(): Promise<void>
  events(): Promise<string[]>
}

/** The lines of a layout's pane, and what waits behind them. */
async function linesPane(
  lines: string,
  more: { readonly shell?: string; readonly ended?: 'ask' | 'shell'; readonly waiting?: string } = {},
): Promise<Pane> {
  const { shell = '/bin/sh', ended = 'shell', waiting } = more
  const files = { 'pane-0.lines': lines, ...(waiting === undefined ? {} : { 'pane-0.waiting': waiting }) }
  const request = { role: 'none', program: [], own: { name: 'pane-0', ended } } as const
  return pane(request, { SHELL: shell }, files)
}

async function pane(
  request: Partial<PaneRequest> & Pick<PaneRequest, 'program'>,
  environment: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Promise<Pane> {
  const folder = join(await temporaryFolder(), "it's a session")
  await mkdir(folder, { mode: 0o700 })
  const home = join(folder, 'home')
  await mkdir(home)
  const values = { HOME: home, SHELL: '/bin/sh', ENV: '', PS1: '$ ', ...environment }
  const role = request.role ?? 'agent'
  await writeFile(join(folder, `environment-${role}`), environmentFile(values), { mode: 0o600 })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 })
  const server = privateTmux()
  const command = paneCommand({
    sessionFolder: folder,
    role: 'agent',
    needs: '',
    installHint: 'apt install it',
    ...request,
  })
  const place = ['-x', '200', '-y', '50', '-c', folder, '-P', '-F', '#{pane_pid}']
  const pid = (await server.tmux('new-session', '-d', '-s', 'dev', ...place, '--', ...command)).trim()
  const shows = async (pattern: RegExp) => {
    const deadline = Date.now() + 10_000
    for (;;) {
      const screen = await server.capture('=dev:')
      if (pattern.test(screen)) return screen
      if (Date.now() > deadline) throw new Error(`${String(pattern)} is not on the screen:\n${screen}`)
      await sleep(20)
    }
  }
  const keys = async (...pressed: readonly string[]) => {
    await server.tmux('send-keys', '-t', '=dev:', ...pressed)
  }
  return {
    folder,
    pid,
    shows,
    keys,
    type: async (line) => {
      await shows(/[$#] ?\n*$/)
      await keys('-l', '--', line)
      await keys('Enter')
    },
    end: async () => {
      await server.tmux('kill-session', '-t', '=dev')
    },
    events: async () =>
      (await readAgentEvents(folder)).map(({ name, detail }) => (detail === undefined ? name : `${name} ${detail}`)),
  }
}

const script = (text: string) => ['sh', '-c', text]

test('an agent’s start and end are events, and its pane stays with a key to start it again and a shell', async () => {
  const made = await pane({ program: script('echo begun; exit 7') })
  await made.shows(/the agent ended with exit code 7\n +r: start it again, any other key: a shell/)
  expect(await made.events()).toEqual(['started', 'exited 7'])
  await made.keys('r')
  await made.shows(/begun[^]*code 7[^]*begun[^]*code 7/)
  expect(await made.events()).toEqual(['started', 'exited 7', 'started', 'exited 7'])
  await made.keys('q')
  await made.type('echo alive-$((40+2))')
  await made.shows(/^alive-42$/m)
})

test('the key starts the agent as its launcher does', async () => {
  const made = await pane({ program: script('sleep 0.2; exit 1') })
  const launch = agentLaunch(
    { kind: 'command', command: ['sh', '-c', 'echo "tracker: $1"; exec cat', 'x', '{{ tracker }}'] },
    {
      sessionFolder: made.folder,
      workingCopy: made.folder,
      conversationId: 'c',
      start: 'new',
      tracker: { path: "/it's/PROGRESS_TRACKER.md", bytes: 0, conversation: 'none' },
      nodePath: process.execPath,
      resumeAttempts: 0,
    },
  )
  for (const file of launch.files) await writeFile(join(made.folder, file.name), file.text, { mode: file.mode })
  await made.shows(/start it again/)
  await made.keys('r')
  await made.shows(/^tracker: \/it's\/PROGRESS_TRACKER\.md$/m)
  expect(await made.events()).toEqual(['started', 'exited 1', 'started'])
})

test('arguments reach the program as they are, and no shell', async () => {
  const odd = ['', 'a b', '$(echo x)', '`id`', "it's", '*', '-n', '"', '\\']
  const made = await pane({ program: ['sh', '-c', 'printf "<%s>" "$@"; exec cat', 'x', ...odd] })
  const screen = await made.shows(/<\\>/)
  expect(screen).toContain(odd.map((arg) => `<${arg}>`).join(''))
})

test('a missing program is said, with how to install and start it, and a shell follows', async () => {
  const made = await pane({ needs: 'no-such-agent', installHint: 'npm install -g it', program: ['no-such-agent'] })
  const screen = await made.shows(/to start it then/)
  expect(screen).toMatch(
    /no-such-agent is not installed.*\n +to install it: +npm install -g it\n +to start it then: +sh '/,
  )
  expect(await made.events()).toEqual(['missing npm install -g it'])
  await made.type('echo alive-$((40+2))')
  await made.shows(/^alive-42$/m)
})

test('a missing program of another pane is no event', async () => {
  const made = await pane({ role: 'files', needs: 'no-such-ranger', program: ['no-such-ranger', 'a b'] })
  expect(await made.shows(/to start it then/)).toContain("no-such-ranger 'a b'")
  expect(await made.events()).toEqual([])
})

test('a program in ~/.local/bin is found', async () => {
  const home = await temporaryFolder()
  await mkdir(join(home, '.local', 'bin'), { recursive: true })
  await writeFile(join(home, '.local', 'bin', 'local-agent'), '#!/bin/sh\necho found-$((40+2))\n')
  await chmod(join(home, '.local', 'bin', 'local-agent'), 0o755)
  const made = await pane({ needs: 'local-agent', program: ['local-agent'] }, { HOME: home })
  await made.shows(/^found-42$/m)
  expect(await waitForAgentEvent(made.folder, ['exited'], { timeoutMs: 10_000 })).toMatchObject({ detail: '0' })
})

test('Ctrl-C ends the program, not the pane', async () => {
  const made = await pane({ program: script('echo ready; exec sleep 100') })
  await made.shows(/ready/)
  await made.keys('C-c')
  await made.shows(/ended with exit code 130/)
  expect(await made.events()).toEqual(['started', 'exited 130'])
  await made.keys('C-c')
  await made.type('echo alive-$((40+2))')
  await made.shows(/^alive-42$/m)
})

test.each([0, 3])('a program that ended with %i leaves its pane, with what it was and a key', async (code) => {
  const made = await pane({ role: 'files', program: script(`echo begun; exit ${code.toString()}`) })
  await made.shows(new RegExp(`sh ended with exit code ${code.toString()}`))
  await made.keys('r')
  await made.shows(/begun[^]*code[^]*begun[^]*code/)
  await made.keys('x')
  await made.type('echo alive-$((40+2))')
  expect(await made.shows(/^alive-42$/m)).toContain('any other key: a shell')
})

test('one that is killed does so too, and what was typed to it is no answer', async () => {
  const made = await pane({ role: 'files', program: script('echo pid=$$=; stty raw -echo; exec sleep 1000') })
  const victim = /pid=(\d+)=/.exec(await made.shows(/pid=\d+=/))?.[1] ?? ''
  await expect.poll(() => readFile(`/proc/${victim}/comm`, 'utf8')).toBe('sleep\n')
  await made.keys('r', 'r', 'x')
  process.kill(Number(victim), 'SIGKILL')
  await made.shows(/ended with exit code 137/)
  await sleep(500)
  expect((await made.shows(/any other key/)).match(/pid=/g)).toHaveLength(1)
  await made.keys('r')
  await made.shows(/pid=\d+=[^]*code 137[^]*pid=\d+=/)
})

test('a program that handles Ctrl-C itself goes on', async () => {
  const made = await pane({
    program: script('trap "echo caught-$((40+2))" INT; echo ready; while :; do sleep 1; done'),
  })
  await made.shows(/ready/)
  await made.keys('C-c')
  await made.shows(/caught-42/)
  expect(await made.events()).toEqual(['started'])
})

test('the end of the tmux session ends the program and the pane', async () => {
  const made = await pane({ program: script('echo ready; sleep 100; echo') })
  await made.shows(/ready/)
  const left = async () => {
    const { stdout } = await run('ps', ['-o', 'pid=', '-s', made.pid], {
      timeoutMs: 5000,
      env: { PATH: '/usr/bin:/bin' },
    })
    return stdout.trim()
  }
  expect(await left()).toContain(made.pid)
  await made.end()
  for (let tries = 0; tries < 100 && (await left()) !== ''; tries += 1) await sleep(50)
  expect(await left()).toBe('')
  expect(await made.events()).toEqual(['started'])
})

test('the environment file’s values reach the program, whatever they are named', async () => {
  const value = "a 'quoted' $(value)"
  const names = { SECRET: value, devorch_role: 'terminal', needs: 'x', PATH: '/usr/bin:/bin' }
  const made = await pane({ program: script('echo "$SECRET|$needs|$PATH"; exec cat') }, names)
  const screen = await made.shows(/\|x\|/)
  expect(screen).toContain(`${value}|x|/usr/bin:/bin:`)
  expect(await made.events()).toEqual(['started'])
})

test.each(['terminal', 'apps'] as const)('the pane %s is a login shell itself', async (role) => {
  const made = await pane({ role, program: role === 'terminal' ? ['not-run'] : [] }, { TOKEN: 'in-the-shell' })
  await made.type('echo "$0 $$ $TOKEN"')
  expect(await made.shows(/^-?\S+ \d+ in-the-shell$/m)).toContain(` ${made.pid} in-the-shell`)
  expect(await made.events()).toEqual([])
})

test.each(['/usr/sbin/nologin', '/bin/false', '/no/such/shell', ''])(
  'the shell %j is replaced by /bin/sh',
  async (shell) => {
    const made = await pane({ role: 'terminal', program: [] }, { SHELL: shell })
    await made.type('echo "shell is $SHELL"')
    await made.shows(/^shell is \/bin\/sh$/m)
    expect(await realpath(`/proc/${made.pid}/exe`)).toBe(await realpath('/bin/sh'))
  },
)

test('what an earlier process of the agent told of itself is gone before it is said to be started', async () => {
  const made = await pane({ program: ['cat'] }, {}, { 'claude-process': '1\n/earlier\n' })
  expect(await waitForAgentEvent(made.folder, ['started'], { timeoutMs: 10_000 })).toBeDefined()
  await expect(access(join(made.folder, 'claude-process'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('cat as the agent just sits there', async () => {
  const made = await pane({ needs: 'cat', program: ['cat'] })
  expect(await waitForAgentEvent(made.folder, ['started'], { timeoutMs: 10_000 })).toBeDefined()
  await made.keys('hello', 'Enter')
  await made.shows(/hello\nhello/)
  expect(await made.events()).toEqual(['started'])
})

describe('an agent that has crashed', () => {
  test('is started again by itself, so many times in a row, and then by a key', async () => {
    const made = await pane({ program: script('echo begun; exit 7'), resumeAttempts: 1 })
    await made.shows(/exit code 7 and is started again in 5 s \(1 of 1\); a key ends the wait/)
    await made.shows(/\(1 of 1\)[^]*begun[^]*code 7\n +r: start it again/)
    const row = ['started', 'exited 7', 'resuming 1 5', 'started', 'exited 7', 'given-up 1']
    expect(await made.events()).toEqual(row)
    await made.keys('r')
    await made.shows(/r: start it again[^]*begun[^]*code 7/)
    expect(await made.events()).toEqual([...row, 'started', 'exited 7', 'given-up 1'])
  })

  test.each([0, 129, 130])('or has ended with %i, is not: a person wanted that', async (code) => {
    const made = await pane({ program: script(`exit ${code.toString()}`), resumeAttempts: 3 })
    await made.shows(/r: start it again/)
    expect(await made.events()).toEqual(['started', `exited ${code.toString()}`])
  })

  test('is not where a person presses a key, and that key is no answer to the question then', async () => {
    const made = await pane({ program: ['sh', '-c', 'kill -9 $$'], resumeAttempts: 3 })
    await made.shows(/a key ends the wait/)
    await sleep(300)
    await made.keys('r')
    await made.shows(/exit code 137\n +r: start it again/)
    await sleep(6000)
    expect(await made.events()).toEqual(['started', 'exited 137', 'resuming 1 5', 'given-up'])
  })

  test('is not where its session is ended, which asks all its processes to end first', async () => {
    const made = await pane({ program: script('exit 7'), resumeAttempts: 3 })
    await made.shows(/a key ends the wait/)
    const children = async () =>
      (await readFile(`/proc/${made.pid}/task/${made.pid}/children`, 'utf8')).split(' ').filter((pid) => pid !== '')
    const deadline = Date.now() + 4000
    // As long as there are some: one that is met at its very end leaves the next.
    while (!(await made.events()).includes('given-up') && Date.now() < deadline) {
      for (const pid of await children()) {
        try {
          process.kill(Number(pid), 'SIGTERM')
        } catch {
          // It has ended since.
          continue
        }
      }
      await sleep(20)
    }
    await sleep(6000)
    expect(await made.events()).toEqual(['started', 'exited 7', 'resuming 1 5', 'given-up'])
  })

  test('has the environment of its pane all the same', async () => {
    const own = { name: 'pane-0', ended: 'ask' } as const
    const environment = { 'pane-0.environment': "export OWN='of the pane'\n" }
    const made = await pane({ program: script('echo "=$OWN="'), resumeAttempts: 3, own }, {}, environment)
    expect(await made.shows(/=\S.*=\s+the agent ended/)).toMatch(/^=of the pane=$/m)
  })
})

describe('the lines of a layout’s pane', () => {
  test.each(['/bin/sh', '/bin/bash'])(
    'are run by %s as if they had been typed, and leave that shell',
    async (shell) => {
      const made = await linesPane('cd /usr/share\nMINE="a b"\nexport MINE\necho first-$((40+2))\n', { shell })
      await made.shows(/^first-42$/m)
      await made.type('echo "=$PWD=$MINE="')
      await made.shows(/^=\/usr\/share=a b=$/m)
      await made.type('exit')
      await expect.poll(() => alive(made.pid), { timeout: 10_000 }).toBe(false)
    },
  )

  test('whose last ended badly leave their exit code and a key, and then that shell', async () => {
    const made = await linesPane('cd /usr/share\necho begun\n(exit 3)\n')
    await made.shows(/begun\s+this pane's commands ended with exit code 3\s+r: start it again, any other key: a shell/)
    await made.keys('r')
    await made.shows(/begun[^]*begun[^]*code 3/)
    await made.keys('x')
    await made.type('echo "=$PWD="')
    expect(await made.shows(/^=\/usr\/share=$/m)).not.toContain('x: not found')
  })

  test('that a person ends with Ctrl-C are to be started again too', async () => {
    const made = await linesPane('echo begun\nsleep 1000\n')
    await made.shows(/begun/)
    await sleep(300)
    await made.keys('C-c')
    await made.shows(/exit code 130/)
    await made.keys('r')
    await made.shows(/code 130[^]*begun/)
    expect(await made.events()).toEqual([])
  })

  test.each(['/bin/sh', '/bin/bash'])('come back with a key though their %s itself is killed', async (shell) => {
    const made = await linesPane('echo begun=$$=\nread -r answer\n', { shell, ended: 'ask' })
    const victim = /begun=(\d+)=/.exec(await made.shows(/begun=\d+=/))?.[1] ?? ''
    process.kill(Number(victim), 'SIGKILL')
    await made.shows(/exit code 137/)
    await made.keys('r')
    await made.shows(/code 137[^]*begun=\d+=/)
    await made.keys('Enter')
    expect(await made.shows(/exit code 0\s+r: start it again/)).toContain('begun=')
  })

  test('that only wait are shown, and run at a key', async () => {
    const made = await linesPane('echo begun\n', { waiting: 'echo ran-$((40+2))\n' })
    expect(await made.shows(/Enter: run it/)).not.toContain('ran-42')
    await made.keys('Enter')
    await made.shows(/^ran-42$/m)
    const other = await linesPane('', { waiting: 'echo ran-$((40+2))\n' })
    await other.shows(/Enter: run it/)
    await other.keys('q')
    await other.type('echo alive-$((40+2))')
    expect(await other.shows(/^alive-42$/m)).not.toContain('ran-42')
  })
})

async function alive(pid: string): Promise<boolean> {
  return (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')) !== ''
}
