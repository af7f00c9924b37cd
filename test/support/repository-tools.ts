import { join } from 'node:path'
import { parseRepository, type Repository, type RepositoryPolicy } from '../../src/repo/repository-url.js'
import type { RepositoryTools } from '../../src/repo/tools.js'
import { childEnvironment } from '../../src/support/process.js'

/** Allows everything that a test's own servers on loopback need. */
export const labPolicy: RepositoryPolicy = {
  protocols: ['https', 'ssh', 'http', 'git', 'file'],
  hosts: [],
  privateAddresses: true,
}

export function labTools(folder: string, changes: Partial<RepositoryTools> = {}): RepositoryTools {
  return {
    policy: labPolicy,
    credentials: {},
    mirrorsFolder: join(folder, 'mirrors'),
    stepTimeoutMs: 20_000,
    environment: childEnvironment(process.env),
    ...changes,
  }
}

export function repositoryAt(url: string): Repository {
  const parsed = parseRepository(url, labPolicy)
  if (!parsed.ok) throw new Error(`${url}: ${parsed.because}`)
  return parsed.repository
}
