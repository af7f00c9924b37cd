import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'

/**
 * The user at the other end of a loopback connection, from the kernel's table (proc_net_tcp(5): `local_address`,
 * `rem_address` and `uid`); undefined where the connection is not found, for example one from another machine.
 */
export async function peerUid(
  socket: Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress' | 'localPort'>,
): Promise<number | undefined> {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (remoteAddress === undefined || remotePort === undefined) return undefined
  if (localAddress === undefined || localPort === undefined) return undefined
  for (const table of tablesOf(remoteAddress)) {
    const client = `${table.format(remoteAddress)}:${tablePort(remotePort)}`
    const server = `${table.format(localAddress)}:${tablePort(localPort)}`
    for (const line of (await readFile(table.path, 'utf8')).split('\n')) {
      const [, local, remote, , , , , uid] = line.trim().split(/\s+/)
      if (local === client && remote === server && uid !== undefined) return Number(uid)
    }
  }
  return undefined
}

interface Table {
  readonly path: string
  readonly format: (address: string) => string
}

/** A client of an IPv4 address that is mapped into IPv6 is most often an IPv4 one, and then in the table of those. */
function tablesOf(address: string): Table[] {
  const ipv4: Table = { path: '/proc/net/tcp', format: (one) => tableAddress(one.replace(/^::ffff:/, '')) }
  const ipv6: Table = { path: '/proc/net/tcp6', format: tableAddress }
  if (!address.includes(':')) return [ipv4]
  return address.startsWith('::ffff:') ? [ipv4, ipv6] : [ipv6]
}

/** Whether an address is this machine's loopback. */
export function isLoopback(address: string | undefined): boolean {
  return (
    address !== undefined &&
    (/^127\.\d+\.\d+\.\d+$/.test(address) || address === '::1' || address.startsWith('::ffff:127.'))
  )
}

/** The table writes each 32-bit word in the machine's byte order; every machine Node runs on here is little-endian. */
function tableAddress(address: string): string {
  if (!address.includes(':')) return littleEndian(address.split('.').map(Number))
  if (address === '::1') return '00000000000000000000000001000000'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(address)?.[1]
  // Others are no loopback address, and so in no line that matters.
  return mapped === undefined ? 'none' : `0000000000000000FFFF0000${littleEndian(mapped.split('.').map(Number))}`
}

function littleEndian(bytes: readonly number[]): string {
  return [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()
}

function tablePort(port: number): string {
  return port.toString(16).padStart(4, '0').toUpperCase()
}
