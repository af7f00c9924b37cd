import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpCall } from '../support/http-call.js'
import { bearer, job, sign, startReceiver, type Receiver } from './receiver.js'

const body = JSON.stringify(job)
const json = { 'content-type': 'application/json' }
const create = (receiver: Receiver) => `${receiver.url}/create-session`

describe('the media type', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON'])('is taken: %s', async (type) => {
    const receiver = await startReceiver()
    for (const proof of [bearer, { 'x-hub-signature-256': sign(body) }])
      expect(await httpCall(create(receiver), { body, headers: { ...proof, 'content-type': type } })).toMatchObject({
        status: 202,
      })
  })

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/json',
    'application/jsonp',
    'application/vnd.api+json',
    '*/*',
    'application',
    ';',
    undefined,
  ])('is refused: %s', async (type) => {
    const receiver = await startReceiver()
    const headers = { ...bearer, ...(type === undefined ? {} : { 'content-type': type }) }
    expect(await httpCall(create(receiver), { body, headers })).toMatchObject({ status: 415 })
    expect(await receiver.inbox()).toEqual([])
  })

  it('makes no difference where there is no body', async () => {
    const receiver = await startReceiver()
    const answer = await httpCall(create(receiver), { method: 'POST', headers: { ...bearer, ...json } })
    expect(answer).toMatchObject({ status: 400 })
    expect(answer.text).toContain('not JSON')
  })

  it.each(['gzip', 'br', 'deflate', 'x-mystery'])('is refused with the encoding %s', async (encoding) => {
    const receiver = await startReceiver()
    const headers = { ...bearer, ...json, 'content-encoding': encoding }
    expect(await httpCall(create(receiver), { body: gzipSync(body), headers })).toMatchObject({ status: 415 })
  })
})

describe('the size', () => {
  const limits = { signedBytes: 3000, otherBytes: 1000 }
  const ofSize = (bytes: number) => `${body}${' '.repeat(bytes - body.length)}`

  it.each([undefined, 100])('is limited for both kinds of callers (pieces: %s)', async (chunkBytes) => {
    const receiver = await startReceiver({ limits })
    const call = (bytes: number, signed: boolean) => {
      const text = ofSize(bytes)
      const headers = { ...json, ...(signed ? { 'x-hub-signature-256': sign(text) } : bearer) }
      return httpCall(create(receiver), { body: text, headers, ...(chunkBytes === undefined ? {} : { chunkBytes }) })
    }
    expect((await call(1000, false)).status).toBe(202)
    expect((await call(1001, false)).status).toBe(413)
    expect((await call(3000, true)).status).toBe(202)
    expect((await call(3001, true)).status).toBe(413)
    expect(await receiver.inbox()).toHaveLength(2)
  })

  it.each([
    ['signed', undefined],
    ['signed', 65_536],
    ['with a token', undefined],
    ['with a token', 65_536],
  ])('far beyond the limit gets its answer, too: %s, pieces %s', async (how, chunkBytes) => {
    const receiver = await startReceiver({ limits })
    const text = Buffer.alloc(20 * 1024 * 1024, 0x20)
    const headers = { ...json, ...(how === 'signed' ? { 'x-hub-signature-256': sign('x') } : bearer) }
    const answer = await httpCall(create(receiver), {
      body: text,
      headers,
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
    })
    expect(answer.status).toBe(413)
    expect(answer.text).toContain('bytes')
  })

  it('is the default 25 MiB for signed ones', async () => {
    const receiver = await startReceiver()
    const text = ofSize(25 * 1024 * 1024)
    const headers = { ...json, 'x-hub-signature-256': sign(text) }
    expect((await httpCall(create(receiver), { body: text, headers })).status).toBe(202)
  })
})

describe('the content', () => {
  it.each(['', '{', '{"project_name":}', 'project_name: a', "{'a':1}", '{"a":1}x', '{"a":"\n"}', '\u00a0{}', 'NaN'])(
    'is refused where it is no JSON: %j',
    async (text) => {
      const receiver = await startReceiver()
      for (const proof of [bearer, { 'x-hub-signature-256': sign(text) }]) {
        const answer = await httpCall(create(receiver), { body: text, headers: { ...json, ...proof } })
        expect(answer.status).toBe(400)
        expect(answer.text).toContain('not JSON')
      }
    },
  )

  const odd: [string, number[]][] = [
    ['a byte that no character has', [0xff]],
    ['half a character', [0xc3]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['Latin-1', [0xe9]],
  ]
  it.each(odd)('is refused, not changed, where it is no UTF-8: %s', async (_what, bytes) => {
    const receiver = await startReceiver()
    const text = Buffer.concat([
      Buffer.from(body.slice(0, -1)),
      Buffer.from(',"requirements_summary":"a'),
      Buffer.from(bytes),
      Buffer.from('b"}'),
    ])
    for (const proof of [bearer, { 'x-hub-signature-256': sign(text) }]) {
      const answer = await httpCall(create(receiver), { body: text, headers: { ...json, ...proof } })
      expect(answer).toMatchObject({ status: 400, json: { message: 'the body is not UTF-8' } })
    }
    expect(await receiver.inbox()).toEqual([])
  })

  it('may have every character, by either way of proving who calls', async () => {
    const summary = 'a\u0000\u001f\u007f\u0085\u00e9\u2028\ufffd\uffff\u{1f3af}\u{10ffff}'.replace('\u0000', '')
    for (const signed of [true, false]) {
      const receiver = await startReceiver()
      const text = JSON.stringify({ ...job, requirements_summary: summary })
      const headers = { ...json, ...(signed ? { 'x-hub-signature-256': sign(text) } : bearer) }
      expect((await httpCall(create(receiver), { body: text, headers })).status).toBe(202)
      expect(await receiver.onlyJob()).toMatchObject({ requirements_summary: summary })
    }
  })
})

describe('callers that take their time', () => {
  const fast = { headersTimeoutMs: 300, requestTimeoutMs: 600, checkMs: 50 }

  async function open(
    receiver: Receiver,
  ): Promise<{ socket: Socket; received: () => string; closed: Promise<unknown> }> {
    const socket = connect(receiver.port, '127.0.0.1')
    onTestFinished(() => {
      socket.destroy()
    })
    let received = ''
    socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')))
    socket.on('error', () => undefined)
    const closed = once(socket, 'close')
    await once(socket, 'connect')
    return { socket, received: () => received, closed }
  }

  function trickle(socket: Socket, text: string): void {
    const timer = setInterval(() => socket.write(text), 50)
    socket.once('close', () => {
      clearInterval(timer)
    })
  }

  it('are cut off in the head', async () => {
    const receiver = await startReceiver({ listen: fast })
    const { socket, closed, received } = await open(receiver)
    socket.write('POST /create-session HTTP/1.1\r\nHost: localhost\r\n')
    trickle(socket, 'X-A: b\r\n')
    await closed
    expect(received()).toContain('408')
  })

  const head = 'POST /create-session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  it.each([
    ['with a token', `Authorization: ${bearer.authorization}\r\nContent-Length: 900\r\n\r\n`, ' '],
    ['signed', `X-Hub-Signature-256: ${sign('x')}\r\nContent-Length: 900\r\n\r\n`, ' '],
    ['in pieces without end', `X-Hub-Signature-256: ${sign('x')}\r\nTransfer-Encoding: chunked\r\n\r\n`, '1\r\nx\r\n'],
  ])('are cut off in the body, %s', async (_how, rest, piece) => {
    const receiver = await startReceiver({ listen: fast })
    const { socket, closed, received } = await open(receiver)
    socket.write(head + rest)
    trickle(socket, piece)
    await closed
    expect(received()).toContain('408')
    await expect.poll(() => receiver.log.filter((line) => line.message === 'request').length).toBe(1)
    expect(await receiver.inbox()).toEqual([])
  })

  it('are cut off also where they were refused and go on sending', async () => {
    const receiver = await startReceiver({ listen: fast, limits: { signedBytes: 1000 } })
    const { socket, closed, received } = await open(receiver)
    socket.write(`${head}X-Hub-Signature-256: ${sign('x')}\r\nContent-Length: 1000000\r\n\r\n`)
    trickle(socket, ' ')
    await closed
    expect(received()).toMatch(/^HTTP\/1.1 413/)
  })

  it('do not hold up others', async () => {
    const receiver = await startReceiver({ listen: fast })
    for (let call = 0; call < 50; call += 1) {
      const { socket } = await open(receiver)
      socket.write(`${head}Authorization: ${bearer.authorization}\r\nContent-Length: 900\r\n\r\n{`)
    }
    expect((await httpCall(create(receiver), { body, headers: { ...json, ...bearer } })).status).toBe(202)
  })

  it('that go half-way leave nothing', async () => {
    const receiver = await startReceiver()
    const { socket } = await open(receiver)
    socket.write(
      `${head}Authorization: ${bearer.authorization}\r\nContent-Length: ${body.length.toString()}\r\n\r\n${body.slice(1, 20)}`,
    )
    await new Promise((done) => setTimeout(done, 100))
    socket.destroy()
    await expect.poll(() => receiver.log.filter((line) => line.message === 'request').length).toBe(1)
    expect(receiver.log.filter((line) => line.level === 'error')).toEqual([])
    expect(await receiver.inbox()).toEqual([])
  })
})
