import { describe, expect, it } from 'vitest'
import { callerAddress, rateKey, trustedProxies } from '../../src/receiver/caller-address.js'
import { httpCall, postJson } from '../support/http-call.js'
import { bearer, job, sign, startReceiver } from './receiver.js'

describe('callerAddress', () => {
  it.each([
    ['no proxy is trusted', [], '10.0.0.1', '1.2.3.4', '10.0.0.1'],
    ['the peer is not among them', ['10.0.0.2'], '10.0.0.1', '1.2.3.4', '10.0.0.1'],
    ['the peer is one', ['10.0.0.1'], '10.0.0.1', '1.2.3.4', '1.2.3.4'],
    ['the caller wrote something itself', ['10.0.0.1'], '10.0.0.1', '127.0.0.1, 1.2.3.4', '1.2.3.4'],
    ['two proxies stand in line', ['10.0.0.0/24'], '10.0.0.1', '6.6.6.6,1.2.3.4 , 10.0.0.9', '1.2.3.4'],
    ['all are trusted', ['10.0.0.0/8'], '10.0.0.1', '10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['the header is missing', ['10.0.0.1'], '10.0.0.1', '', '10.0.0.1'],
    ['the header is no address', ['10.0.0.1'], '10.0.0.1', '1.2.3.4, x\u001b[2J', '10.0.0.1'],
    ['the peer is mapped into IPv6', ['10.0.0.1'], '::ffff:10.0.0.1', '::ffff:1.2.3.4', '1.2.3.4'],
    ['they are IPv6', ['fd00::/8'], 'fd00::1', '2001:db8::5', '2001:db8::5'],
    ['the peer is gone', ['10.0.0.1'], undefined, '1.2.3.4', ''],
  ])('where %s', (_what, trusted, peer, header, expected) => {
    expect(callerAddress(peer, header, trustedProxies(trusted))).toBe(expected)
  })

  it.each(['localhost', '10.0.0.0/33', '10.0.0', '*', ''])('%j is refused as a proxy', (entry) => {
    expect(() => trustedProxies(['10.0.0.1', entry])).toThrow(/server\.trusted_proxies.*address/)
  })
})

it('rateKey takes the network of an IPv6 address, and IPv4 as it is', () => {
  expect(rateKey('2001:db8:1:2:3::4')).toBe(rateKey('2001:db8:1:2:ffff::1'))
  expect(rateKey('2001:db8:1:2::')).not.toBe(rateKey('2001:db8:1:3::'))
  expect(rateKey('::ffff:1.2.3.4')).toBe('1.2.3.4')
})

describe('the rate', () => {
  const statuses = async (calls: number, one: () => Promise<{ status: number }>) => {
    const found: number[] = []
    for (let call = 0; call < calls; call += 1) found.push((await one()).status)
    return found
  }

  it('is limited for every call that is not signed, with the time to wait', async () => {
    const receiver = await startReceiver({ requestsPerMinute: 3 })
    const one = () => postJson(`${receiver.url}/create-session`, job, bearer)
    expect(await statuses(5, one)).toEqual([202, 202, 202, 429, 429])
    const answer = await httpCall(`${receiver.url}/sessions`, { headers: bearer })
    expect(answer.status).toBe(429)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(60)
    expect(await receiver.inbox()).toHaveLength(3)
  })

  it('is limited for guesses: tokens and signatures', async () => {
    const receiver = await startReceiver({ requestsPerMinute: 4 })
    const body = JSON.stringify(job)
    const guess = (header: Record<string, string>) => () =>
      httpCall(`${receiver.url}/create-session`, { body, headers: { 'content-type': 'application/json', ...header } })
    expect(await statuses(2, guess({ authorization: 'Bearer guess' }))).toEqual([401, 401])
    expect(await statuses(1, guess({ 'x-hub-signature-256': 'sha256=' }))).toEqual([401])
    expect(await statuses(2, guess({ 'x-hub-signature-256': sign('guess') }))).toEqual([401, 429])
    // A right token no longer tells itself from a wrong one, and a signed delivery still gets through.
    expect(await statuses(1, guess(bearer))).toEqual([429])
    expect(await statuses(3, guess({ 'x-hub-signature-256': sign(body) }))).toEqual([202, 202, 202])
  })

  it('does not keep the health checks out', async () => {
    const receiver = await startReceiver({ requestsPerMinute: 1 })
    expect(await statuses(3, () => httpCall(`${receiver.url}/healthz`))).toEqual([200, 200, 200])
  })

  it('is not escaped by X-Forwarded-For, unless a trusted proxy wrote it', async () => {
    for (const trusted of [[], ['127.0.0.0/8']]) {
      const receiver = await startReceiver({ requestsPerMinute: 1, trusted })
      let caller = 0
      const one = () => {
        caller += 1
        const headers = { ...bearer, 'x-forwarded-for': `198.51.100.${caller.toString()}` }
        return postJson(`${receiver.url}/create-session`, job, headers)
      }
      expect(await statuses(2, one)).toEqual(trusted.length === 0 ? [202, 429] : [202, 202])
      const addresses = receiver.log.filter((line) => line.message === 'request').map((line) => line.fields['address'])
      expect(addresses).toEqual(trusted.length === 0 ? ['127.0.0.1', '127.0.0.1'] : ['198.51.100.1', '198.51.100.2'])
    }
  })
})
