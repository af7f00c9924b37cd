import { isIP } from 'node:net'
import { resolvePublic } from '../support/address.js'
import { Problem } from '../support/problem.js'
import { credentialOf, sshKeyOptions, tokenConfig } from './credentials.js'
import type { Repository } from './repository-url.js'
import type { RepositoryTools } from './tools.js'

/** How git gets to a repository: checked, pinned to the checked addresses, and logged in. */
export interface Reach {
  readonly url: string
  readonly config: readonly (readonly [string, string])[]
  readonly sshCommand: string | undefined
  readonly protocols: string
}

/**
 * Resolves the host once, checks every address, and ties git to them, so that a second answer of the resolver
 * can't lead elsewhere: libcurl by `http.curloptResolve`, OpenSSH by HostName with HostKeyAlias, git's own
 * protocol by the address in the URL.
 * @throws Problem where the host may not be reached or its credential is broken
 */
export async function reach(repository: Repository, tools: RepositoryTools): Promise<Reach> {
  const { protocol, host, url } = repository
  if (host === null) return { url, config: [], sshCommand: undefined, protocols: protocol }
  const addresses = await checkedAddresses(repository, host, tools)
  const first = addresses[0] ?? host
  const credential = credentialOf(repository, tools)
  switch (protocol) {
    case 'https':
    case 'http': {
      const login = credential?.kind === 'token' ? await tokenConfig(repository, credential.tokenFile) : []
      const port = repository.port ?? (protocol === 'https' ? 443 : 80)
      const pin = `${host}:${port.toString()}:${addresses.map(bracketed).join(',')}`
      const pinned = isIP(host) === 0 ? [['http.curloptResolve', pin] as const] : []
      return { url, config: [...pinned, ...login], sshCommand: undefined, protocols: protocol }
    }
    case 'ssh': {
      // known_hosts has `[host]:port` for other ports, and an alias is looked up as it is (ssh_config(5)).
      const alias = repository.port === null ? host : `[${host}]:${repository.port.toString()}`
      const key = credential?.kind === 'ssh' ? await sshKeyOptions(repository, credential) : []
      const options = ['-oBatchMode=yes', `-oHostName=${first}`, `-oHostKeyAlias=${alias}`, ...key]
      return { url, config: [], sshCommand: ['ssh', ...options.map(quoted)].join(' '), protocols: protocol }
    }
    case 'git':
      return {
        url: url.replace(bracketed(host), bracketed(first)),
        config: [],
        sshCommand: undefined,
        protocols: protocol,
      }
    case 'file':
      return { url, config: [], sshCommand: undefined, protocols: protocol }
  }
}

async function checkedAddresses(
  repository: Repository,
  host: string,
  tools: RepositoryTools,
): Promise<readonly string[]> {
  const resolution = await resolvePublic(host, {
    allowPrivate: tools.policy.privateAddresses,
    resolve: tools.resolve,
  })
  if (resolution.ok) return resolution.addresses
  throw new Problem({
    doing: `reach ${repository.url}`,
    because: resolution.because,
    remedy: resolution.because.endsWith('not a public address')
      ? 'allow it with repositories.private_addresses'
      : 'check repo_url',
    field: 'repo_url',
    transient: resolution.transient,
  })
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

/** One word of a shell command (POSIX sh, 2.2.2): GIT_SSH_COMMAND is run by sh. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
