import type { Payload } from './payload.js'

/** Whom and what the configuration trusts (`github` in config.yaml). */
export interface TrustPolicy {
  /** Values of GitHub's author_association. */
  readonly trusted: readonly string[]
  /** Logins that are trusted as well, also a bot's. */
  readonly senders: readonly string[]
  /** `owner/name` or `owner/*`; empty: every repository that has the webhook's secret. */
  readonly repositories: readonly string[]
  readonly forks: boolean
  /** What becomes of a stranger's text in a session that someone with rights asked for. */
  readonly untrusted_text: 'omit' | 'include'
}

/** Why an event may do nothing at all, whatever the rules say; undefined: the rules decide. */
export function refusedBecause(payload: Payload, policy: TrustPolicy): string | undefined {
  const repository = payload.repository?.full_name
  if (policy.repositories.length > 0 && (repository === undefined || !isListed(repository, policy.repositories))) {
    return `the repository ${repository ?? '(none)'} is not in github.repositories`
  }
  const sender = payload.sender
  if (sender?.type === 'Bot' && !hasLogin(policy.senders, sender.login)) {
    return `the sender ${sender.login} is a bot that is not in github.senders`
  }
  const head = payload.pull_request?.head
  if (head !== undefined && !policy.forks) {
    if (head.repo?.full_name === undefined) return 'the pull request’s repository is gone'
    if (head.repo.full_name !== repository)
      return `the pull request comes from the fork ${head.repo.full_name} (github.forks)`
  }
  return undefined
}

/** Whether the one who acted, the author of the comment, may give commands. */
export function isTrustedActor(payload: Payload, policy: TrustPolicy): boolean {
  const author = payload.comment?.user ?? payload.sender
  if (author !== undefined && hasLogin(policy.senders, author.login)) return true
  // The association is the comment's author's; it says nothing of another sender, who may have edited it.
  const same = payload.comment?.user?.login === payload.sender?.login
  return same && policy.trusted.includes(payload.comment?.author_association ?? '')
}

/** Whether the text of the issue or pull request was written by someone trusted. Text of none counts as a stranger's. */
export function isTrustedText(payload: Payload, policy: TrustPolicy): boolean {
  const subject = payload.pull_request ?? payload.issue
  if (subject === undefined) return false
  if (subject.user !== undefined && subject.user !== null && hasLogin(policy.senders, subject.user.login)) return true
  return policy.trusted.includes(subject.author_association ?? '')
}

function isListed(fullName: string, list: readonly string[]): boolean {
  const name = fullName.toLowerCase()
  const owner = `${name.split('/')[0] ?? ''}/*`
  return list.some((entry) => [name, owner].includes(entry.toLowerCase()))
}

/** GitHub's logins are case-insensitive. */
function hasLogin(list: readonly string[], login: string): boolean {
  return list.some((entry) => entry.toLowerCase() === login.toLowerCase())
}
