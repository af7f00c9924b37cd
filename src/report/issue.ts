import { anyRepository, parseRepository } from '../repo/repository-url.js'

/** An issue or pull request, as GitHub's API names it. */
export interface Issue {
  readonly owner: string
  readonly repo: string
  readonly number: number
}

/** The issue that an event was about (`acme/shop#7`); undefined: it was about something else. */
export function parseIssue(subject: string): Issue | undefined {
  const match = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,99})\/([A-Za-z0-9._-]{1,100})#([1-9]\d{0,9})$/.exec(subject)
  const [, owner = '', repo = '', number = ''] = match ?? []
  return match === null || repo === '.' || repo === '..' ? undefined : { owner, repo, number: Number(number) }
}

/**
 * Whether a repository is one that the API at `apiUrl` knows. The same secret may sign deliveries of several servers,
 * and `acme/shop#7` on another server is another issue.
 */
export function isOn(apiUrl: string, repositoryUrl: string): boolean {
  const parsed = parseRepository(repositoryUrl, anyRepository)
  const api = new URL(apiUrl).hostname
  return parsed.ok && parsed.repository.host?.toLowerCase() === (api === 'api.github.com' ? 'github.com' : api)
}
