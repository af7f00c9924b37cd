import { isAbsolute, normalize } from 'node:path'
import { pathToFileURL } from 'node:url'
import { canonicalHost, isLiterallyPrivate } from '../support/address.js'
import { printable } from '../support/text.js'

export type Protocol = 'https' | 'ssh' | 'http' | 'git' | 'file'

/** What may be cloned from (`repositories` in config.yaml). */
export interface RepositoryPolicy {
  readonly protocols: readonly Protocol[]
  /** Empty: every host. Else only these. */
  readonly hosts: readonly string[]
  /** True: loopback and private networks too. */
  readonly privateAddresses: boolean
}

/** A repository address that has passed the policy. */
export interface Repository {
  readonly protocol: Protocol
  /** Null for `file`. */
  readonly host: string | null
  /** Null: the protocol's default. */
  readonly port: number | null
  /** As handed to git; never with a password or token. */
  readonly url: string
  /**
   * The same for every spelling of one repository: protocol, `.git`, case of the host, default port and the
   * user `git` make no difference; on github.com, the case of the path neither.
   */
  readonly key: string
  /** `acme` of acme/app, `group/sub` of group/sub/app; null where there is none. */
  readonly owner: string | null
  readonly name: string
}

export type ParsedRepository =
  | { readonly ok: true; readonly repository: Repository }
  | { readonly ok: false; readonly because: string; readonly remedy: string }

interface Address {
  readonly protocol: Protocol
  readonly user: string
  readonly host: string
  readonly port: number | null
  /** Without the leading slash. */
  readonly path: string
  /** `user@host:path`, which a plain ssh server reads from the home folder on; `ssh://` from the root on. */
  readonly relative?: boolean
}

type Refusal = Extract<ParsedRepository, { ok: false }>

const defaultPorts: Readonly<Record<Protocol, number>> = { https: 443, http: 80, ssh: 22, git: 9418, file: 0 }
const protocols: readonly Protocol[] = ['https', 'ssh', 'http', 'git', 'file']

/**
 * Reads the address of a repository and holds it against the policy, without touching the network (names that
 * resolve to private addresses are found out when connecting). The refusal never repeats the address, which may
 * carry a password. Syntax: git-clone(1), GIT URLS.
 */
export function parseRepository(text: string, policy: RepositoryPolicy): ParsedRepository {
  if (text.length > 2048) return refuse('the address is longer than 2048 characters', 'check repo_url')
  if (text === '') return refuse('the address is empty', 'give an https:// address')
  if (text.startsWith('-')) return refuse('the address starts with "-"', 'give an https:// address')
  if (!/^[\u0021-\u007e]+$/.test(text.replaceAll(' ', isAbsolute(text) ? '_' : '\u0000'))) {
    return refuse('the address has spaces, control characters or others outside ASCII', 'percent-encode them')
  }
  const address = readAddress(text)
  if ('ok' in address) return address
  if (!policy.protocols.includes(address.protocol)) {
    return refuse(
      `the protocol ${address.protocol} is not allowed`,
      `use one of ${policy.protocols.join(', ')}, or add it to repositories.protocols`,
    )
  }
  return address.protocol === 'file' ? fileRepository(address.path) : remoteRepository(address, policy)
}

/** A policy that refuses nothing, for reading an address that is not going to be connected to. */
export const anyRepository: RepositoryPolicy = { protocols, hosts: [], privateAddresses: true }

function readAddress(text: string): Address | Refusal {
  if (isAbsolute(text)) return { protocol: 'file', user: '', host: '', port: null, path: text }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]
  if (scheme !== undefined) {
    const protocol = protocols.find((known) => known === scheme.toLowerCase())
    if (protocol === undefined) {
      return refuse(`the protocol ${printable(scheme, 20)} is not supported`, 'give an https:// address')
    }
    const rest = text.slice(scheme.length + 3)
    if (protocol !== 'file') return readAuthority(protocol, rest)
    if (!rest.startsWith('/')) return refuse('a file:// address names a host', 'write file:///absolute/path')
    const path = decoded(rest)
    return path === undefined ? badPath() : { protocol, user: '', host: '', port: null, path }
  }
  if (/^[a-z][a-z0-9+.-]*::/i.test(text)) {
    return refuse('it names a remote helper (helper::address)', 'give an https:// address')
  }
  // git takes `host:path` for ssh where no slash comes before the colon.
  if (/^[^/]*:[^/]*@/.test(text)) return withCredentials()
  const scp = /^(?:([^@/:]*)@)?(\[[^\]/]*\]|[^@/:[\]]+):([^:].*)$/.exec(text)
  if (scp === null) return refuse('it is neither a URL nor user@host:path', 'give an https:// address')
  const path = scp[3] ?? ''
  if (path.includes('%')) return badPath()
  const relative = !path.startsWith('/')
  return {
    protocol: 'ssh',
    user: scp[1] ?? '',
    host: scp[2] ?? '',
    port: null,
    path: path.replace(/^\//, ''),
    relative,
  }
}

function readAuthority(protocol: Protocol, rest: string): Address | Refusal {
  const authority = rest.split(/[/?#\\]/, 1)[0] ?? ''
  const at = authority.lastIndexOf('@')
  const user = authority.slice(0, Math.max(at, 0))
  if (at >= 0 && (protocol !== 'ssh' || user.includes(':'))) return withCredentials()
  const parts = /^(\[[^\]]*\]|[^:]*)(?::([0-9]{0,5}))?$/.exec(authority.slice(at + 1))
  if (parts === null) return refuse('the host or port is not valid', 'check repo_url')
  const port = parts[2] === undefined || parts[2] === '' ? defaultPorts[protocol] : Number(parts[2])
  if (port < 1 || port > 65535) return refuse('the port is not between 1 and 65535', 'check repo_url')
  return {
    protocol,
    user,
    host: parts[1] ?? '',
    port: port === defaultPorts[protocol] ? null : port,
    path: rest.slice(authority.length).replace(/^\//, ''),
  }
}

function remoteRepository(address: Address, policy: RepositoryPolicy): ParsedRepository {
  const { protocol, user, port } = address
  if (user !== '' && !/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(user)) {
    return refuse('the user name in the address is not valid', 'check repo_url')
  }
  const host = canonicalHost(address.host)
  if (host === undefined) return refuse('the host name is not valid', 'check repo_url')
  if (policy.hosts.length > 0 && !policy.hosts.some((allowed) => canonicalHost(allowed) === host)) {
    return refuse(`the host ${printable(host, 100)} is not allowed`, 'add it to repositories.hosts')
  }
  if (!policy.privateAddresses && isLiterallyPrivate(host)) {
    return refuse(`the host ${host} is not a public address`, 'allow it with repositories.private_addresses')
  }
  const path = checkedPath(address.path)
  if (path === undefined) return badPath()
  const segments = path.split('/')
  const name = segments.at(-1) ?? ''
  const authority = `${host.includes(':') ? `[${host}]` : host}${port === null ? '' : `:${port.toString()}`}`
  const login = user === '' ? '' : `${user}@`
  const written = address.path.replace(/\/+$/, '')
  const plain = path.replace(/\.git$/, '')
  return {
    ok: true,
    repository: {
      protocol,
      host,
      port,
      url:
        address.relative === true ? `${login}${authority}:${written}` : `${protocol}://${login}${authority}/${written}`,
      key: `${user === 'git' ? '' : login}${authority}/${host === 'github.com' ? plain.toLowerCase() : plain}`,
      owner: segments.length > 1 ? segments.slice(0, -1).join('/') : null,
      name: name.replace(/\.git$/, ''),
    },
  }
}

function fileRepository(path: string): ParsedRepository {
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  if (/[\u0000-\u001f\u007f]/.test(path) || path.split('/').includes('..')) return badPath()
  const clean = normalize(path).replace(/(?<=.)\/+$/, '')
  const name = (clean.split('/').at(-1) ?? '').replace(/\.git$/, '')
  if (name === '') return badPath()
  const url = pathToFileURL(clean).href
  return {
    ok: true,
    repository: { protocol: 'file', host: null, port: null, url, key: `file:${clean}`, owner: null, name },
  }
}

/** The decoded path without a trailing slash, where it is one that a server could mean. */
function checkedPath(raw: string): string | undefined {
  // An encoded slash is a slash to some servers and none to others: of one key there would be two repositories.
  if (!/^[A-Za-z0-9._~@:+,=%/-]+$/.test(raw) || /%2f/i.test(raw)) return undefined
  const path = decoded(raw.replace(/\/+$/, ''))
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  if (path === undefined || /[\u0000-\u001f\u007f\\]/.test(path) || path.startsWith('-')) return undefined
  const segments = path.split('/')
  if (segments.some((segment) => ['', '.', '..'].includes(segment)) || segments.at(-1) === '.git') return undefined
  return path
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function badPath(): Refusal {
  return refuse('the path in the address is not valid', 'give it as owner/name, percent-encoded where needed')
}

function withCredentials(): Refusal {
  return refuse('the address carries a user name, password or token', 'put it into repositories.credentials instead')
}

function refuse(because: string, remedy: string): Refusal {
  return { ok: false, because, remedy }
}
