import { once } from 'node:events'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import type { JobRecord } from '../../src/job/record.js'
import { buildSession } from '../../src/session/build.js'
import { exists } from '../../src/support/files.js'
import type { PaneListing } from '../../src/tmux/types.js'
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

/** Tools whose tmux answers the question for its sessions by `ask`, which gets what the real one would say. */
function askedBy(lab: Lab, ask: (real: () => Promise<PaneListing>) => Promise<PaneListing>): Lab['workshop']['tools'] {
  const { tools } = lab.workshop
  return { ...tools, tmux: { ...tools.tmux, listPanes: () => ask(() => tools.tmux.listPanes()) } }
}

const buildWith = (tools: Lab['workshop']['tools'], lab: Lab, job: Record<string, unknown> = {}) =>
  buildSession(lab.record(job), tools, new AbortController().signal, () => Promise.resolve())

test('a clone that takes long is given up where the session’s name is a person’s', async () => {
  const lab = await startLab()
  const server = await serve(lab, () => new Promise(() => undefined))
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
  const tools = askedBy(lab, async (real) => {
    await expect.poll(() => server.requests.length).toBe(1)
    return await real()
  })
  const building = buildWith(tools, lab, { repo_url: `${server.url}/app.git` })
  await expect(building).rejects.toThrow(/dev-orchestrator did not make/)
  expect(await projects(lab)).toEqual([])
})

test('a name that was taken only while a long clone went on is seen before anything comes to its place', async () => {
  const lab = await startLab()
  let asked = 0
  let letGo = (): void => undefined
  const gone = new Promise<boolean>((resolve) => {
    letGo = () => {
      resolve(true)
    }
  })
  const server = await serve(lab, () => gone)
  const tools = askedBy(lab, (real) => {
    asked += 1
    return real()
  })
  const building = buildWith(tools, lab, { repo_url: `${server.url}/app.git` })
  const outcome = building.catch((error: unknown) => error)
  await expect.poll(() => asked).toBe(1)
  await sleep(600)
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
  letGo()
  expect(await outcome).toMatchObject({ name: 'Problem', field: 'project_name' })
  expect(asked).toBe(2)
  expect(await projects(lab)).toEqual([])
})

test('where it is a person’s nothing comes to its place, however late tmux says so', async () => {
  const lab = await startLab()
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
  let seen: string[] = []
  const tools = askedBy(lab, async (real) => {
    const tracker = async () => {
      seen = await projects(lab)
      return await exists(join(lab.folder, 'projects', seen[0] ?? '', 'PROGRESS_TRACKER.md'))
    }
    await expect.poll(tracker).toBe(true)
    await sleep(300)
    return await real()
  })
  await expect(buildWith(tools, lab)).rejects.toThrow(/dev-orchestrator did not make/)
  expect(seen).toEqual([expect.stringMatching(/^\.devorch-/)])
  expect(await projects(lab)).toEqual([])
  expect(await lab.workshop.tools.registry.list()).toEqual([])
})

test('the empty folder of a person who is in it is left alone', async () => {
  const lab = await startLab()
  const folder = join(lab.folder, 'projects', 'shop')
  await mkdir(folder, { recursive: true })
  const { ino } = await stat(folder)
  await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', '-c', folder, 'cat')
  await expect(lab.build()).rejects.toThrow(/dev-orchestrator did not make/)
  expect((await stat(folder)).ino).toBe(ino)
  expect(await projects(lab)).toEqual(['shop'])
})

test('what a person wrote there, where their session came last of all, stays', async () => {
  const lab = await startLab()
  const { tools } = lab.workshop
  const note = join(lab.folder, 'projects', 'shop', 'notes.txt')
  const createSession = async () => {
    await writeFile(note, 'mine')
    return { kind: 'duplicate' } as const
  }
  const late = { ...tools, tmux: { ...tools.tmux, createSession } }
  await expect(buildWith(late, lab)).rejects.toThrow(/dev-orchestrator did not make/)
  expect(await readFile(note, 'utf8')).toBe('mine')
  expect(await tools.registry.list()).toEqual([])
})

test('a tmux without an answer fails the attempt with nothing in its place, so that the next one has its template', async () => {
  const lab = await startLab()
  const tools = askedBy(lab, () => Promise.resolve({ kind: 'unknown', because: 'it is out of sorts' }))
  await expect(buildWith(tools, lab)).rejects.toMatchObject({ transient: true, because: 'it is out of sorts' })
  expect(await projects(lab)).toEqual([])
  expect(await lab.build()).toMatchObject({ status: 'created', reused: false, tracker: { from: 'composed' } })
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
