import { connect } from 'node:net'
import { once } from 'node:events'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createLog } from '../../src/support/log.js'
import { Problem } from '../../src/support/problem.js'
import { redactor } from '../../src/support/redact.js'
import { httpCall, postJson } from '../support/http-call.js'
import { temporaryFolder } from '../support/temporary.js'
import { bearer, githubExample, job, secrets, sign, startReceiver } from './receiver.js'

/** A call as it is written, since node:http corrects some of what an attacker would send. */
async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
  socket.on('error', () => undefined)
  socket.write(Buffer.from(text, 'latin1'))
  const timer = setTimeout(() => socket.destroy(), 10_000)
  await once(socket, 'close')
  clearTimeout(timer)
  return received
}

describe('GET /jobs/:id', () => {
  it('tells the place in the queue, also among files that were dropped by hand, and what a running job is at', async () => {
    const receiver = await startReceiver({ ports: { stepOf: (id) => (id === running ? 'repository' : undefined) } })
    let running = ''
    const send = async (project: string) => {
      const { json } = await postJson(`${receiver.url}/create-session`, { ...job, project_name: project }, bearer)
      return json as { job_id: string; status_url: string }
    }
    const tell = async (path: string) => (await httpCall(receiver.url + path, { headers: bearer })).json
    const first = await send('first')
    const second = await send('second')
    expect(await tell(first.status_url)).toMatchObject({ state: 'queued', position: 1 })
    expect(await tell(second.status_url)).toMatchObject({ state: 'queued', position: 2 })
    await writeFile(join(receiver.home.inbox, 'README.md'), '')
    await writeFile(join(receiver.home.inbox, '.under-way.yaml'), '')
    for (const [name, at] of [
      ['before.yaml', new Date(Date.now() - 60_000)],
      ['behind.yml', new Date(Date.now() + 60_000)],
    ] as const) {
      await writeFile(join(receiver.home.inbox, name), '')
      await utimes(join(receiver.home.inbox, name), at, at)
    }
    expect(await tell(second.status_url)).toMatchObject({ position: 3 })

    const claim = await receiver.spool.claim(`${first.job_id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    expect(await tell(second.status_url)).toMatchObject({ position: 2 })
    const begun = (await tell(first.status_url)) as { begun_at: string; received_at: string }
    expect(begun).toMatchObject({ state: 'active', step: 'waiting', attempts: 1 })
    expect(Date.parse(begun.begun_at)).toBeGreaterThanOrEqual(Date.parse(begun.received_at))
    running = first.job_id
    expect(await tell(first.status_url)).toMatchObject({ state: 'active', step: 'repository' })

    const finished = '2026-11-22T10:00:00Z'
    await receiver.spool.settle(claim.record, { status: 'created', finished_at: finished, session: 'first-dev' })
    const settled = (await tell(first.status_url)) as Record<string, unknown>
    expect(settled).toMatchObject({ state: 'done', begun_at: begun.begun_at, finished_at: finished })
    expect(settled).not.toHaveProperty('step')
    expect(settled).not.toHaveProperty('position')
  })

  it('tells of a job that waits, and of one that is settled', async () => {
    const receiver = await startReceiver()
    const { json } = await postJson(`${receiver.url}/create-session`, job, bearer)
    const { job_id: id, status_url: path } = json as { job_id: string; status_url: string }
    expect(await httpCall(receiver.url + path, { headers: bearer })).toMatchObject({
      status: 200,
      json: { job_id: id, state: 'queued', project_name: 'test-app', session_name: 'test-app-dev', attempts: 0 },
    })
    const claim = await receiver.spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    const error = { message: 'clone it: no such host; check repo_url' }
    await receiver.spool.settle(claim.record, { status: 'failed', finished_at: '2026-11-22T10:00:00Z', error })
    expect(await httpCall(receiver.url + path, { headers: bearer })).toMatchObject({
      status: 200,
      json: { state: 'failed', attempts: 1, result: { status: 'failed', error } },
    })
  })

  it('reads no other file, whatever the path', async () => {
    const receiver = await startReceiver()
    const id = '20261122T210431123Z-a-00000000'
    await writeFile(join(receiver.home.base, `${id}.yaml`), 'project_name: secret\nrepo_url: https://github.com/a/b\n')
    for (const path of [
      `/jobs/../${id}`,
      `/jobs/..%2f${id}`,
      `/jobs/%2e%2e%2f${id}`,
      `/jobs/${id}%00`,
      `/jobs/${id}%0a`,
      `/jobs/${id}.yaml`,
      `/jobs/${id}`,
      '/jobs/',
      '/jobs/..',
      '/jobs/%',
      '/jobs/%E0%A4%A',
      `/jobs/${'a'.repeat(4000)}`,
      '/jobs/__proto__',
      `/jobs//${id}`,
      '/jobs/a/b',
      `//evil.example/jobs/${id}`,
      `/jobs/${id.toLowerCase()}`,
      '/%2e%2e/%2e%2e/etc/passwd',
    ]) {
      const head = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${bearer.authorization}\r\nConnection: close\r\n\r\n`
      const answer = await raw(receiver.port, head)
      expect(answer, path).toMatch(/^HTTP\/1\.1 40[04] /)
      expect(answer, path).not.toContain('secret')
    }
  })
})

describe('sessions', () => {
  const session = { name: 'test-app-dev', project: 'test-app' }
  const ports = {
    sessions: () => Promise.resolve([session]),
    session: (name: string) => Promise.resolve(name === session.name ? session : undefined),
  }

  it('are told of, one and all', async () => {
    const receiver = await startReceiver({ ports })
    expect(await httpCall(`${receiver.url}/sessions`, { headers: bearer })).toMatchObject({
      status: 200,
      json: { sessions: [session] },
    })
    expect((await httpCall(`${receiver.url}/sessions/test-app-dev`, { headers: bearer })).json).toEqual(session)
    expect(await httpCall(`${receiver.url}/sessions/other-dev`, { headers: bearer })).toMatchObject({ status: 404 })
  })

  it('are ended by a job', async () => {
    const receiver = await startReceiver({ ports })
    const answer = await httpCall(`${receiver.url}/sessions/test-app-dev`, { method: 'DELETE', headers: bearer })
    expect(answer).toMatchObject({ status: 202, json: { status: 'queued', session_name: 'test-app-dev' } })
    expect(Object.keys(answer.json as object).sort()).toEqual(['job_id', 'session_name', 'status', 'status_url'])
    expect(await receiver.onlyJob()).toMatchObject({ project_name: 'test-app', action: 'destroy' })
    const other = await httpCall(`${receiver.url}/sessions/other-dev`, { method: 'DELETE', headers: bearer })
    expect(other.status).toBe(404)
    expect(await receiver.inbox()).toHaveLength(1)
  })

  it('say why where they cannot be told of', async () => {
    const parts = { doing: 'ask tmux', because: 'no answer', remedy: 'see tmux ls' }
    for (const [transient, status] of [
      [true, 503],
      [false, 500],
    ] as const) {
      const failing = () => Promise.reject(new Problem({ ...parts, transient }))
      const receiver = await startReceiver({ ports: { sessions: failing } })
      const answer = await httpCall(`${receiver.url}/sessions`, { headers: bearer })
      expect(answer).toMatchObject({ status, json: { message: 'ask tmux: no answer; see tmux ls' } })
    }
  })
})

describe('health', () => {
  it('is told to anybody, without detail', async () => {
    const reasons: string[] = []
    const receiver = await startReceiver({ ports: { notReady: () => Promise.resolve(reasons[0]) } })
    expect(await httpCall(`${receiver.url}/healthz`)).toMatchObject({ status: 200, text: '{"status":"ok"}' })
    expect(await httpCall(`${receiver.url}/readyz`)).toMatchObject({ status: 200, text: '{"status":"ready"}' })
    reasons.push('the inbox /srv/secret is read-only')
    expect(await httpCall(`${receiver.url}/readyz`)).toMatchObject({ status: 503, text: '{"status":"not ready"}' })
    expect(receiver.log).toContainEqual(expect.objectContaining({ level: 'warn', fields: { because: reasons[0] } }))
  })
})

describe('other calls', () => {
  it.each([
    ['GET', '/', 404],
    ['POST', '/', 404],
    ['GET', '/create-session/', 405],
    ['GET', '/create-session', 405],
    ['PUT', '/create-session', 405],
    ['DELETE', '/sessions', 405],
    ['PATCH', '/sessions/a', 405],
    ['POST', '/jobs/a', 405],
    ['PURGE', '/sessions', 501],
    ['TRACE', '/sessions', 501],
    ['OPTIONS', '/create-session', 200],
    ['OPTIONS', '/nothing', 404],
    ['HEAD', '/healthz', 200],
    ['HEAD', '/sessions', 401],
    ['HEAD', '/nothing', 404],
    ['GET', '/Create-Session', 405],
    ['GET', '/healthz?x=1', 200],
    ['GET', '/config.yaml', 404],
    ['GET', '/.git/config', 404],
  ])('%s %s is answered with %i', async (method, path, status) => {
    const receiver = await startReceiver()
    const answer = await httpCall(receiver.url + path, { method })
    expect(answer.status).toBe(status)
    if (status === 405) expect(answer.headers.allow).toMatch(/POST|GET/)
    if (status >= 400 && method !== 'HEAD') expect(answer.json).toMatchObject({ status: 'error' })
    if (method === 'HEAD') expect(answer.text).toBe('')
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(await receiver.inbox()).toEqual([])
  })

  it.each([
    'GET /healthz HTTP/1.1\r\n\r\n',
    'GARBAGE\r\n\r\n',
    `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    'POST /create-session HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /create-session HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'CONNECT evil.example:443 HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: a\0b\r\n\r\n',
  ])('that are no proper HTTP are refused, and the next one is served', async (text) => {
    const receiver = await startReceiver()
    expect(await raw(receiver.port, text)).toMatch(/^$|^HTTP\/1\.1 4/)
    expect((await httpCall(`${receiver.url}/healthz`)).status).toBe(200)
  })
})

describe('the log', () => {
  it('has one line a request, without secrets, signature or body, and nothing that a terminal would obey', async () => {
    const folder = join(await temporaryFolder(), 'logs')
    await mkdir(folder)
    const values = [...secrets.github_secrets, ...secrets.tokens, ...secrets.basic.map(({ password }) => password)]
    const log = createLog({ level: 'debug', folder, days: 1, redact: redactor(values), journald: false })
    const receiver = await startReceiver({ ports: { log } })
    const body = JSON.stringify({ ...job, requirements_summary: 'a-private-summary' })
    const json = { 'content-type': 'application/json' }
    const create = `${receiver.url}/create-session`
    const odd = 'x\u009b2J\u001b'.replace('\u001b', '')
    await httpCall(create, { body, headers: { ...json, ...bearer } })
    await httpCall(create, { body, headers: { ...json, 'x-hub-signature-256': sign(body), 'x-github-event': odd } })
    await httpCall(create, { body, headers: { ...json, 'x-hub-signature-256': sign('guess') } })
    await httpCall(create, { body: 'a-private-summary', headers: { ...json, ...bearer } })
    await httpCall(create, { body: '{"a-private-summary": a-private-summary', headers: { ...json, ...bearer } })
    await httpCall(create, { body, headers: { ...json, authorization: 'Bearer a-wrong-token-of-mine' } })
    await httpCall(`${receiver.url}/jobs/a-token-of-somebody%1b%5b2J`, { headers: bearer })
    await raw(receiver.port, 'GET /\x9b2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await log.close()
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
    const text = await readFile(join(folder, String(file)), 'utf8')
    expect(text.match(/"message":"request"/g)?.length).toBeGreaterThanOrEqual(6)
    for (const secret of [
      ...values,
      sign(body),
      sign('guess'),
      'a-private-summary',
      'a-wrong-token-of-mine',
      githubExample.signature,
    ])
      expect(text).not.toContain(secret)
    expect(text).toContain('\\\\u009b2J')
    // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })
})
