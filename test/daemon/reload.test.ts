import { describe, expect, it } from 'vitest'
import { configSchema } from '../../src/config/schema.js'
import { httpCall, postJson } from '../support/http-call.js'
import { createAndWait, get, makeLab, type Lab } from './lab.js'

const load = (lab: Lab, changes: Record<string, unknown>) => () =>
  Promise.resolve(configSchema.parse(lab.settings(changes)))

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

describe('a reload', () => {
  it('puts secrets, limits, agents and the worker in force, while what waits goes on', async () => {
    const lab = await makeLab()
    const paused = { worker: { min_free_memory_mb: 0, max_sessions: 1 } }
    const daemon = await lab.start(paused)
    await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
    const waiting = createAndWait(daemon, { project_name: 'cart', repo_url: lab.repository })
    await expect.poll(() => lab.jobs('inbox'), { timeout: 10_000 }).toHaveLength(1)

    const changes = {
      worker: { min_free_memory_mb: 0, max_sessions: 2 },
      auth: { tokens: ['the-new-token'] },
      agents: { cat: { kind: 'command', command: ['cat'] }, tail: { kind: 'command', command: ['cat', '-'] } },
      limits: { queued_jobs: 0, requests_per_minute: 3 },
    }
    expect(await daemon.reload(load(lab, changes))).toMatchObject({ worker: { max_sessions: 2 } })
    expect(await waiting).toMatchObject({ status: 200, json: { session: 'cart-dev' } })

    expect(await get(daemon, '/sessions')).toMatchObject({ status: 401 })
    expect(await httpCall(`${daemon.url}/sessions`, { headers: bearer('the-new-token') })).toMatchObject({
      status: 200,
    })
    const job = { project_name: 'till', repo_url: lab.repository, agent: 'tail' }
    expect(await postJson(`${daemon.url}/create-session`, job, bearer('the-new-token'))).toMatchObject({ status: 202 })
    expect(await get(daemon, '/sessions')).toMatchObject({ status: 429 })
  })

  it.each([
    ['rules that are not there', { github: { rules: '/nonexistent/rules.yaml' } }, /rules/],
    ['a proxy that is no address', { server: { port: 0, trusted_proxies: ['proxy.local'] } }, /trusted_proxies|proxy/],
  ])('refuses %s and leaves all as it was', async (_, changes, because) => {
    const lab = await makeLab()
    const daemon = await lab.start()
    const secrets = { auth: { tokens: ['never-in-force'] } }
    expect(await daemon.reload(load(lab, { ...changes, ...secrets }))).toBeUndefined()
    expect(lab.log).toContainEqual({
      level: 'error',
      message: 'configuration refused; the one before stays in force',
      fields: { error: expect.objectContaining({ message: expect.stringMatching(because) as string }) as Error },
    })
    expect(await get(daemon, '/sessions')).toMatchObject({ status: 200 })
  })

  it('refuses to go without a secret where the address is open', async () => {
    const lab = await makeLab()
    const open = { server: { host: '0.0.0.0', port: 0 } }
    const daemon = await lab.start({ ...open, auth: { tokens: ['the-token'] } })
    const url = daemon.url.replace('0.0.0.0', '127.0.0.1')
    // Also where the new configuration names a closed address: the open one stays until a restart.
    expect(await daemon.reload(load(lab, { server: { port: 0 } }))).toBeUndefined()
    expect(await httpCall(`${url}/sessions`, { headers: bearer('the-token') })).toMatchObject({ status: 200 })
    expect(await httpCall(`${url}/sessions`)).toMatchObject({ status: 401 })
  })

  it('names the settings that take a restart', async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    expect(await daemon.reload(load(lab, { server: { port: 9 }, log: { days: 2 } }))).toBeDefined()
    expect(lab.log).toContainEqual({
      level: 'warn',
      message: 'settings that take a restart have changed',
      fields: { settings: ['server.port', 'log.days'] },
    })
    expect(await get(daemon, '/readyz')).toMatchObject({ status: 200 })
  })
})
