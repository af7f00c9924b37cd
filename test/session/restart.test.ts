import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import type { SessionRecord } from '../../src/session/registry.js'
import { restartSession, restoreSession } from '../../src/session/restart.js'
import { standingJob } from '../../src/session/standing-job.js'
import { startLab, type Lab } from './lab.js'

function nameOf(text: string): SessionName {
  const name = parseSessionName(text)
  if (name === undefined) throw new Error(text)
  return name
}

const restart = (lab: Lab) => restartSession(nameOf('shop-dev'), lab.workshop.tools, new AbortController().signal)
const restore = (lab: Lab) => restoreSession(nameOf('shop-dev'), lab.workshop.tools, new AbortController().signal)

async function recordOf(lab: Lab): Promise<SessionRecord> {
  const record = await lab.workshop.tools.registry.read(nameOf('shop-dev'))
  if (record === undefined) throw new Error('no record')
  return record
}

const pids = (lab: Lab) => lab.tmux.tmux('list-panes', '-a', '-F', '#{pane_pid}')

test('a restart makes the panes anew on the working copy as it is', async () => {
  const lab = await startLab()
  await lab.build({ tracker: 'orders' })
  const before = await pids(lab)
  const notes = join(lab.folder, 'projects', 'shop', 'notes.txt')
  await writeFile(notes, 'mine')
  expect(await restart(lab)).toMatchObject({ status: 'restarted', session: 'shop-dev', agent: { event: 'started' } })
  expect((await pids(lab)).split('\n')).toHaveLength(before.split('\n').length)
  expect(await pids(lab)).not.toBe(before)
  expect(await readFile(notes, 'utf8')).toBe('mine')
  const kept = join(lab.workshop.home.sessions, 'shop-dev', 'tracker.md')
  expect(await readFile(kept, 'utf8')).toBe('orders')
})

test('a session that was ended from outside is started again', async () => {
  const lab = await startLab()
  await lab.build()
  await lab.tmux.tmux('kill-server')
  expect(await restart(lab)).toMatchObject({ status: 'restarted' })
  expect((await lab.tmux.tmux('list-sessions', '-F', '#{session_name}')).trim()).toBe('shop-dev')
})

test('a person’s session that took the name is left alone', async () => {
  const lab = await startLab()
  await lab.build()
  await lab.tmux.tmux('new-session', '-d', '-s', 'keep', 'cat')
  await lab.tmux.tmux('kill-session', '-t', '=shop-dev')
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
  const before = await pids(lab)
  await expect(restart(lab)).rejects.toThrow(/did not make/)
  expect(await pids(lab)).toBe(before)
})

test('a session that nobody knows is not restarted', async () => {
  await expect(restart(await startLab())).rejects.toThrow(/knows no such session/)
})

test('a record says on which server its session stands, and what a restart changes in it', async () => {
  const lab = await startLab()
  await lab.build()
  const server = async () => {
    const [pid, start] = (await lab.tmux.tmux('display-message', '-p', '#{pid} #{start_time}')).trim().split(' ')
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return { boot_id: bootId, pid: Number(pid), start_time: Number(start), exit_empty: true }
  }
  const before = await recordOf(lab)
  expect(before.tmux_server).toEqual(await server())
  await lab.tmux.tmux('kill-server')
  await lab.workshop.tools.registry.write(nameOf('shop-dev'), { ...before, ended_at: '2026-11-23T00:00:00.000Z' })
  await restart(lab)
  expect(await recordOf(lab)).toEqual({ ...before, tmux_server: await server() })
})

test('a restart that can’t succeed ends nothing', async () => {
  const lab = await startLab()
  await lab.build()
  const before = await pids(lab)
  const place = join(lab.folder, 'projects', 'shop')
  await rename(place, `${place}.away`)
  await expect(restart(lab)).rejects.toThrow(/working copy .*shop is gone; put it back/)
  await writeFile(place, 'a file')
  await expect(restart(lab)).rejects.toThrow(/is no folder any more/)
  expect(await pids(lab)).toBe(before)
})

describe('restoring a session', () => {
  test('leaves it where it stands', async () => {
    const lab = await startLab()
    await lab.build()
    const before = await pids(lab)
    expect(await restore(lab)).toMatchObject({ status: 'existing', session: 'shop-dev' })
    expect(await pids(lab)).toBe(before)
  })

  test('makes its panes anew where it does not', async () => {
    const lab = await startLab()
    await lab.build()
    await lab.tmux.tmux('kill-server')
    expect(await restore(lab)).toMatchObject({ status: 'restored', session: 'shop-dev', agent: { event: 'started' } })
    expect((await pids(lab)).trim().split('\n')).toHaveLength(4)
  })

  test('fails with the reason where that can’t be, and harms nothing', async () => {
    const lab = await startLab()
    await lab.build()
    const record = await recordOf(lab)
    const { registry } = lab.workshop.tools
    await lab.tmux.tmux('kill-server')

    await registry.write(nameOf('shop-dev'), { ...record, ended_at: '2026-11-23T00:00:00.000Z' })
    await expect(restore(lab)).rejects.toThrow(/a person has ended it; .*devorch restart shop-dev/)

    await registry.write(nameOf('shop-dev'), { ...record, agent: { ...record.agent, name: 'ghost' } })
    await expect(restore(lab)).rejects.toThrow(/no agent is called ghost; put it back under agents/)

    await registry.write(nameOf('shop-dev'), record)
    const place = join(lab.folder, 'projects', 'shop')
    await rename(place, `${place}.away`)
    await expect(restore(lab)).rejects.toThrow(/working copy .*shop is gone/)
    await expect(lab.tmux.tmux('list-sessions')).rejects.toThrow()
    await rename(`${place}.away`, place)

    await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
    const before = await pids(lab)
    await expect(restore(lab)).rejects.toThrow(/did not make/)
    expect(await pids(lab)).toBe(before)
    expect(await recordOf(lab)).toEqual(record)
  })
})

test('the job of a standing session is known for its project and repository only', async () => {
  const lab = await startLab()
  const record = lab.record()
  await lab.build({}, record)
  const ask = (fields: Record<string, unknown>) =>
    standingJob(lab.record(fields).job, lab.workshop.config, lab.workshop.tools)
  expect(await ask({})).toBe(record.id)
  expect(await ask({ repo_url: lab.emptyRepository })).toBeUndefined()
  expect(await ask({ project_name: 'other' })).toBeUndefined()
  expect(await ask({ action: 'destroy', repo_url: undefined })).toBe(record.id)
  await lab.tmux.tmux('kill-server')
  expect(await ask({})).toBeUndefined()
})
