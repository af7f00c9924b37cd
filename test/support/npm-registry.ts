import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

/** An entry of a tarball: a file's content, or a link's target. */
export type TarEntry = string | Uint8Array | { readonly link: string }

export interface NpmRegistry {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string
  /** What was asked for, with the header that logs in, the oldest first. */
  readonly requests: readonly string[]
  publish(name: string, version: string, entries: Readonly<Record<string, TarEntry>>): void
  /** From now on, what comes is not what the packument says. */
  tamper(): void
  close(): Promise<void>
}

/** A registry on loopback with real tarballs and the packuments that lead to them. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const requests: string[] = []
  const packages = new Map<string, Map<string, Buffer>>()
  let isTampered = false
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://127.0.0.1').pathname).slice(1)
    requests.push(`${path} ${request.headers.authorization ?? ''}`.trim())
    const [, name = '', version] = /^(.+?)(?:\/-\/(.+)\.tgz)?$/.exec(path) ?? []
    const versions = packages.get(name)
    const tarball = versions?.get(version ?? '')
    if (versions === undefined) response.writeHead(404).end('{}')
    else if (version === undefined) response.end(JSON.stringify(packument(name, versions)))
    else if (tarball === undefined) response.writeHead(404).end()
    else response.end(isTampered ? pack({ 'package.json': '{}' }) : tarball)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port.toString()}/`
  const packument = (name: string, versions: ReadonlyMap<string, Buffer>) => ({
    name,
    'dist-tags': { latest: [...versions.keys()].at(-1) },
    versions: Object.fromEntries(
      [...versions].map(([version, bytes]) => {
        const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
        return [version, { name, version, dist: { tarball: `${url}${name}/-/${version}.tgz`, integrity } }]
      }),
    ),
  })
  return {
    url,
    requests,
    publish: (name, version, entries) => {
      const known = packages.get(name) ?? new Map<string, Buffer>()
      packages.set(name, known.set(version, pack({ 'package.json': JSON.stringify({ name, version }), ...entries })))
    },
    tamper: () => {
      isTampered = true
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

/** A tarball as npm makes them: everything under `package/`. A path that starts with `/` is taken as it is. */
function pack(entries: Readonly<Record<string, TarEntry>>): Buffer {
  const blocks = Object.entries(entries).flatMap(([path, entry]) => {
    const isLink = typeof entry === 'object' && 'link' in entry
    const content = isLink ? Buffer.alloc(0) : Buffer.from(entry)
    const name = path.startsWith('/') ? path : `package/${path}`
    const padding = Buffer.alloc((512 - (content.length % 512)) % 512)
    return [header(name, content.length, isLink ? entry.link : undefined), content, padding]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

/** POSIX.1-1988, ustar. */
function header(name: string, size: number, link: string | undefined): Buffer {
  const block = Buffer.alloc(512)
  const write = (text: string, at: number) => block.write(text, at, 'utf8')
  write(name, 0)
  write('0000644\0', 100)
  write('0000000\0', 108)
  write('0000000\0', 116)
  write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  write('00000000000\0', 136)
  write(' '.repeat(8), 148)
  write(link === undefined ? '0' : '2', 156)
  write(link ?? '', 157)
  write('ustar\u000000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}
