import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import { restartSession } from '../../src/session/restart.js'
import { standingJob } from '../../src/session/standing-job.js'
import { startLab, type Lab } from './lab.js'

function nameOf(text: string): SessionName {
  const name = parseSessionName(text)
  if (name === undefined) throw new Error(text)
  return name
}

const restart = (lab: Lab) => restartSession(nameOf('shop-dev'), lab.workshop.tools, new AbortController().signal)
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
