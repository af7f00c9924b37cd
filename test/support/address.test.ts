import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalHost, isLiterallyPrivate, isPublicAddress, resolvePublic } from '../../src/support/address.js'

const resolvesTo =
  (...addresses: string[]) =>
  () =>
    Promise.resolve(addresses)

describe('isPublicAddress', () => {
  it.each(['140.82.121.4', '1.1.1.1', '2606:50c0:8000::153', '2a00:1450:4001::200e', '64:ff9b::8c52:7904'])(
    'takes %s',
    (ip) => {
      expect(isPublicAddress(ip)).toBe(true)
    },
  )

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.2.1',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'fec0::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:db8::1',
    '2001::1',
    'fe80::1%eth0',
    'localhost',
    '2130706433',
    '',
  ])('refuses %s', (ip) => {
    expect(isPublicAddress(ip)).toBe(false)
  })

  it('says the same of an IPv4 address and of the IPv6 address that maps it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ip) => {
        expect(isPublicAddress(`::ffff:${ip}`)).toBe(isPublicAddress(ip))
      }),
    )
  })
})

describe('canonicalHost', () => {
  it.each([
    ['GitHub.com', 'github.com'],
    ['github.com.', 'github.com'],
    ['2130706433', '127.0.0.1'],
    ['0x7f.1', '127.0.0.1'],
    ['0177.0.0.1', '127.0.0.1'],
    ['127.1', '127.0.0.1'],
    ['[::1]', '::1'],
    ['0:0:0:0:0:0:0:1', '::1'],
  ])('reads %s as %s', (host, canonical) => {
    expect(canonicalHost(host)).toBe(canonical)
  })

  it.each(['', '.', '-x', 'a..b', 'a b', 'a/b', 'a@b', 'ex%61mple.com', '[::1', '256.256.256.256', 'ä.example'])(
    'refuses "%s"',
    (host) => {
      expect(canonicalHost(host)).toBeUndefined()
      expect(isLiterallyPrivate(host)).toBe(true)
    },
  )
})

describe('resolvePublic', () => {
  it('gives the addresses of a public name', async () => {
    const resolve = resolvesTo('140.82.121.4', '2606:50c0:8000::153')
    expect(await resolvePublic('github.com', { allowPrivate: false, resolve })).toEqual({
      ok: true,
      addresses: ['140.82.121.4', '2606:50c0:8000::153'],
    })
  })

  it('refuses a name of which one address is private', async () => {
    const resolve = resolvesTo('140.82.121.4', '10.0.0.1')
    expect(await resolvePublic('evil.example', { allowPrivate: false, resolve })).toEqual({
      ok: false,
      because: 'the host evil.example resolves to 10.0.0.1, which is not a public address',
      transient: false,
    })
    expect(await resolvePublic('evil.example', { allowPrivate: true, resolve })).toMatchObject({ ok: true })
  })

  it.each(['2130706433', '0x7f.1', '[::1]', '127.1', '169.254.169.254', '[::ffff:7f00:1]'])(
    'refuses %s without asking a resolver',
    async (host) => {
      const resolve = () => Promise.reject(new Error('asked'))
      const resolution = await resolvePublic(host, { allowPrivate: false, resolve })
      expect(resolution).toMatchObject({ ok: false, transient: false })
      expect(resolution.ok ? '' : resolution.because).toMatch(/is not a public address$/)
    },
  )

  it('tells a name that does not exist from a resolver that fails', async () => {
    const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }))
    expect(await resolvePublic('x.example', { allowPrivate: true, resolve: failing('ENOTFOUND') })).toMatchObject({
      ok: false,
      because: 'the host x.example does not exist',
      transient: true,
    })
    expect(await resolvePublic('x.example', { allowPrivate: true, resolve: failing('EAI_AGAIN') })).toMatchObject({
      ok: false,
      transient: true,
    })
    expect(await resolvePublic('x.example', { allowPrivate: true, resolve: resolvesTo() })).toMatchObject({ ok: false })
    expect(await resolvePublic('x.example', { allowPrivate: true, resolve: resolvesTo('nonsense') })).toMatchObject({
      ok: false,
    })
  })
})
