import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createProgress } from '../../src/daemon/progress.js'
import { newJobId } from '../../src/job/id.js'
import { postJson } from '../support/http-call.js'
import { createAndWait, get, makeLab } from './lab.js'

test('the step that was begun last and goes on is told, and none of a job that has ended', async () => {
  const progress = createProgress()
  const id = newJobId('shop', new Date())
  expect(progress.stepOf(id)).toBeUndefined()
  const failing = progress.follow(id, (onStep) => {
    expect(progress.stepOf(id)).toBe('begin')
    onStep('tracker_ms', undefined)
    onStep('repository_ms', undefined)
    expect(progress.stepOf(id)).toBe('repository')
    onStep('repository_ms', 3)
    expect(progress.stepOf(id)).toBe('tracker')
    onStep('tracker_ms', 3)
    expect(progress.stepOf(id)).toBe('begin')
    return Promise.reject(new Error('failed'))
  })
  await expect(failing).rejects.toThrow('failed')
  expect(progress.stepOf(id)).toBeUndefined()
})

test('who asks for a running job is told its step, and who waits behind it its place', async () => {
  const silent = createServer()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  onTestFinished(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const { port } = silent.address() as AddressInfo
  const lab = await makeLab()
  const daemon = await lab.start({
    worker: { min_free_memory_mb: 0, concurrency: 1 },
    repositories: { protocols: ['file', 'http'], private_addresses: true },
  })
  const send = async (project: string, repository: string) => {
    const body = { project_name: project, repo_url: repository }
    return ((await postJson(`${daemon.url}/create-session`, body)).json as { status_url: string }).status_url
  }
  const held = await send('held', `http://127.0.0.1:${port.toString()}/held.git`)
  await vi.waitFor(
    async () => {
      expect((await get(daemon, held)).json).toMatchObject({ state: 'active', step: 'repository', attempts: 1 })
    },
    { timeout: 20_000, interval: 50 },
  )
  const next = await send('next', lab.repository)
  const last = await send('last', lab.repository)
  expect((await get(daemon, next)).json).toMatchObject({ state: 'queued', position: 1 })
  expect((await get(daemon, last)).json).toMatchObject({ state: 'queued', position: 2 })
})

test('the steps of a session that stands are in its result', async () => {
  const lab = await makeLab()
  const daemon = await lab.start()
  const { json } = await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
  const { job } = json as { job: { result: { steps: Record<string, number> } } }
  const steps = ['repository_ms', 'template_ms', 'tracker_ms', 'agent_ms', 'session_ms', 'total_ms']
  expect(Object.keys(job.result.steps).sort()).toEqual(steps.sort())
})
