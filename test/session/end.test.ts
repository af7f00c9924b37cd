import { spawn } from 'node:child_process'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { restoreFromTrash } from '../../src/daemon/trash-work.js'
import { endSession } from '../../src/session/end.js'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import { listTrash, type TrashEntry } from '../../src/session/trash-list.js'
import { viewSessions } from '../../src/session/view.js'
import { fillDisk } from '../faults/place.js'
import { bindMount, mountTmpfs } from '../support/mount.js'
import { git, makeRepository } from '../support/repositories.js'
import { folderDigest } from './folder-digest.js'
import { startLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })
const waitMs = { timeout: 60_000, interval: 50 }

function nameOf(text: string): SessionName {
  const name = parseSessionName(text)
  if (name === undefined) throw new Error(text)
  return name
}

function end(lab: Lab, name = 'shop-dev', more: { again?: boolean; keep?: boolean } = {}) {
  const request = { name: nameOf(name), why: 'the test', keep: false, again: false, ...more }
  return endSession(request, lab.workshop.tools)
}

async function newest(lab: Lab): Promise<TrashEntry> {
  const [entry] = await listTrash(lab.workshop.tools)
  if (entry === undefined) throw new Error('the trash is empty')
  return entry
}

async function restore(lab: Lab): Promise<Record<string, unknown>> {
  return await restoreFromTrash(await newest(lab), lab.workshop.tools, new AbortController().signal)
}

const place = (lab: Lab) => join(lab.folder, 'projects', 'shop')
const sessions = async (lab: Lab) =>
  (await lab.tmux.tmux('list-sessions', '-F', '#{session_name}').catch(() => '')).trim()
const isAlive = async (pid: number) =>
  !/^(|.*\) [ZX] .*)$/s.test(await readFile(`/proc/${pid.toString()}/stat`, 'utf8').catch(() => ''))

/** Types a line into a pane, which starts something that writes its pid to a file. @returns the pid */
async function startIn(lab: Lab, role: string, line: string): Promise<number> {
  const panes = await lab.tmux.tmux('list-panes', '-s', '-t', '=shop-dev', '-F', '#{@devorch_role} #{pane_id}')
  const pane = new RegExp(`^${role} (%\\d+)$`, 'm').exec(panes)?.[1] ?? ''
  const file = join(lab.folder, `pid-${Math.random().toString(36).slice(2)}`)
  // A shell that has just begun may not read yet.
  await expect
    .poll(async () => {
      await lab.tmux.tmux('send-keys', '-t', pane, line.replaceAll('PIDFILE', file), 'Enter')
      return await vi.waitFor(async () => Number(await readFile(file, 'utf8')), { timeout: 3000 }).catch(() => 0)
    }, waitMs)
    .toBeGreaterThan(0)
  return Number(await readFile(file, 'utf8'))
}

const sleeper = (how: string) => `${how} sh -c 'echo $$ >PIDFILE.tmp; mv PIDFILE.tmp PIDFILE; exec sleep 1000'`

/** Everything that could be lost: changed, staged, untracked and ignored files, a stash, commits that are nowhere else. */
async function makeUnsaved(folder: string): Promise<void> {
  await writeFile(join(folder, '.gitignore'), 'ignored/\n')
  await git(folder, 'add', '.gitignore')
  await git(folder, 'commit', '--quiet', '--message', 'Not pushed')
  await git(folder, 'switch', '--quiet', '--create', 'side')
  await git(folder, 'commit', '--quiet', '--allow-empty', '--message', 'On the side')
  await writeFile(join(folder, 'README.md'), 'stashed\n')
  await git(folder, 'stash', 'push', '--quiet')
  await writeFile(join(folder, 'README.md'), 'changed\n')
  await writeFile(join(folder, 'staged.txt'), 'staged\n')
  await git(folder, 'add', 'staged.txt')
  await mkdir(join(folder, 'ignored'))
  await writeFile(join(folder, 'ignored', 'large.bin'), Buffer.alloc(300_000, 'x'), { mode: 0o755 })
  await writeFile(join(folder, 'untracked \n name.txt'), 'untracked\n')
  await symlink('/nowhere', join(folder, 'dangling'))
}

async function gitFacts(folder: string): Promise<string[]> {
  return await Promise.all([
    git(folder, 'stash', 'list'),
    git(folder, 'log', '--all', '--oneline', '--decorate'),
    git(folder, 'status', '--porcelain=v2', '--branch', '--ignored'),
    git(folder, 'fsck', '--full', '--no-dangling'),
  ])
}

async function processesMarked(mark: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
    if (environment.includes(`DEVORCH_JOB=${mark}\0`)) found.push(pid)
  }
  return found
}

describe('a removed session', () => {
  test.each([
    ['', undefined],
    [', on a full disk', '24m'],
  ])('comes back with every byte and its conversation; none of its processes remains%s', async (_, size) => {
    const lab = await startLab({}, { SHELL: '/bin/bash' })
    const { tools } = lab.workshop
    if (size !== undefined) {
      // Home and projects share the disk.
      await mkdir(join(lab.folder, 'projects'))
      for (const folder of [lab.workshop.home.base, join(lab.folder, 'projects')]) {
        const refusal = await mountTmpfs(folder, size)
        expect(refusal).toBeUndefined()
      }
      for (const folder of [lab.workshop.home.sessions, lab.workshop.home.trash, lab.workshop.home.mirrors])
        await mkdir(folder, { recursive: true })
    }
    const job = lab.record({ tracker: 'orders' })
    await lab.build({}, job)
    await lab.tmux.tmux('new-session', '-d', '-s', 'other', 'sleep', '1000')
    const other = Number(await lab.tmux.tmux('display-message', '-p', '-t', '=other:', '#{pane_pid}'))
    await makeUnsaved(place(lab))
    const pids = [
      await startIn(lab, 'terminal', sleeper('nohup') + ' >/dev/null 2>&1 &'),
      await startIn(lab, 'terminal', sleeper('setsid --fork')),
      await startIn(lab, 'terminal', sleeper('env -i nohup') + ' >/dev/null 2>&1 &'),
      // One that heeds no signal but the last.
      await startIn(lab, 'apps', `(trap "" TERM HUP INT; ${sleeper('setsid')}) &`),
    ]
    const before = { tree: await folderDigest(place(lab)), git: await gitFacts(place(lab)) }
    // What git notes of times and of files' numbers when it looks is its own.
    before.tree = await folderDigest(place(lab))
    const record = await tools.registry.read(nameOf('shop-dev'))
    const makeRoom =
      size === undefined ? [] : await Promise.all([lab.workshop.home.base, join(lab.folder, 'projects')].map(fillDisk))

    const result = await end(lab)
    expect(result).toMatchObject({
      status: 'destroyed',
      trash_id: job.id,
      unsaved: ['2 changed files', '2 untracked files', '1 stash', '2 unpushed commits'],
    })
    expect(result).not.toHaveProperty('left_running')
    for (const pid of pids) expect(await isAlive(pid)).toBe(false)
    expect(await processesMarked(job.id)).toEqual([])
    expect(await isAlive(other)).toBe(true)
    expect(await sessions(lab)).toBe('other')
    expect((await readdir(join(lab.folder, 'projects'))).filter((name) => !name.startsWith('filler-'))).toEqual([
      `.devorch-trash-${job.id}`,
    ])
    expect(await viewSessions(tools)).toEqual([])
    const entry = await newest(lab)
    expect(entry).toMatchObject({ name: 'shop-dev', id: job.id, copy: result['moved_to'] })
    expect(entry.why).toBe(size === undefined ? 'the test' : null)
    expect(await folderDigest(entry.copy ?? '')).toEqual(before.tree)

    if (size === undefined) {
      expect(await restore(lab)).toMatchObject({ status: 'restarted', session: 'shop-dev' })
    } else {
      await expect(restore(lab)).rejects.toThrow(/shop-dev, which is back .*disk is full.*devorch restart shop-dev/)
      expect(await folderDigest(place(lab))).toEqual(before.tree)
      for (const make of makeRoom) await make()
      expect(await listTrash(tools)).toEqual([])
      await lab.workshop.tools.registry.read(nameOf('shop-dev'))
      const { restartSession } = await import('../../src/session/restart.js')
      await restartSession(nameOf('shop-dev'), tools, new AbortController().signal)
    }
    expect(await folderDigest(place(lab))).toEqual(before.tree)
    expect(await gitFacts(place(lab))).toEqual(before.git)
    expect(await sessions(lab)).toBe('other\nshop-dev')
    const back = await tools.registry.read(nameOf('shop-dev'))
    expect(back).toMatchObject({ job_id: job.id, agent: record?.agent })
    expect(back).not.toHaveProperty('removed')
    expect(await readFile(join(lab.workshop.home.sessions, 'shop-dev', 'tracker.md'), 'utf8')).toBe('orders')
    expect(await listTrash(tools)).toEqual([])
  })
})
