import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { restoreFromTrash } from '../../src/daemon/trash-work.js'
import { endSession } from '../../src/session/end.js'
import { restartSession } from '../../src/session/restart.js'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import type { SessionRecord } from '../../src/session/registry.js'
import { putAway } from '../../src/session/trash.js'
import { listTrash, type TrashEntry } from '../../src/session/trash-list.js'
import { viewSessions } from '../../src/session/view.js'
import { readProcesses, signalProcess } from '../../src/support/process-table.js'
import { fillDisk } from '../faults/place.js'
import { bindMount, mountTmpfs } from '../support/mount.js'
import { git } from '../support/repositories.js'
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
  const pid = Number(await readFile(file, 'utf8'))
  // Where the test fails, it goes on otherwise.
  const fact = (await readProcesses()).get(pid)
  onTestFinished(async () => {
    if (fact !== undefined) await signalProcess(fact, 'SIGKILL')
  })
  return pid
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
  test.for<[string, string | undefined]>([
    ['', undefined],
    [', on a full disk', '24m'],
  ])('comes back with every byte and its conversation; none of its processes remains%s', async ([, size], context) => {
    const lab = await startLab({}, { SHELL: '/bin/bash' })
    const { tools } = lab.workshop
    if (size !== undefined) {
      // Both disks get full.
      await mkdir(join(lab.folder, 'projects'))
      for (const folder of [lab.workshop.home.base, join(lab.folder, 'projects')]) {
        const refusal = await mountTmpfs(folder, size)
        if (refusal !== undefined) context.skip(refusal)
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

describe('ending a session', () => {
  test('leaves a person’s session that took the name', async () => {
    const lab = await startLab()
    await lab.build()
    await lab.tmux.tmux('new-session', '-d', '-s', 'keep', 'cat')
    await lab.tmux.tmux('kill-session', '-t', '=shop-dev')
    await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
    await end(lab)
    expect(await sessions(lab)).toBe('keep\nshop-dev')
  })

  test('finds it also where a person has renamed it', async () => {
    const lab = await startLab()
    await lab.build()
    await lab.tmux.tmux('rename-session', '-t', '=shop-dev', 'mine')
    expect(await end(lab)).toHaveProperty('moved_to')
    expect(await sessions(lab)).toBe('')
  })

  test('that an attempt before had ended, and was cut off, is ended', async () => {
    const lab = await startLab()
    expect(await end(lab, 'nobody-dev', { again: true })).toMatchObject({ status: 'destroyed' })
  })

  test('of which nothing is known fails with the reason', async () => {
    const lab = await startLab()
    await expect(end(lab, 'nobody-dev')).rejects.toThrow(/knows no such session/)
  })
})

describe('the working copy of a removed session stays where it is', () => {
  async function expectLeft(lab: Lab, because: RegExp, more: { keep?: boolean } = {}): Promise<void> {
    const result = await end(lab, 'shop-dev', more)
    expect(result['left_because']).toMatch(because)
    expect(result).not.toHaveProperty('moved_to')
    expect(await readdir(join(lab.folder, 'projects'))).not.toContainEqual(expect.stringMatching(/^\.devorch/))
    expect(await sessions(lab)).toBe('')
    expect(await newest(lab)).toMatchObject({ name: 'shop-dev', copy: null })
  }

  test('where a person had made it; the session can be had back all the same', async () => {
    const lab = await startLab()
    await mkdir(join(lab.folder, 'projects'))
    await git(lab.folder, 'clone', '--quiet', lab.repository, place(lab))
    const job = lab.record()
    expect(await lab.build({}, job)).toMatchObject({ reused: true })
    const before = await folderDigest(place(lab))
    await expectLeft(lab, /did not make it/)
    expect(await folderDigest(place(lab))).toEqual(before)
    expect(await restore(lab)).toMatchObject({ status: 'restarted' })
    expect(await lab.workshop.tools.registry.read(nameOf('shop-dev'))).toMatchObject({ job_id: job.id })
  })

  test('where it is a copy of one that the daemon made', async () => {
    const lab = await startLab()
    await lab.build()
    await rename(place(lab), `${place(lab)}.before`)
    await cp(`${place(lab)}.before`, place(lab), { recursive: true })
    await expectLeft(lab, /did not make it/)
  })

  test('where a person asked for that, and from then on', async () => {
    const lab = await startLab()
    await lab.build()
    await expectLeft(lab, /asked for/, { keep: true })
    expect(await lab.build()).toMatchObject({ status: 'created', reused: true })
    await expectLeft(lab, /did not make it/)
  })

  test('where a link was put in its place, and what that leads to is not touched', async () => {
    const lab = await startLab()
    await lab.build()
    const elsewhere = join(lab.folder, 'elsewhere')
    await rename(place(lab), elsewhere)
    await symlink(elsewhere, place(lab))
    const before = await folderDigest(elsewhere)
    await expectLeft(lab, /no folder any more/)
    expect(await folderDigest(elsewhere)).toEqual(before)
  })

  test('where it is another project’s, to which a person has linked', async () => {
    const lab = await startLab()
    await lab.build()
    await symlink(place(lab), join(lab.folder, 'projects', 'second'))
    expect(await lab.build({ project_name: 'second' })).toMatchObject({ reused: true })
    expect(await end(lab, 'second-dev')).toMatchObject({
      left_because: expect.stringMatching(/did not make/) as string,
    })
    expect(await readdir(place(lab))).toContain('README.md')
    expect(await sessions(lab)).toBe('shop-dev')
  })

  test.for<[string, string]>([
    ['it', ''],
    ['a folder in it', 'data'],
  ])('where something is mounted over %s', async ([, within], context) => {
    const lab = await startLab()
    await lab.build()
    await mkdir(join(place(lab), 'data'))
    const other = join(lab.folder, 'other')
    await cp(place(lab), other, { recursive: true })
    const at = join(place(lab), within)
    const refusal = await bindMount(within === '' ? place(lab) : other, at)
    if (refusal !== undefined) context.skip(refusal)
    await expectLeft(lab, /is mounted there/)
    expect(await readdir(at)).toContain('README.md')
  })

  test('where something was put into the place that it would get', async () => {
    const lab = await startLab()
    const job = lab.record()
    await lab.build({}, job)
    const inTheWay = join(lab.folder, 'projects', `.devorch-trash-${job.id}`)
    await mkdir(inTheWay)
    expect(await end(lab)).toMatchObject({ left_because: `something stands at ${inTheWay}` })
    expect(await readdir(place(lab))).toContain('README.md')
  })

  test('or nowhere, where it was removed', async () => {
    const lab = await startLab()
    await lab.build()
    await rm(place(lab), { recursive: true })
    expect(await end(lab)).toMatchObject({ status: 'destroyed', unsaved: null })
    await expect(restore(lab)).rejects.toThrow(/neither in the trash nor at .*shop; put it there/)
    expect(await lab.build()).toMatchObject({ reused: false })
  })
})

describe('a removal that was cut off', () => {
  /** As it is after the working copy was moved and before the record was. */
  async function cutOff(lab: Lab): Promise<SessionRecord> {
    const record = await lab.workshop.tools.registry.read(nameOf('shop-dev'))
    if (record === undefined) throw new Error('no record')
    await lab.tmux.tmux('kill-server')
    expect(await putAway(record, false)).toMatchObject({ kind: 'moved' })
    return record
  }

  test('is completed when it is done again', async () => {
    const lab = await startLab()
    await lab.build()
    const record = await cutOff(lab)
    expect(await end(lab)).toMatchObject({ trash_id: record.job_id, moved_to: expect.any(String) as string })
    expect(await newest(lab)).toMatchObject({ id: record.job_id })
    await restore(lab)
    expect(await sessions(lab)).toBe('shop-dev')
  })

  test('is completed before a new session takes the name', async () => {
    const lab = await startLab()
    await lab.build()
    const record = await cutOff(lab)
    expect(await lab.build()).toMatchObject({ status: 'created', reused: false })
    const entry = await newest(lab)
    expect(entry).toMatchObject({ id: record.job_id, copy: expect.any(String) as string })
    await expect(restore(lab)).rejects.toThrow(/there is a session of that name; .*devorch rm shop-dev/)
    await end(lab)
    // The newer one lies beside it.
    expect(await listTrash(lab.workshop.tools)).toHaveLength(2)
  })

  test('leaves what a person has put in its place', async () => {
    const lab = await startLab()
    await lab.build()
    await cutOff(lab)
    await mkdir(place(lab))
    await writeFile(join(place(lab), 'mine.txt'), 'mine')
    await end(lab)
    expect(await readdir(place(lab))).toEqual(['mine.txt'])
    await expect(restore(lab)).rejects.toThrow(/something stands at .*shop; move that away/)
    expect(await readdir(place(lab))).toEqual(['mine.txt'])
    await rm(place(lab), { recursive: true })
    expect(await restore(lab)).toMatchObject({ status: 'restarted' })
  })
})

test.each(['a link that leads nowhere', 'a file', 'an empty folder'])('nothing is restored over %s', async (what) => {
  const lab = await startLab()
  await lab.build()
  await end(lab)
  if (what === 'a file') await writeFile(place(lab), '')
  else if (what === 'an empty folder') await mkdir(place(lab))
  else await symlink('/nonexistent/nowhere', place(lab))
  await expect(restore(lab)).rejects.toThrow(/something stands at/)
  expect((await newest(lab)).copy).not.toBeNull()
  await rm(place(lab), { recursive: true })
  await restore(lab)
  expect(await readdir(place(lab))).toContain('README.md')
})

test('a restore that was cut off after its first rename goes on', async () => {
  const lab = await startLab()
  await lab.build()
  await end(lab)
  await rename((await newest(lab)).copy ?? '', place(lab))
  expect(await restore(lab)).toMatchObject({ status: 'restarted' })
})
