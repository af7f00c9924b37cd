import { access, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { childEnvironment } from '../../src/support/process.js'
import { createTmux, type Tmux } from '../../src/tmux/tmux.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux } from '../support/tmux.js'
import { oneWindow } from './window.js'

function tmuxOn(socketName: string, extra: Record<string, string | undefined> = {}): Tmux {
  return createTmux({
    socketName,
    environment: childEnvironment({ ...process.env, ...extra }),
    mayStartServer: true,
  })
}

const cat = { role: 'agent', command: ['/bin/sh', '-c', 'exec cat'] } as const

describe('a session on a real server', () => {
  test('stands whole, each pane with its role, in the folder', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    const roles = ['agent', 'terminal', 'files', 'apps'] as const
    const panes = roles.map((role) => ({ role, command: ['/bin/sh', '-c', 'exec cat'] }))
    const created = await tmuxOn(socketName).createSession({
      name: 'shop-dev',
      folder,
      jobId: 'job-1',
      ...oneWindow(panes),
    })
    expect(created).toMatchObject({ kind: 'created', ids: { name: 'shop-dev' } })
    const format = '#{@devorch_role} #{pane_current_path} #{pane_active} #{session_width}x#{window_height}'
    // tmux tells a pane's folder once its process has begun.
    await expect
      .poll(async () => (await tmux('list-panes', '-t', '=shop-dev:', '-F', format)).trim().split('\n'))
      .toEqual([`agent ${folder} 1 x50`, `terminal ${folder} 0 x50`, `files ${folder} 0 x50`, `apps ${folder} 0 x50`])
    await expect
      .poll(() => tmuxOn(socketName).listPanes())
      .toMatchObject({
        kind: 'panes',
        panes: roles.map((role) => ({
          sessionName: 'shop-dev',
          jobId: 'job-1',
          role,
          dead: false,
          currentCommand: 'cat',
        })),
      })
  })

  test('is made in its own name though others stand whose names begin alike', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    const ours = tmuxOn(socketName)
    await ours.createSession({ name: 'shop-dev-2', folder, jobId: 'job-2', ...oneWindow([cat, cat]) })
    await ours.createSession({ name: 'shop-dev', folder, jobId: 'job-1', ...oneWindow([cat, cat, cat]) })
    expect((await tmux('list-panes', '-a', '-F', '#{session_name} #{@devorch_job}')).trim().split('\n').sort()).toEqual(
      ['shop-dev job-1', 'shop-dev job-1', 'shop-dev job-1', 'shop-dev-2 job-2', 'shop-dev-2 job-2'],
    )
  })

  test('is refused where the name is taken, and the one that stands is untouched', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    await tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
    const before = await tmux('list-panes', '-a', '-F', '#{session_id} #{pane_pid}')
    const plan = { name: 'shop-dev', folder, jobId: 'job-1', ...oneWindow([cat, cat]) }
    expect(await tmuxOn(socketName).createSession(plan)).toEqual({ kind: 'duplicate' })
    expect(await tmux('list-panes', '-a', '-F', '#{session_id} #{pane_pid}')).toBe(before)
  })

  test('leaves nothing behind where its chain fails half-way', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    await tmux('new-session', '-d', '-s', 'other', 'cat')
    const panes = Array.from({ length: 60 }, () => cat)
    await expect(
      tmuxOn(socketName).createSession({
        name: 'shop-dev',
        folder,
        jobId: 'j',
        ...oneWindow(panes, { layout: undefined }),
      }),
    ).rejects.toThrow(/create the tmux session shop-dev: .*(no space|size)/)
    expect((await tmux('list-sessions', '-F', '#{session_name}')).trim()).toBe('other')
  })

  test('takes arguments as data: nothing is expanded or run', async () => {
    const { socketName } = privateTmux()
    const folder = await temporaryFolder()
    const canary = join(folder, 'canary')
    const out = join(folder, 'out')
    const odd = [`#(touch ${canary})`, `$(touch ${canary})`, '`id`', '; kill-server', 'a b', '#{pid}', '{}', '~', 'x;']
    const command = [
      '/bin/sh',
      '-c',
      'out=$1; shift; printf "%s\\n" "$@" >"$out.new"; mv "$out.new" "$out"; exec cat',
      'sh',
      out,
      ...odd,
    ]
    await tmuxOn(socketName).createSession({
      name: 'shop-dev',
      folder,
      jobId: 'j',
      ...oneWindow([{ role: 'agent', command }]),
    })
    await expect.poll(() => readFile(out, 'utf8').catch(() => '')).toBe(`${odd.join('\n')}\n`)
    await expect(access(canary)).rejects.toThrow()
  })

  test('gives its panes nothing of the environment but the allow-list', async () => {
    const { socketName } = privateTmux()
    const folder = await temporaryFolder()
    const out = join(folder, 'out')
    const command = ['/bin/sh', '-c', 'env >"$1.new"; mv "$1.new" "$1"; exec cat', 'sh', out]
    const ours = tmuxOn(socketName, { WEBHOOK_SECRET: 'do-not-tell' })
    await ours.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow([{ role: 'agent', command }]) })
    await expect.poll(() => readFile(out, 'utf8').catch(() => '')).toContain('TMUX_PANE=')
    expect(await readFile(out, 'utf8')).not.toContain('do-not-tell')
  })
})

describe('the server', () => {
  test('that is not there has no panes, and ending a session on it is no failure', async () => {
    const { socketName } = privateTmux()
    const ours = tmuxOn(socketName)
    expect(await ours.listPanes()).toEqual({ kind: 'no-server' })
    await expect(ours.killSession('$0')).resolves.toBeUndefined()
  })

  test('that is just ending when a session is to be made is no hindrance', async () => {
    const folder = await temporaryFolder()
    // The first two calls meet it, as a client of tmux 3.3a does.
    const script = `echo >>calls; [ "$(wc -l <calls)" -gt 2 ] || { echo 'server exited unexpectedly' >&2; exit 1; }`
    await writeFile(join(folder, 'tmux'), `#!/bin/sh\ncd ${folder}\n${script}\nPATH=\${PATH#*:} exec tmux "$@"\n`, {
      mode: 0o755,
    })
    const ours = tmuxOn(privateTmux().socketName, { PATH: `${folder}:${process.env['PATH'] ?? ''}` })
    const created = await ours.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow([cat]) })
    expect(created.kind).toBe('created')
    expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('\n\n\n')
  })

  test('tells which it is, the same when a session is made and ever after', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    const ours = tmuxOn(socketName)
    const created = await ours.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow([cat]) })
    const server = created.kind === 'created' ? created.server : undefined
    const [pid, startTime] = (await tmux('display-message', '-p', '#{pid} #{start_time}')).trim().split(' ')
    expect(server).toEqual({ pid: Number(pid), startTime: Number(startTime), exitEmpty: true })
    expect(await ours.listPanes()).toMatchObject({ kind: 'panes', server, panes: [{ sessionName: 'shop-dev' }] })
  })

  test('tells when each of our sessions was used, and whether a client is attached', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    const ours = tmuxOn(socketName)
    expect(await ours.listActivity()).toEqual([])
    const begun = Math.floor(Date.now() / 1000) * 1000
    await ours.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow([cat]) })
    await tmux('new-session', '-d', '-s', 'mine', 'cat')
    const [first, ...others] = (await ours.listActivity()) ?? []
    expect([first, others]).toMatchObject([{ jobId: 'j', isAttached: false }, []])
    expect(first?.lastMs).toBeGreaterThanOrEqual(begun)
    await expect.poll(() => Date.now(), { timeout: 20_000 }).toBeGreaterThan(begun + 2000)
    // What a pane prints counts, without a client.
    await tmux('send-keys', '-t', '=shop-dev:', 'x', 'Enter')
    await expect
      .poll(async () => (await ours.listActivity())?.[0]?.lastMs, { timeout: 20_000 })
      .toBeGreaterThan(first?.lastMs ?? Infinity)
    await tmux('new-session', '-d', '-t', '=shop-dev', '-s', 'teammate')
    await tmux('new-window', '-d', '-t', '=mine:', `env -u TMUX tmux -L ${socketName} attach -t =teammate`)
    await expect
      .poll(async () => (await ours.listActivity())?.every(({ isAttached }) => isAttached), { timeout: 20_000 })
      .toBe(true)
  })

  test('that stands without a session has no panes, and is not taken for one that is gone', async () => {
    const { socketName, tmux } = privateTmux()
    await tmux('new-session', '-d', '-s', 'x', 'cat', ';', 'set-option', '-s', 'exit-empty', 'off')
    await tmux('kill-session', '-t', '=x')
    expect(await tmuxOn(socketName).listPanes()).toMatchObject({
      kind: 'panes',
      server: { exitEmpty: false },
      panes: [],
    })
  })

  test('that was killed has no panes, though its socket file is still there', async () => {
    const { socketName, tmux } = privateTmux()
    await tmux('new-session', '-d', '-s', 'x', 'cat')
    await tmux('kill-server')
    await expect.poll(() => tmuxOn(socketName).listPanes()).toEqual({ kind: 'no-server' })
  })

  test('is not started where that is not allowed', async () => {
    const { socketName } = privateTmux()
    const folder = await temporaryFolder()
    const under = createTmux({ socketName, environment: childEnvironment(process.env), mayStartServer: false })
    await expect(under.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow([cat]) })).rejects.toThrow(
      /create the tmux session shop-dev/,
    )
    expect(await tmuxOn(socketName).listPanes()).toEqual({ kind: 'no-server' })
  })

  test('ends exactly the session that is named by its id', async () => {
    const { socketName, tmux } = privateTmux()
    const folder = await temporaryFolder()
    const ours = tmuxOn(socketName)
    const created = await ours.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow([cat]) })
    await tmux('new-session', '-d', '-s', 'shop', 'cat')
    if (created.kind === 'created') await ours.killSession(created.ids.session)
    expect((await tmux('list-sessions', '-F', '#{session_name}')).trim()).toBe('shop')
  })

  test('is answered for by version and attach command', async () => {
    expect(await tmuxOn('x').version()).toMatch(/^\d+\.\d+/)
    expect(tmuxOn('default').attachCommand('shop-dev')).toEqual(['tmux', 'attach', '-t', 'shop-dev'])
    expect(tmuxOn('box').attachCommand('shop-dev')).toEqual(['tmux', '-L', 'box', 'attach', '-t', 'shop-dev'])
  })
})
