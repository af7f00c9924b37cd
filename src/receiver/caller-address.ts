import ipaddr from 'ipaddr.js'
import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'

/** Whether an address is that of a proxy whose word is taken for where a call came from. */
export type IsTrustedProxy = (address: string) => boolean

/** @param list addresses and CIDR ranges, `server.trusted_proxies`. @throws Problem naming the entry that is neither */
export function trustedProxies(list: readonly string[]): IsTrustedProxy {
  const ranges = list.map((entry) => {
    if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
    if (!entry.includes('/') && isAddress(entry)) {
      const address = ipaddr.process(entry)
      return [address, address.kind() === 'ipv4' ? 32 : 128] as const
    }
    throw new Problem({
      doing: 'read server.trusted_proxies',
      because: `"${printable(entry, 60)}" is no address`,
      remedy: 'write addresses or ranges, as in 10.0.0.5 or 10.0.0.0/24',
      field: 'server.trusted_proxies',
    })
  })
  return (address) => {
    if (!isAddress(address)) return false
    const plain = ipaddr.process(address)
    return ranges.some(([range, bits]) => range.kind() === plain.kind() && plain.match(range, bits))
  }
}

/**
 * Where a call came from: the connection's other end, or, where that is a trusted proxy, the last address of
 * X-Forwarded-For that is none. Everything further left was written by the caller and proves nothing.
 */
export function callerAddress(peer: string | undefined, forwardedFor: string, isTrusted: IsTrustedProxy): string {
  let address = plainAddress(peer ?? '')
  const hops = forwardedFor.split(',').map((hop) => hop.trim())
  while (isTrusted(address)) {
    const hop = hops.pop()
    if (hop === undefined || !isAddress(hop)) break
    address = plainAddress(hop)
  }
  return address
}

/** What one caller can't change at will: an IPv4 address, and of an IPv6 one the network of 64 bits (RFC 6177). */
export function rateKey(address: string): string {
  if (!isAddress(address)) return address
  const plain = ipaddr.process(address)
  if (plain.kind() === 'ipv4') return plain.toString()
  return Buffer.from(plain.toByteArray().slice(0, 8)).toString('hex')
}

/** `::ffff:10.0.0.1`, as a listener on `::` shows it, is `10.0.0.1`. */
function plainAddress(address: string): string {
  return isAddress(address) ? ipaddr.process(address).toString() : address
}

/** ipaddr.js 2.5 takes `0x7f.1` and `1` for IPv4 addresses too; four decimal numbers are what is meant here. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}
