import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseRepository, type Repository, type RepositoryPolicy } from '../../src/repo/repository-url.js'
import { labPolicy } from '../support/repository-tools.js'

const strict: RepositoryPolicy = { protocols: ['https', 'ssh'], hosts: [], privateAddresses: false }

function parsed(text: string, policy = strict): Repository {
  const result = parseRepository(text, policy)
  if (!result.ok) throw new Error(`${text}: ${result.because}`)
  return result.repository
}

function refusal(text: string, policy = strict): string {
  const result = parseRepository(text, policy)
  return result.ok ? `it was taken as ${result.repository.url}` : result.because
}

describe('parseRepository', () => {
  it('reads an https address', () => {
    expect(parsed('https://GitHub.com:443/Acme/Test-App.git')).toEqual({
      protocol: 'https',
      host: 'github.com',
      port: null,
      url: 'https://github.com/Acme/Test-App.git',
      key: 'github.com/acme/test-app',
      owner: 'Acme',
      name: 'Test-App',
    })
    expect(parsed('https://gitlab.com/group/sub/app/')).toMatchObject({
      url: 'https://gitlab.com/group/sub/app',
      key: 'gitlab.com/group/sub/app',
      owner: 'group/sub',
      name: 'app',
    })
  })

  it('reads the two spellings of ssh', () => {
    expect(parsed('git@github.com:acme/app.git')).toEqual({
      protocol: 'ssh',
      host: 'github.com',
      port: null,
      url: 'git@github.com:acme/app.git',
      key: 'github.com/acme/app',
      owner: 'acme',
      name: 'app',
    })
    expect(parsed('ssh://git@example.com:2222/acme/app.git')).toMatchObject({
      port: 2222,
      url: 'ssh://git@example.com:2222/acme/app.git',
      key: 'example.com:2222/acme/app',
    })
    // From the root on, which user@host:path is not.
    expect(parsed('git@example.com:/srv/git/app.git').url).toBe('ssh://git@example.com/srv/git/app.git')
  })

  it('reads paths of this machine where file is allowed', () => {
    expect(parsed('/srv/git/my app.git/', labPolicy)).toEqual({
      protocol: 'file',
      host: null,
      port: null,
      url: 'file:///srv/git/my%20app.git',
      key: 'file:/srv/git/my app.git',
      owner: null,
      name: 'my app',
    })
    expect(parsed('file:///srv/git/my%20app.git', labPolicy).key).toBe('file:/srv/git/my app.git')
  })

  it.each([
    ['https://github.com/acme/app', 'https://github.com/acme/app.git'],
    ['https://github.com/acme/app', 'https://GITHUB.COM/Acme/App/'],
    ['https://github.com/acme/app', 'https://github.com:443/acme/app'],
    ['https://github.com/acme/app', 'https://github.com./acme/app'],
    ['https://github.com/acme/app', 'HTTPS://github.com/acme/%61pp'],
    ['https://github.com/acme/app', 'git@github.com:acme/app.git'],
    ['git@github.com:acme/app', 'ssh://git@github.com:22/acme/app.git'],
    ['git@[2606:50c0::1]:acme/app', 'ssh://git@[2606:50C0:0::1]/acme/app'],
  ])('gives one key for %s and %s', (one, other) => {
    expect(parsed(one).key).toBe(parsed(other).key)
  })

  it.each([
    ['https://example.com/acme/app', 'https://example.com/Acme/app'],
    ['https://example.com/acme/app', 'https://example.com:8443/acme/app'],
    ['https://example.com/acme/app', 'https://example.org/acme/app'],
    ['https://github.com/acme/app', 'https://github.com/acme/app2'],
    ['git@example.com:acme/app', 'alice@example.com:acme/app'],
  ])('gives two keys for %s and %s', (one, other) => {
    expect(parsed(one).key).not.toBe(parsed(other).key)
  })

  it.each([
    ['ext::sh -c touch% /tmp/canary', 'spaces'],
    ['ext::sh', 'remote helper'],
    ['ext::https://example.com/a/b', 'remote helper'],
    ['--upload-pack=touch', 'starts with "-"'],
    ['-u', 'starts with "-"'],
    ['ssh://-oProxyCommand=touch/x', 'host'],
    ['ssh://git@-oProxyCommand=x/y', 'host'],
    ['git@-oProxyCommand=x:y', 'host'],
    ['ssh://-oX@example.com/a/b', 'user name'],
    ['-oX@example.com:a/b', 'starts with "-"'],
    ['x -o@example.com:a/b', 'spaces'],
    ['git@example.com:-oX', 'path'],
    ['https://user:hunter2@github.com/acme/app', 'token'],
    ['https://hunter2@github.com/acme/app', 'token'],
    ['https://x:hunter2@evil@github.com/a/b', 'token'],
    ['ssh://git:hunter2@github.com/acme/app', 'token'],
    ['git:hunter2@github.com:acme/app', 'token'],
    ['https://github.com\\@evil.example/a/b', 'path'],
    ['https://github.com#@evil.example/a/b', 'path'],
    ['http://github.com/acme/app', 'protocol http is not allowed'],
    ['git://github.com/acme/app', 'protocol git is not allowed'],
    ['file:///etc', 'protocol file is not allowed'],
    ['/etc', 'protocol file is not allowed'],
    ['ftp://example.com/a/b', 'protocol ftp is not supported'],
    ['./relative', 'neither'],
    ['acme/app', 'neither'],
    ['', 'empty'],
    [`https://example.com/${'a'.repeat(2100)}`, 'longer'],
    ['https://github.com/acme/app\n', 'control'],
    ['https://github.com/acme/\u0007app', 'control'],
    ['https://github.com/acme/\u202eapp', 'ASCII'],
    ['https://github.com/acme/app%0a', 'path'],
    ['https://github.com/acme/app%00', 'path'],
    ['https://github.com/acme/%zz', 'path'],
    ['https://github.com/../etc', 'path'],
    ['https://github.com/a/%2e%2e/b', 'path'],
    ['https://github.com/acme%2Fapp', 'path'],
    ['https://git.example.com/acme/%2fapp', 'path'],
    ['https://github.com//a', 'path'],
    ['https://github.com/', 'path'],
    ['https://github.com', 'path'],
    ['https://github.com/.git', 'path'],
    ['https://github.com/a/b?x=1', 'path'],
    ['https://github.com/a/b#x', 'path'],
    ["https://github.com/a/b';id", 'path'],
    ['https://github.com/a/$(id)', 'path'],
    ['https:///a/b', 'host'],
    ['https://exa mple.com/a/b', 'spaces'],
    ['https://github.com:0/a/b', 'port'],
    ['https://github.com:65536/a/b', 'port'],
    ['https://github.com:http/a/b', 'port'],
    ['https://127.0.0.1/a/b', 'not a public address'],
    ['https://2130706433/a/b', 'not a public address'],
    ['https://0x7f.1/a/b', 'not a public address'],
    ['https://[::1]/a/b', 'not a public address'],
    ['https://[::ffff:127.0.0.1]/a/b', 'not a public address'],
    ['https://169.254.169.254/a/b', 'not a public address'],
    ['https://100.64.1.1/a/b', 'not a public address'],
    ['https://localhost/a/b', 'not a public address'],
    ['https://x.localhost./a/b', 'not a public address'],
    ['git@127.0.0.1:a/b', 'not a public address'],
    ['git@0x7f.1:a/b', 'not a public address'],
    ['git@[::1]:a/b', 'not a public address'],
  ])('refuses %s', (text, because) => {
    expect(refusal(text)).toContain(because)
    expect(JSON.stringify(parseRepository(text, strict))).not.toContain('hunter2')
  })

  it('keeps to the hosts that are allowed', () => {
    const policy = { ...strict, hosts: ['GitHub.com'] }
    expect(parsed('https://github.com/acme/app', policy).host).toBe('github.com')
    expect(refusal('https://gitlab.com/acme/app', policy)).toBe('the host gitlab.com is not allowed')
    expect(refusal('https://github.com.evil.example/acme/app', policy)).toContain('not allowed')
  })

  it('refuses what a file path may not be', () => {
    expect(refusal('/srv/../etc', labPolicy)).toContain('path')
    expect(refusal('file://host/srv/x', labPolicy)).toContain('names a host')
    expect(refusal('file:///srv/%00', labPolicy)).toContain('path')
    expect(refusal('/', labPolicy)).toContain('path')
  })

  it('never gives an address that looks like an option, or one that it would read differently itself', () => {
    const odd = fc.string({ unit: fc.constantFrom(...'- @ : / . [ ] % a 1 ~ \\ ? # g t'.split(' '), ' ') })
    const prefix = fc.constantFrom('', 'https://', 'ssh://', 'git@', 'https://h.example/', 'file://', '/')
    fc.assert(
      fc.property(prefix, odd, (start, rest) => {
        const first = parseRepository(start + rest, labPolicy)
        if (!first.ok) return
        expect(first.repository.url).toMatch(/^[A-Za-z0-9_]/)
        expect(first.repository.host ?? '').not.toMatch(/^-/)
        expect(parseRepository(first.repository.url, labPolicy)).toEqual(first)
      }),
      { numRuns: 2000 },
    )
  })
})
