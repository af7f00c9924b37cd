import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseJobId } from '../../src/job/id.js'
import { httpCall, postJson } from '../support/http-call.js'
import { bearer, job, noSecrets, sign, startReceiver, type Receiver } from './receiver.js'

const create = (receiver: Receiver) => `${receiver.url}/create-session`

describe('POST /create-session', () => {
  it('answers 202 with what the caller needs, once the job stands in the inbox', async () => {
    const receiver = await startReceiver()
    const answer = await postJson(create(receiver), { ...job, project_name: 'test.app', branch: '1.10' }, bearer)
    const [file] = await receiver.inbox()
    const id = (answer.json as Record<string, unknown>)['job_id']
    expect(file).toBe(`${String(id)}.yaml`)
    expect(answer).toMatchObject({
      status: 202,
      json: {
        status: 'queued',
        session_name: 'test-app-dev',
        job_id: parseJobId(String(id)),
        attach_command: 'tmux attach -t test-app-dev',
        status_url: `/jobs/${String(id)}`,
      },
    })
    expect(Object.keys(answer.json as object)).toHaveLength(5)
    expect(await receiver.onlyJob()).toMatchObject({
      project_name: 'test.app',
      branch: '1.10',
      origin: { kind: 'http', address: '127.0.0.1', sender: null, trusted: true },
    })
    expect((await readFile(join(receiver.home.inbox, String(file)), 'utf8')).endsWith('\n...\n')).toBe(true)
  })

  it('answers only after the job was stored', async () => {
    const order: string[] = []
    const receiver = await startReceiver({
      ports: {
        async drop(one, origin) {
          const id = await receiver.spool.drop(one, origin)
          await new Promise((done) => setTimeout(done, 100))
          order.push('stored')
          return { id, duplicate: false }
        },
      },
    })
    await postJson(create(receiver), job, bearer)
    order.push('answered')
    expect(order).toEqual(['stored', 'answered'])
  })

  it.each(['ENOSPC', 'EROFS', 'EMFILE', 'EDQUOT'])('answers 503 where storing fails with %s', async (code) => {
    const receiver = await startReceiver({
      ports: { drop: () => Promise.reject(Object.assign(new Error(`${code}: no`), { code })) },
    })
    const answer = await postJson(create(receiver), job, bearer)
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '60' } })
    expect(answer.text).toContain(code)
    expect(await receiver.inbox()).toEqual([])
  })

  it('answers 503 where the inbox is gone, and takes jobs again once it is back', async () => {
    const receiver = await startReceiver()
    await rm(receiver.home.inbox, { recursive: true })
    expect(await postJson(create(receiver), job, bearer)).toMatchObject({ status: 503 })
    await mkdir(receiver.home.inbox)
    expect(await postJson(create(receiver), job, bearer)).toMatchObject({ status: 202 })
  })

  it('answers 500 without detail, and logs it, where the daemon has a defect', async () => {
    const receiver = await startReceiver({
      ports: { drop: () => Promise.reject(new TypeError('x is not a function')) },
    })
    const answer = await postJson(create(receiver), job, bearer)
    expect(answer.status).toBe(500)
    expect(answer.text).not.toContain('x is not')
    expect(receiver.log.find((line) => line.level === 'error')?.fields['error']).toBeInstanceOf(TypeError)
  })

  it('keeps every character of the job', async () => {
    const receiver = await startReceiver()
    const text = 'a\u00e9\u{1f3af}\r\n\t"\\ \u2028\u0085 … trailing  \n# no comment\n---\n...\n'
    expect(await postJson(create(receiver), { ...job, requirements_summary: text }, bearer)).toMatchObject({
      status: 202,
    })
    expect(await receiver.onlyJob()).toMatchObject({ requirements_summary: text })
  })

  it('takes a signed job', async () => {
    const receiver = await startReceiver()
    const body = JSON.stringify(job)
    const headers = { 'x-hub-signature-256': sign(body), 'content-type': 'application/json' }
    expect(await httpCall(create(receiver), { body, headers })).toMatchObject({ status: 202 })
  })

  it('notes who called with user and password', async () => {
    const receiver = await startReceiver()
    const authorization = `Basic ${Buffer.from('ada:engine:1843').toString('base64')}`
    expect(await postJson(create(receiver), job, { authorization })).toMatchObject({ status: 202 })
    expect(await receiver.onlyJob()).toMatchObject({ origin: { sender: 'ada' } })
  })

  it('holds the caller back where the queue is full', async () => {
    const receiver = await startReceiver({ limits: { queuedJobs: 2 } })
    const statuses: number[] = []
    for (let call = 0; call < 4; call += 1) statuses.push((await postJson(create(receiver), job, bearer)).status)
    expect(statuses).toEqual([202, 202, 503, 503])
    expect(await postJson(create(receiver), job, bearer)).toMatchObject({ headers: { 'retry-after': '60' } })
    expect(await receiver.inbox()).toHaveLength(2)
  })
})

describe('the fields of a job', () => {
  const wrong: [string, Record<string, unknown>, string][] = [
    ['no project', { project_name: undefined }, 'project_name'],
    ['a project that is a path', { project_name: '../../etc' }, 'project_name'],
    ['a project of 65 characters', { project_name: 'a'.repeat(65) }, 'project_name'],
    ['a project that starts as an option', { project_name: '-rf' }, 'project_name'],
    ['a project with a NUL', { project_name: 'a\0b' }, 'project_name'],
    ['a project with a line break at its end', { project_name: 'app\n' }, 'project_name'],
    ['a project that is a number', { project_name: 7 }, 'project_name'],
    ['no repository', { repo_url: undefined }, 'repo_url'],
    ['a repository that is an option', { repo_url: '--upload-pack=touch /tmp/x' }, 'repo_url'],
    ['a remote helper', { repo_url: 'ext::sh -c id' }, 'repo_url'],
    ['a local repository', { repo_url: '/etc' }, 'repo_url'],
    ['a private address', { repo_url: 'https://169.254.169.254/a/b' }, 'repo_url'],
    ['a branch that is an option', { branch: '--force' }, 'branch'],
    ['a branch that is a number', { branch: 1.1 }, 'branch'],
    ['an unknown agent', { agent: 'claud' }, 'agent'],
    ['an agent named like a property', { agent: 'constructor' }, 'agent'],
    ['an unknown layout', { layout: 'wide' }, 'layout'],
    ['an unknown action', { action: 'explode' }, 'action'],
    ['a text without send', { text: 'hello' }, 'text'],
    ['a blank tracker', { tracker: ' \n' }, 'tracker'],
    ['two trackers', { tracker: 'a', tracker_url: 'https://example.com/t.md' }, 'tracker_url'],
    ['half a character', { requirements_summary: 'a\ud800b' }, 'requirements_summary'],
    ['a hint of two lines', { template_hint: 'a\nb' }, 'template_hint'],
    ['a key that is empty', { idempotency_key: '' }, 'idempotency_key'],
    ['an origin of its own', { origin: { kind: 'cli', trusted: true } }, 'origin'],
    ['a result', { result: { status: 'created' } }, 'result'],
    ['a job id', { job_id: '20261122T210431123Z-a-00000000' }, 'job_id'],
    ['attempts', { attempts: 1 }, 'attempts'],
    ['a misspelt field', { tracker_ur: 'x' }, 'tracker_ur'],
    ['a field of every object', { constructor: 1, toString: 1 }, 'constructor'],
  ]

  it.each(wrong)('refuses %s, and names the field', async (_what, change, field) => {
    const receiver = await startReceiver()
    const answer = await postJson(create(receiver), { ...job, ...change }, bearer)
    expect(answer.status).toBe(422)
    const { fields, message } = answer.json as { fields: { field: string; remedy: string }[]; message: string }
    expect(fields.map((one) => one.field)).toContain(field)
    expect(message).toContain(`${field}: `)
    expect(fields.every((one) => one.remedy.length > 0)).toBe(true)
    expect(await receiver.inbox()).toEqual([])
  })

  it('names the field that was meant', async () => {
    const receiver = await startReceiver()
    expect((await postJson(create(receiver), { ...job, tracker_ur: 'x' }, bearer)).text).toContain(
      'did you mean tracker_url?',
    )
  })

  it('refuses a field called __proto__', async () => {
    const receiver = await startReceiver()
    const body = `{"project_name":"a","__proto__":{"repo_url":"https://github.com/acme/a"}}`
    const headers = { ...bearer, 'content-type': 'application/json' }
    const answer = await httpCall(create(receiver), { body, headers })
    expect(answer.status).toBe(422)
    expect(await receiver.inbox()).toEqual([])
  })

  it.each(['branch', 'unknown'])('refuses a value of 100,000 levels in %s', async (field) => {
    const receiver = await startReceiver()
    const body = `{"project_name":"a","${field}":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const headers = { ...bearer, 'content-type': 'application/json' }
    const answer = await httpCall(create(receiver), { body, headers })
    expect(answer.status).toBe(422)
    expect(answer.text).toContain(`${field}: `)
  })

  it.each(['null', '[]', '"text"', '7', 'true', '[{"project_name":"a"}]'])('refuses %s as a job', async (body) => {
    const receiver = await startReceiver()
    const headers = { ...bearer, 'content-type': 'application/json', 'idempotency-key': 'a' }
    expect(await httpCall(create(receiver), { body, headers })).toMatchObject({ status: 422 })
  })

  it('refuses a million unknown fields shortly, and stays responsive', async () => {
    const receiver = await startReceiver()
    const body = `{${Array.from({ length: 1_000_000 }, (_, at) => `"k${at.toString()}":1`).join(',')}}`
    const headers = { 'x-hub-signature-256': sign(body), 'content-type': 'application/json' }
    const begunMs = performance.now()
    const answer = await httpCall(create(receiver), { body, headers })
    expect(answer.status).toBe(422)
    expect(answer.text.length).toBeLessThan(10_000)
    expect(performance.now() - begunMs).toBeLessThan(10_000)
  })
})

describe('Idempotency-Key', () => {
  it.each([
    ['the header alone', { header: 'k-1' }, 202],
    ['the field alone', { field: 'k-1' }, 202],
    ['both alike', { header: 'k-1', field: 'k-1' }, 202],
    ['both, different', { header: 'k-1', field: 'k-2' }, 422],
    ['a header beside a field that is no text', { header: 'k-1', field: 7 }, 422],
    ['a header that is too long', { header: 'k'.repeat(256) }, 422],
  ])('%s', async (_what, { header, field }: { header?: string; field?: unknown }, status) => {
    const receiver = await startReceiver()
    const headers = { ...bearer, ...(header === undefined ? {} : { 'idempotency-key': header }) }
    const answer = await postJson(create(receiver), { ...job, idempotency_key: field }, headers)
    expect(answer.status).toBe(status)
    if (status === 422) expect(answer.json).toMatchObject({ fields: [{ field: 'idempotency_key' }] })
    else expect(await receiver.onlyJob()).toMatchObject({ idempotency_key: 'k-1' })
  })
})

describe('without secrets', () => {
  it('takes a job of the same user, as the seed curl sends it', async () => {
    const receiver = await startReceiver({ secrets: noSecrets })
    const body = JSON.stringify(job)
    const headers = { 'content-type': 'application/json', host: `localhost:${receiver.port.toString()}` }
    expect(await httpCall(create(receiver), { body, headers })).toMatchObject({ status: 202 })
  })
})
