import { access, constants } from 'node:fs/promises'
import { readBounded } from '../support/files.js'
import { Problem } from '../support/problem.js'
import type { Repository } from './repository-url.js'
import type { Credential, RepositoryTools } from './tools.js'

/** The credential configured for a repository's host: the one for `host:port` before the one for `host`. */
export function credentialOf(repository: Repository, tools: RepositoryTools): Credential | undefined {
  const { host, port } = repository
  if (host === null) return undefined
  const withPort = port === null ? undefined : tools.credentials[`${host}:${port.toString()}`]
  return withPort ?? tools.credentials[host]
}

/**
 * The git configuration that logs in by a token: an HTTP Basic header for this host alone. A file with a bare
 * token stands for the user `x-access-token`, which GitHub, GitLab and Gitea take.
 * @throws Problem, field `repositories.credentials`
 */
export async function tokenConfig(
  repository: Repository,
  tokenFile: string,
): Promise<readonly (readonly [string, string])[]> {
  const text = (await readSecret(repository, tokenFile)).trim()
  if (!/^[\u0021-\u007e]+$/.test(text)) throw broken(repository, `${tokenFile} does not hold one token on one line`)
  const login = text.includes(':') ? text : `x-access-token:${text}`
  const header = `Authorization: Basic ${Buffer.from(login).toString('base64')}`
  const port = repository.port === null ? '' : `:${repository.port.toString()}`
  const host = repository.host ?? ''
  const authority = `${host.includes(':') ? `[${host}]` : host}${port}`
  return [[`http.${repository.protocol}://${authority}/.extraHeader`, header]]
}

/**
 * The ssh options that log in by a key, quoted for the shell that runs GIT_SSH_COMMAND.
 * @throws Problem, field `repositories.credentials`, where a file can't be read
 */
export async function sshKeyOptions(
  repository: Repository,
  credential: Extract<Credential, { kind: 'ssh' }>,
): Promise<readonly string[]> {
  for (const path of [credential.keyFile, credential.knownHostsFile]) {
    try {
      await access(path, constants.R_OK)
    } catch (error) {
      throw broken(repository, `${path} can't be read`, error)
    }
  }
  return [
    '-oIdentitiesOnly=yes',
    '-oStrictHostKeyChecking=yes',
    `-oIdentityFile=${sshValue(credential.keyFile)}`,
    `-oUserKnownHostsFile=${sshValue(credential.knownHostsFile)}`,
    '-oGlobalKnownHostsFile=/dev/null',
  ]
}

async function readSecret(repository: Repository, path: string): Promise<string> {
  const read = await readBounded(path, 8192)
  switch (read.kind) {
    case 'file':
      return read.bytes.toString('utf8')
    case 'missing':
      throw broken(repository, `${path} does not exist`)
    case 'odd':
      throw broken(repository, `${path} is ${read.what}`)
    case 'too-large':
      throw broken(repository, `${path} is larger than a token`)
  }
}

/** ssh_config(5): spaces need double quotes, and `%` starts a token. */
function sshValue(path: string): string {
  return `"${path.replaceAll('%', '%%').replaceAll('"', '\\"')}"`
}

function broken(repository: Repository, because: string, cause?: unknown): Problem {
  return new Problem({
    doing: `log in to ${repository.host ?? ''}`,
    because,
    remedy: 'check repositories.credentials',
    field: 'repositories.credentials',
    cause,
  })
}
