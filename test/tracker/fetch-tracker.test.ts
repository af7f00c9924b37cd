import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { fetchTracker } from '../../src/tracker/fetch-tracker.js'

const lab = { timeoutMs: 5000, allowPrivate: true }

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}/PROGRESS_TRACKER.md`
}

it('gives the text byte for byte', async () => {
  const text = '\ufeff# Ziel\r\n\ttäglich 🎯 `$(id)` {{ x }} \u202e\n\n'
  const url = await serve((_request, response) => response.end(text))
  expect(await fetchTracker(url, lab)).toBe(text)
  const full = 'x'.repeat(1024 * 1024)
  expect(await fetchTracker(await serve((_request, response) => response.end(full)), lab)).toBe(full)
})

it.each<[string, RequestListener, string]>([
  ['more than 1 MiB', (_request, response) => response.end('x'.repeat(1024 * 1024 + 1)), 'larger than 1048576 bytes'],
  ['nothing', (_request, response) => response.end(' \n'), 'it is empty'],
  ['bytes that are not UTF-8', (_request, response) => response.end(Buffer.from([0x61, 0xff])), 'not UTF-8 text'],
  ['a NUL', (_request, response) => response.end('a\0b'), 'not UTF-8 text'],
  [
    'a web page',
    (_request, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<p>x'),
    'it is a web page',
  ],
  ['a 404', (_request, response) => response.writeHead(404).end('none'), 'answered 404'],
])('refuses %s', async (_what, listener, because) => {
  const url = await serve(listener)
  await expect(fetchTracker(`${url}?token=hunter2`, lab)).rejects.toMatchObject({
    name: 'Problem',
    field: 'tracker_url',
    transient: false,
    message: expect.stringContaining(because) as string,
    doing: `fetch the tracker from ${url}`,
  })
})

it.each(['http://example.com/x', 'https://127.0.0.1/x', 'https://me:hunter2@example.com/x', 'file:///etc/passwd', 'x'])(
  'refuses %s',
  async (url) => {
    const refused = fetchTracker(url, { timeoutMs: 1000, allowPrivate: false })
    await expect(refused).rejects.toMatchObject({ name: 'Problem', field: 'tracker_url' })
    await expect(refused).rejects.not.toThrow('hunter2')
  },
)
