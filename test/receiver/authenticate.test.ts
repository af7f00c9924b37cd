import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { homeAt } from '../../src/config/home.js'
import { loadConfig } from '../../src/config/load.js'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { verifySignature } from '../../src/receiver/authenticate.js'
import { httpCall, postJson, type Answer } from '../support/http-call.js'
import { temporaryFolder } from '../support/temporary.js'
import { bearer, githubExample, job, noSecrets, secrets, sign, startReceiver, type Receiver } from './receiver.js'

const body = JSON.stringify(job)
const json = { 'content-type': 'application/json' }

function send(receiver: Receiver, headers: Record<string, string>, bytes: string | Uint8Array = body): Promise<Answer> {
  return httpCall(`${receiver.url}/create-session`, { body: bytes, headers: { ...json, ...headers } })
}

describe('X-Hub-Signature-256', () => {
  it('fits the documented example, and nothing else', () => {
    const bytes = Buffer.from(githubExample.body)
    expect(verifySignature(bytes, githubExample.signature, [githubExample.secret])).toBe(true)
    expect(verifySignature(Buffer.from('Hello, World'), githubExample.signature, [githubExample.secret])).toBe(false)
    expect(verifySignature(bytes, githubExample.signature, ['another'])).toBe(false)
    expect(verifySignature(bytes, githubExample.signature, [])).toBe(false)
  })

  it('is checked over the raw bytes, before they are parsed', async () => {
    const receiver = await startReceiver()
    const answer = await send(receiver, { 'x-hub-signature-256': githubExample.signature }, githubExample.body)
    // Accepted as signed; only then found to be no JSON.
    expect(answer).toMatchObject({ status: 400 })
    const invalid = Buffer.concat([Buffer.from('{"project_name":"'), Buffer.from([0xff]), Buffer.from('"}')])
    const signed = await send(receiver, { 'x-hub-signature-256': sign(invalid) }, invalid)
    expect(signed).toMatchObject({ status: 400, json: { message: 'the body is not UTF-8' } })
  })

  it.each(secrets.github_secrets)('is accepted under each of several secrets: %s', async (secret) => {
    const receiver = await startReceiver()
    expect(await send(receiver, { 'x-hub-signature-256': sign(body, secret) })).toMatchObject({ status: 202 })
  })

  const good = sign(body)
  it.each([
    ['bare', 'sha256='],
    ['short', good.slice(0, -1)],
    ['long', `${good}0`],
    ['of another body', sign(`${body} `)],
    ['under another secret', sign(body, 'guess')],
    ['under the empty secret', sign(body, '')],
    ['not hexadecimal', `${good.slice(0, -1)}g`],
    ['without its name', good.slice('sha256='.length)],
    ['SHA-1', `sha1=${createHmac('sha1', githubExample.secret).update(body).digest('hex')}`],
    ['given twice', `${good}, ${good}`],
    ['with a blank inside', good.replace('=', '= ')],
  ])('is refused where it is %s', async (_what, header) => {
    const receiver = await startReceiver()
    const answer = await send(receiver, { 'x-hub-signature-256': header })
    expect(answer).toMatchObject({
      status: 401,
      headers: { 'www-authenticate': expect.stringContaining('Bearer') as string },
    })
    expect(await receiver.inbox()).toEqual([])
  })

  it('is not replaced by the old header, nor by a token beside a wrong one', async () => {
    const receiver = await startReceiver()
    const sha1 = `sha1=${createHmac('sha1', githubExample.secret).update(body).digest('hex')}`
    expect(await send(receiver, { 'x-hub-signature': sha1 })).toMatchObject({ status: 401 })
    expect(await send(receiver, { ...bearer, 'x-hub-signature-256': sign(body, 'guess') })).toMatchObject({
      status: 401,
    })
    expect(await receiver.inbox()).toEqual([])
  })

  it('is refused where no secret for it is configured, also under the empty one', async () => {
    const receiver = await startReceiver({ secrets: { ...secrets, github_secrets: [] } })
    expect(await send(receiver, { 'x-hub-signature-256': sign(body, '') })).toMatchObject({ status: 401 })
  })
})

describe('GitHub events', () => {
  it.each([
    ['ping', { status: 'ok', message: 'pong' }],
    ['push', { status: 'ignored', reason: 'no rule maps push to a job' }],
    ['\u0000issues'.slice(1), { status: 'ignored' }],
  ])('are answered where they are signed: %s', async (event, expected) => {
    const receiver = await startReceiver()
    const headers = { 'x-hub-signature-256': sign('{}'), 'x-github-event': event }
    expect(await send(receiver, headers, '{}')).toMatchObject({ status: 200, json: expected })
    expect(await receiver.inbox()).toEqual([])
  })

  it.each([
    ['nothing', {}],
    ['a token', bearer],
    ['a wrong signature', { 'x-hub-signature-256': sign('{ }') }],
  ])('are refused where they bring %s', async (_what, headers) => {
    const receiver = await startReceiver()
    for (const event of ['ping', 'issues'])
      expect(await send(receiver, { ...headers, 'x-github-event': event }, '{}')).toMatchObject({ status: 401 })
  })
})

describe('Authorization', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  it.each([
    bearer.authorization,
    'bearer   a-token-of-somebody',
    basic('ada:engine:1843'),
    basic('ada:engine:1843').replace('B', 'b'),
  ])('accepts %s', async (authorization) => {
    const receiver = await startReceiver()
    expect(await send(receiver, { authorization })).toMatchObject({ status: 202 })
  })

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a-token-of-somebod',
    'Bearer a-token-of-somebody2',
    'Bearer a-token-of-somebody junk',
    'Bearer A-TOKEN-OF-SOMEBODY',
    `Bearer ${'x'.repeat(8000)}`,
    "Bearer It's a Secret to Everybody",
    'a-token-of-somebody',
    'Basic',
    'Basic ****',
    basic('ada'),
    basic('ada:'),
    basic(':engine:1843'),
    basic('ada:engine'),
    basic('Ada:engine:1843'),
    basic('ada:engine:1843\0'),
    'Digest username="ada"',
    '\u00ff\u00fe',
  ])('refuses %j', async (authorization) => {
    const receiver = await startReceiver()
    for (const path of ['/create-session', '/sessions', '/jobs/x', '/sessions/x']) {
      const method = path === '/create-session' ? 'POST' : 'GET'
      const call = method === 'POST' ? { body, headers: { ...json, authorization } } : { headers: { authorization } }
      const answer = await httpCall(`${receiver.url}${path}`, call)
      expect(answer.status, path).toBe(401)
      expect(answer.headers['www-authenticate'], path).toMatch(/^Bearer .*, Basic realm=/)
    }
    expect(await receiver.inbox()).toEqual([])
  })

  it('refuses a call without credentials', async () => {
    const receiver = await startReceiver()
    expect(await send(receiver, {})).toMatchObject({ status: 401 })
    expect(await httpCall(`${receiver.url}/sessions/a`, { method: 'DELETE' })).toMatchObject({ status: 401 })
  })
})

describe('empty secrets', () => {
  it.each([
    'github_secrets: [""]',
    'tokens: [""]',
    'basic: [{ user: ada, password: "" }]',
    'basic: [{ user: "", password: x }]',
  ])('are refused by the configuration: %s', async (auth) => {
    const home = homeAt(await temporaryFolder())
    await writeFile(join(home.base, 'config.yaml'), `auth:\n  ${auth}\n`)
    const loaded = await loadConfig(home, {})
    expect(loaded).toMatchObject({ ok: false })
    expect(loaded.ok ? [] : loaded.problems.map((problem) => problem.field)).toEqual([expect.stringMatching(/^auth\./)])
  })
})

describe('without secrets', () => {
  const own = (receiver: Receiver) => ({ host: `127.0.0.1:${receiver.port.toString()}` })

  it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1', '127.9.9.9:80', '[::1]', '[::1]:8080'])(
    'takes the Host %s',
    async (host) => {
      const receiver = await startReceiver({ secrets: noSecrets })
      expect(await send(receiver, { host })).toMatchObject({ status: 202 })
    },
  )

  it.each([
    'attacker.example',
    'localhost.attacker.example',
    '127.0.0.1.attacker.example',
    'attacker.example:8080',
    '10.0.0.1',
    '[::2]',
    'localhost@x',
    ' ',
  ])('refuses the Host %j, which a web page could have made it to', async (host) => {
    const receiver = await startReceiver({ secrets: noSecrets })
    expect(await send(receiver, { host })).toMatchObject({ status: 403 })
    expect(await httpCall(`${receiver.url}/sessions`, { headers: { host } })).toMatchObject({ status: 403 })
    expect(await receiver.inbox()).toEqual([])
  })

  it.each([
    ['origin', 'http://localhost:3000'],
    ['origin', 'null'],
    ['x-forwarded-for', '127.0.0.1'],
    ['forwarded', 'for=127.0.0.1'],
    ['x-real-ip', '127.0.0.1'],
    ['x-github-event', 'ping'],
    ['x-github-event', 'issues'],
  ])('refuses %s: %s', async (name, value) => {
    const receiver = await startReceiver({ secrets: noSecrets, trusted: ['127.0.0.1'] })
    const answer = await send(receiver, { ...own(receiver), [name]: value })
    expect(answer).toMatchObject({ status: 403 })
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(await receiver.inbox()).toEqual([])
  })

  it('does not take a signature for a secret that nobody set', async () => {
    const receiver = await startReceiver({ secrets: noSecrets })
    const headers = { 'x-hub-signature-256': sign(body, ''), host: 'attacker.example', 'x-github-event': 'issues' }
    expect(await send(receiver, headers)).toMatchObject({ status: 403 })
  })

  it.runIf(process.getuid?.() === 0)('refuses another user of this machine', async () => {
    const receiver = await startReceiver({ secrets: noSecrets })
    const script = `fetch(process.argv[1], { method: 'POST', body: process.argv[2], headers: { 'content-type': 'application/json' } })
      .then(async (answer) => console.log(answer.status, await answer.text()))`
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', script]
    const { stdout } = await promisify(execFile)('setpriv', [...nobody, `${receiver.url}/create-session`, body], {
      timeout: 20_000,
      cwd: '/',
    })
    expect(stdout).toMatch(/^403 .*only the user that runs the daemon/)
    expect(await receiver.inbox()).toEqual([])
  })

  const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some((one) => one.address === '::1'))
  it.runIf(hasIpv6)('serves the same user over IPv6, also where IPv4 is mapped into it', async () => {
    const receiver = await startReceiver({ secrets: noSecrets, host: '::1' })
    expect(await send(receiver, {})).toMatchObject({ status: 202 })
    const both = await startReceiver({ secrets: noSecrets, host: '::' })
    for (const host of ['127.0.0.1', '[::1]'])
      expect(await postJson(`http://${host}:${both.port.toString()}/create-session`, job), host).toMatchObject({
        status: 202,
      })
    expect(both.log.filter((line) => line.message === 'request').map((line) => line.fields['address'])).toEqual([
      '127.0.0.1',
      '::1',
    ])
  })

  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((one) => one.family === 'IPv4' && !one.internal)
  it.runIf(outside !== undefined)('refuses what comes in by another address of this machine', async () => {
    const receiver = await startReceiver({ secrets: noSecrets, host: '0.0.0.0' })
    const url = `http://${outside?.address ?? ''}:${receiver.port.toString()}/create-session`
    expect(await httpCall(url, { body, headers: { ...json, host: 'localhost' } })).toMatchObject({ status: 403 })
  })
})
