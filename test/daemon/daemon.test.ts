import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpCall, postJson } from '../support/http-call.js'
import { mountTmpfs } from '../support/mount.js'
import { createAndWait, get, makeLab, panesOf, sessionNames } from './lab.js'

/** A server on loopback that answers nothing, until the calling test ends. */
async function silentServer(): Promise<Server> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return server
}

describe('starting', () => {
  it('refuses a second daemon on the same home, and allows the next one after the first', async () => {
    const lab = await makeLab()
    const first = await lab.start()
    await expect(lab.start()).rejects.toThrow(/another daemon runs on this home; stop that one first/)
    expect(await get(first, '/healthz')).toMatchObject({ status: 200 })
    await first.stop(0)
    const second = await lab.start()
    expect(await get(second, '/readyz')).toMatchObject({ status: 200 })
  })

  it.each(['0.0.0.0', '::', '192.0.2.1', 'example.com'])('refuses %s without a secret', async (host) => {
    const lab = await makeLab()
    await expect(lab.start({ server: { host, port: 0 } })).rejects.toMatchObject({
      field: 'server.host',
      message: expect.stringMatching(/no secret is configured.*auth\.github_secrets/) as string,
    })
    expect(await readdir(lab.folder)).not.toContain('home')
  })

  it('listens there with one, and asks for it', async () => {
    const lab = await makeLab()
    const daemon = await lab.start({ server: { host: '0.0.0.0', port: 0 }, auth: { tokens: ['a-token'] } })
    const url = daemon.url.replace('0.0.0.0', '127.0.0.1')
    expect(await httpCall(`${url}/sessions`)).toMatchObject({ status: 401 })
    const headers = { authorization: 'Bearer a-token' }
    expect(await httpCall(`${url}/sessions`, { headers })).toMatchObject({ status: 200, json: { sessions: [] } })
  })

  it('says that the port is taken, before a job is begun, and leaves the home free', async () => {
    const lab = await makeLab()
    const other = await silentServer()
    const { port } = other.address() as AddressInfo
    await lab.drop('a.yaml', `project_name: shop\nrepo_url: ${lab.repository}\n...\n`)
    await expect(lab.start({ server: { port } })).rejects.toThrow(
      `listen on 127.0.0.1:${port.toString()}: the port is taken; set server.port in config.yaml, or DEVORCH_PORT`,
    )
    expect(await readdir(lab.home.inbox)).toEqual(['a.yaml'])
    await lab.start()
    expect(await lab.settled(1)).toMatchObject([{ result: { status: 'created' } }])
  })

  it('names the proxy that is no address', async () => {
    const lab = await makeLab()
    await expect(lab.start({ server: { port: 0, trusted_proxies: ['proxy.local'] } })).rejects.toMatchObject({
      field: 'server.trusted_proxies',
    })
  })

  it('refuses an inbox on another file system', async (test) => {
    const lab = await makeLab()
    await mkdir(lab.home.inbox, { recursive: true })
    const refusal = await mountTmpfs(lab.home.inbox)
    if (refusal !== undefined) test.skip(refusal)
    await expect(lab.start()).rejects.toThrow(/not on one filesystem.*put both on one/)
    expect(await readdir(lab.home.inbox)).toEqual([])
  })

  it('clears away what a killed start left, and nothing else', async () => {
    const lab = await makeLab()
    await (await lab.start()).stop(0)
    const probe = '.probe.999999999.0123456789ab.tmp'
    for (const name of [probe, '.hidden', 'notes.txt']) await writeFile(join(lab.home.inbox, name), '')
    await writeFile(join(lab.home.active, probe), '')
    await lab.start()
    expect((await readdir(lab.home.inbox)).sort()).toEqual(['.hidden', 'notes.txt'])
    expect(await readdir(lab.home.active)).toEqual([])
  })
})

describe('stopping', () => {
  it('leaves every session and the processes in it alone; the next daemon knows them', async () => {
    const lab = await makeLab()
    const first = await lab.start()
    await createAndWait(first, { project_name: 'shop', repo_url: lab.repository })
    const before = await panesOf(lab, 'shop-dev')
    expect(before).toHaveLength(4)
    const told = (await get(first, '/sessions/shop-dev')).json
    await first.stop(1000)
    expect(await panesOf(lab, 'shop-dev')).toEqual(before)

    const second = await lab.start()
    expect((await get(second, '/sessions/shop-dev')).json).toEqual(told)
    const again = await createAndWait(second, { project_name: 'shop', repo_url: lab.repository })
    expect(again).toMatchObject({ status: 200, json: { session: 'shop-dev', job: { result: { status: 'existing' } } } })
    expect(await panesOf(lab, 'shop-dev')).toEqual(before)
    expect(await sessionNames(lab)).toEqual(['shop-dev'])
  })

  it('cuts a job off after the grace; the next start goes on with it', async () => {
    const lab = await makeLab()
    // A server that never answers keeps the job at its clone.
    const slow = {
      repositories: { protocols: ['file', 'http'], private_addresses: true },
    }
    const silent = await silentServer()
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port.toString()}/a.git`
    const first = await lab.start(slow)
    const waiting = postJson(
      `${first.url}/create-session`,
      { project_name: 'shop', repo_url: url },
      { prefer: 'wait=300' },
    )
    await expect.poll(async () => (await lab.jobs('active')).length, { timeout: 10_000 }).toBe(1)
    const begunMs = performance.now()
    await first.stop(300)
    expect(performance.now() - begunMs).toBeLessThan(8000)
    // Who waits for the outcome is told that the job is kept.
    expect(await waiting).toMatchObject({ status: 202 })
    expect(await lab.jobs('active')).toHaveLength(1)
    expect((await readdir(lab.projects)).filter((name) => name.startsWith('.devorch-'))).toEqual([])
    expect(await readdir(lab.home.inbox)).toEqual([])
    await lab.start(slow)
    expect(lab.log).toContainEqual(expect.objectContaining({ message: 'jobs found that were interrupted' }))
  })
})
