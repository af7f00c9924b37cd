import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { codeOf } from './problem.js'

/** All the addresses a host name stands for, as text. Rejects with a system error (`ENOTFOUND`, `EAI_AGAIN`). */
export type Resolve = (host: string) => Promise<readonly string[]>

/** What resolving a host under the address policy gave. `because` is one line for a person. */
export type Resolution =
  | { readonly ok: true; readonly addresses: readonly string[] }
  | { readonly ok: false; readonly because: string; readonly transient: boolean }

/** getaddrinfo(3) keeps no time limit that we could set. */
const resolveLimitMs = 20_000

/**
 * True for an address of the public internet. False for loopback, link-local (169.254.169.254 among them),
 * private, shared (100.64/10), reserved, multicast and tunnel ranges, for IPv4 addresses of these kinds inside
 * IPv6 ones, and for what is no address (IANA special-purpose address registries, RFC 6890).
 */
export function isPublicAddress(ip: string): boolean {
  if (isIP(ip) === 0) return false
  const address = ipaddr.process(ip)
  if (address instanceof ipaddr.IPv4) return address.range() === 'unicast'
  const range = address.range()
  // NAT64 (RFC 6052): what a DNS64 resolver answers for every IPv4-only host, so the embedded address decides.
  if (range === 'rfc6052' && address.match(ipaddr.IPv6.parseCIDR('64:ff9b::/96'))) {
    return isPublicAddress(address.toByteArray().slice(12).join('.'))
  }
  return range === 'unicast' && address.match(ipaddr.IPv6.parseCIDR('2000::/3'))
}

/**
 * The one spelling of a host: lower case, no trailing dot, no brackets, and every odd spelling of an IPv4
 * address (`2130706433`, `0x7f.1`, `0177.0.0.1`) as four decimal numbers, as WHATWG URL reads them.
 * Undefined for what is no host name or address.
 */
export function canonicalHost(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  if (isIP(bare) === 6) return ipaddr.IPv6.parse(bare).toString()
  if (!/^[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?\.?$/i.test(bare) || bare.includes('..')) return undefined
  const url = URL.canParse(`http://${bare}/`) ? new URL(`http://${bare}/`) : undefined
  return url?.hostname.replace(/\.$/, '')
}

/** True for a host that is, or by RFC 6761 always means, an address that is not public; names are not resolved. */
export function isLiterallyPrivate(host: string): boolean {
  const canonical = canonicalHost(host)
  if (canonical === undefined) return true
  if (isIP(canonical) !== 0) return !isPublicAddress(canonical)
  return canonical === 'localhost' || canonical.endsWith('.localhost')
}

/**
 * The addresses of a host that may be connected to. Every address must pass, so that a name with one public and
 * one private address is refused. The caller connects to these addresses and never resolves the name again.
 */
export async function resolvePublic(
  host: string,
  options: { readonly allowPrivate: boolean; readonly resolve?: Resolve | undefined },
): Promise<Resolution> {
  const canonical = canonicalHost(host)
  if (canonical === undefined) return refused('the host name is not valid')
  const addresses = isIP(canonical) === 0 ? await lookUp(canonical, options.resolve ?? systemResolve) : [canonical]
  if (!Array.isArray(addresses)) return addresses
  if (addresses.length === 0) return refused(`the host ${canonical} has no address`)
  const odd = addresses.find((address) => isIP(address) === 0)
  if (odd !== undefined) return refused(`the host ${canonical} resolves to something that is no address`)
  const forbidden = options.allowPrivate ? undefined : addresses.find((address) => !isPublicAddress(address))
  if (forbidden === undefined) return { ok: true, addresses }
  const what = forbidden === canonical ? 'is' : `resolves to ${forbidden}, which is`
  return refused(`the host ${canonical} ${what} not a public address`)
}

async function systemResolve(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map((entry) => entry.address)
}

async function lookUp(host: string, resolve: Resolve): Promise<string[] | Extract<Resolution, { ok: false }>> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<'timed-out'>((done) => {
    timer = setTimeout(() => {
      done('timed-out')
    }, resolveLimitMs)
  })
  try {
    const found = await Promise.race([resolve(host), limit])
    if (found !== 'timed-out') return [...found]
    return { ok: false, because: `resolving the host ${host} took too long`, transient: true }
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOTFOUND' || code === 'ENODATA') {
      // Also what a machine hears whose resolver is not up yet, as after a boot.
      return { ok: false, because: `the host ${host} does not exist`, transient: true }
    }
    return { ok: false, because: `the host ${host} can't be resolved now (${code ?? 'unknown'})`, transient: true }
  } finally {
    clearTimeout(timer)
  }
}

function refused(because: string): Extract<Resolution, { ok: false }> {
  return { ok: false, because, transient: false }
}
