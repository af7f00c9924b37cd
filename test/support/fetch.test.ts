import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fetchBounded, type FetchOptions } from '../../src/support/fetch.js'

const lab: FetchOptions = { maxBytes: 1000, timeoutMs: 5000, allowPrivate: true }

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}`
}

async function refusal(url: string, options: Partial<FetchOptions> = {}): Promise<string> {
  const fetched = await fetchBounded(url, { ...lab, ...options })
  return fetched.ok ? 'it was fetched' : fetched.because
}

describe('fetchBounded', () => {
  it('gives the bytes', async () => {
    const url = await serve((_request, response) => response.setHeader('content-type', 'text/markdown').end('# Hé'))
    expect(await fetchBounded(url, lab)).toEqual({
      ok: true,
      bytes: Buffer.from('# Hé'),
      contentType: 'text/markdown',
    })
  })

  it('connects to the address that was checked and asks the resolver once', async () => {
    const url = await serve((request, response) => response.end(request.headers.host))
    const port = new URL(url).port
    let asked = 0
    const resolve = () => Promise.resolve(++asked === 1 ? ['127.0.0.1'] : ['127.0.0.9'])
    const fetched = await fetchBounded(`http://tracker.example:${port}/`, { ...lab, resolve })
    expect(fetched).toMatchObject({ ok: true, bytes: Buffer.from(`tracker.example:${port}`) })
    expect(asked).toBe(1)
  })

  it.each([
    'http://example.com/x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://[::1]/x',
    'https://[::ffff:127.0.0.1]/x',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://user:secret@example.com/',
    'https://token@example.com/',
    'file:///etc/passwd',
    'ftp://example.com/x',
    'data:text/plain,x',
    'not a url',
    '',
  ])('refuses %s where private addresses are not allowed', async (url) => {
    const resolve = () => Promise.resolve(['127.0.0.1'])
    const fetched = await fetchBounded(url, { ...lab, allowPrivate: false, resolve })
    expect(fetched.ok).toBe(false)
    expect(JSON.stringify(fetched)).not.toContain('secret')
  })

  it('refuses a name that resolves to a private address, but for the hosts that are allowed', async () => {
    const options = { allowPrivate: false, resolve: () => Promise.resolve(['127.0.0.1']), timeoutMs: 1000 }
    expect(await refusal('https://gitea.lan:1/x', options)).toContain('resolves to 127.0.0.1, which is not a public')
    expect(await refusal('https://gitea.lan:1/x', { ...options, allowHosts: ['Gitea.lan'] })).toContain('ECONNREFUSED')
  })

  it('follows redirects, five at most', async () => {
    const url = await serve((request, response) => {
      const left = Number(request.url?.slice(1))
      if (left === 0) response.end('there')
      else response.writeHead(302, { location: `/${(left - 1).toString()}` }).end()
    })
    expect(await fetchBounded(`${url}/5`, lab)).toMatchObject({ ok: true, bytes: Buffer.from('there') })
    expect(await refusal(`${url}/6`)).toBe('it redirects more than 5 times')
  })

  it('checks where a redirect leads to', async () => {
    let asked = 0
    const target = await serve((_request, response) => {
      asked += 1
      response.end('internal')
    })
    const port = new URL(target).port
    const url = await serve((_request, response) =>
      response.writeHead(302, { location: `http://internal.example:${port}/` }).end(),
    )
    const resolve = (host: string) => Promise.resolve(host === 'internal.example' ? [] : ['127.0.0.1'])
    expect(await refusal(url, { resolve })).toContain('internal.example has no address')
    expect(asked).toBe(0)
    const elsewhere = await serve((_request, response) =>
      response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
    )
    expect(await refusal(elsewhere)).toBe('it redirects, and the protocol file: is not supported')
  })

  it('sends the given headers to the first origin only', async () => {
    const seen: (string | undefined)[] = []
    const second = await serve((request, response) => {
      seen.push(request.headers.authorization)
      response.end('x')
    })
    const first = await serve((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(307, { location: second }).end()
    })
    await fetchBounded(first, { ...lab, headers: { authorization: 'Bearer abc' } })
    expect(seen).toEqual(['Bearer abc', undefined])
  })

  it('stops at the limit, told beforehand or not', async () => {
    const told = await serve((_request, response) => response.setHeader('content-length', '1001').end('x'.repeat(1001)))
    const untold = await serve((_request, response) => {
      response.write('x'.repeat(600))
      response.write('x'.repeat(600))
      response.end()
    })
    const fits = await serve((_request, response) => response.end('x'.repeat(1000)))
    expect(await refusal(told)).toBe('it is larger than 1000 bytes')
    expect(await refusal(untold)).toBe('it is larger than 1000 bytes')
    expect(await fetchBounded(fits, lab)).toMatchObject({ ok: true })
  })

  it('gives up in time: on silence, on a body that trickles, on a resolver that hangs', async () => {
    const silent = await serve(() => undefined)
    const trickling = await serve((_request, response) => {
      const timer = setInterval(() => response.write('x'), 20)
      response.on('close', () => {
        clearInterval(timer)
      })
    })
    const options = { timeoutMs: 200 }
    expect(await refusal(silent, options)).toBe('it did not finish within 0.2 s')
    expect(await refusal(trickling, options)).toBe('it did not finish within 0.2 s')
    const resolve = () => new Promise<string[]>(() => undefined)
    expect(await refusal('http://slow.example/', { ...options, resolve })).toBe('it did not finish within 0.2 s')
  })

  it('tells the status, and whether trying again may help', async () => {
    const url = await serve((request, response) => response.writeHead(Number(request.url?.slice(1))).end())
    expect(await fetchBounded(`${url}/404`, lab)).toMatchObject({
      because: 'the server answered 404',
      transient: false,
    })
    expect(await fetchBounded(`${url}/503`, lab)).toMatchObject({ because: 'the server answered 503', transient: true })
    expect(await fetchBounded(`${url}/206`, lab)).toMatchObject({ ok: false })
  })

  it('does not take a body that breaks off for the whole', async () => {
    const url = await serve((_request, response) => {
      response.setHeader('content-length', '100')
      response.write('x'.repeat(50), () => response.destroy())
    })
    expect(await fetchBounded(url, lab)).toMatchObject({ ok: false, transient: true })
  })
})
