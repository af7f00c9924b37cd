import { once } from 'node:events'
import { mkdir, readdir, rename } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { JobRecord } from '../../src/job/record.js'
import { buildSession } from '../../src/session/build.js'
import { exists } from '../../src/support/files.js'
import { startGitServer, type GitServer } from '../support/git-server.js'
import { makeBareRepository } from '../support/repositories.js'
import { startLab, type Lab } from './lab.js'

/** What a job begins before it has the lock of its project. */
const build = (lab: Lab, record: JobRecord, lock: () => Promise<unknown>) =>
  buildSession(record, lab.workshop.tools, new AbortController().signal, lock)

const projects = async (lab: Lab) => (await readdir(join(lab.folder, 'projects'))).sort()

async function serve(lab: Lab, gate: () => Promise<boolean> = () => Promise.resolve(true)): Promise<GitServer> {
  await mkdir(join(lab.folder, 'served'))
  await makeBareRepository(join(lab.folder, 'served', 'app.git'), { 'README.md': '# App\n' })
  const server = await startGitServer(join(lab.folder, 'served'), { gate })
  onTestFinished(() => server.close())
  return server
}

test('the clone, in its hidden folder; it comes to its place under the lock', async () => {
  const lab = await startLab()
  let give = (): void => undefined
  const given = new Promise<void>((resolve) => {
    give = resolve
  })
  const record = lab.record()
  const building = build(lab, record, () => given)
  const whole = async () => {
    const [hidden, ...others] = await projects(lab).catch(() => [])
    expect(others).toEqual([])
    return hidden !== undefined && (await exists(join(lab.folder, 'projects', hidden, 'PROGRESS_TRACKER.md'))) && hidden
  }
  await expect.poll(whole, { timeout: 20_000 }).toMatch(new RegExp(`^\\.devorch-${record.id}\\.`))
  expect(await lab.workshop.tools.registry.list()).toEqual([])
  give()
  expect(await building).toMatchObject({ status: 'created', reused: false, tracker: { from: 'composed' } })
  expect(await projects(lab)).toEqual(['shop'])
})

test('and is given up where another made the session before it had the lock', async () => {
  const lab = await startLab()
  const result = await build(lab, lab.record(), () => lab.build())
  expect(result).toMatchObject({ status: 'existing', session: 'shop-dev' })
  expect(await projects(lab)).toEqual(['shop'])
})

test('and where the lock can’t be had', async () => {
  const lab = await startLab()
  await expect(build(lab, lab.record(), () => Promise.reject(new Error('no lock')))).rejects.toThrow('no lock')
  expect(await projects(lab)).toEqual([])
  await expect(lab.tmux.tmux('list-sessions')).rejects.toThrow()
})

test('nothing where the session stands: its repository is not asked for', async () => {
  const lab = await startLab()
  const server = await serve(lab)
  const job = { repo_url: `${server.url}/app.git` }
  await lab.build(job)
  const before = server.requests.length
  expect(await lab.build(job)).toMatchObject({ status: 'existing' })
  expect(server.requests.length).toBe(before)
})

test('a clone that takes long is given up where the session’s name is a person’s', async () => {
  const lab = await startLab()
  const server = await serve(lab, () => new Promise(() => undefined))
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
  await expect(lab.build({ repo_url: `${server.url}/app.git` })).rejects.toThrow(/dev-orchestrator did not make/)
  expect(server.requests).toHaveLength(1)
  expect(await projects(lab)).toEqual([])
})

test('a short one is taken back, and what a person has put in its place meanwhile is not', async () => {
  const lab = await startLab()
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
  await expect(lab.build()).rejects.toThrow(/dev-orchestrator did not make/)
  expect(await projects(lab)).toEqual([])
  expect(await lab.workshop.tools.registry.list()).toEqual([])
  // The same, with all that tmux is asked answered only after the working copy was exchanged.
  const { tools } = lab.workshop
  const exchange = async () => {
    await rename(join(lab.folder, 'projects', 'shop'), join(lab.folder, 'ours'))
    await mkdir(join(lab.folder, 'projects', 'shop'))
    return { kind: 'duplicate' } as const
  }
  const slow = { ...tools, tmux: { ...tools.tmux, createSession: exchange } }
  const building = buildSession(lab.record(), slow, new AbortController().signal, () => Promise.resolve())
  await expect(building).rejects.toThrow(/dev-orchestrator did not make/)
  expect(await projects(lab)).toEqual(['shop'])
})

test('a tracker that is fetched for long holds up no other job of the same repository', async () => {
  const lab = await startLab()
  const asked: ServerResponse[] = []
  const server = createServer((_, response) => asked.push(response)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const slow = lab.build({ tracker_url: `http://127.0.0.1:${port.toString()}/tracker.md` })
  await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(1)
  expect(await lab.build({ project_name: 'other' })).toMatchObject({ status: 'created' })
  asked[0]?.end('# From elsewhere\n')
  expect(await slow).toMatchObject({ status: 'created', tracker: { from: 'url' } })
})
