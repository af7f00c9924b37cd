import { Problem } from '../support/problem.js'
import { redactor } from '../support/redact.js'
import { printable } from '../support/text.js'
import type { GitResult } from './git.js'

/** What a failure of git means to us. `unknown`: perhaps the files on disk are damaged. */
export interface GitFailure {
  readonly kind: 'remote' | 'local' | 'redirect' | 'unknown'
  readonly problem: Problem
}

interface Rule {
  readonly pattern: RegExp
  readonly kind: GitFailure['kind']
  readonly because: string
  readonly remedy: string
  readonly field?: string
  readonly transient?: boolean
}

/** Messages of git 2.39 to 2.47, curl and OpenSSH, in the C locale; the first that fits counts. */
const rules: readonly Rule[] = [
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    kind: 'local',
    because: 'the disk is full',
    remedy: 'free some space',
    transient: true,
  },
  {
    pattern: /Read-only file system/i,
    kind: 'local',
    because: 'the file system is read-only',
    remedy: 'see with dmesg why, and mount it for writing again',
    transient: true,
  },
  {
    pattern: /Too many open files|Cannot allocate memory|Out of memory|Resource temporarily unavailable|cannot fork/i,
    kind: 'local',
    because: 'the machine is short of memory, processes or open files',
    remedy: 'see `devorch doctor`, or lower worker.concurrency',
    transient: true,
  },
  {
    pattern: /setsid: failed to execute/i,
    kind: 'local',
    because: 'the program lies where nothing can be executed',
    remedy: 'mount that place without noexec, or install dev-orchestrator elsewhere',
  },
  {
    pattern: /died of signal/i,
    kind: 'local',
    because: 'a part of git was killed',
    remedy: 'see with dmesg whether memory was short',
    transient: true,
  },
  {
    pattern:
      /could not read Username|Authentication failed|returned error: 40[13]|Permission denied \(|terminal prompts/i,
    kind: 'remote',
    because: 'the repository needs authentication, or does not exist',
    remedy: 'check repo_url, and give access with repositories.credentials',
    field: 'repo_url',
  },
  {
    pattern: /Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED/i,
    kind: 'remote',
    because: 'the key of the ssh host is unknown or has changed',
    remedy: "add the host's key to the known_hosts file of repositories.credentials",
    field: 'repo_url',
  },
  {
    pattern: /returned error: 30[12378]|unable to update url base from redirection/i,
    kind: 'redirect',
    because: 'the server redirects to another address',
    remedy: 'give the address that the repository has now',
    field: 'repo_url',
  },
  {
    pattern:
      /repository '.*' not found|Repository not found|does not appear to be a git repository|returned error: 404|not valid: is this a git repository/i,
    kind: 'remote',
    because: 'there is no such repository, or it is private',
    remedy: 'check repo_url; a private one needs repositories.credentials',
    field: 'repo_url',
  },
  {
    pattern: /dubious ownership/i,
    kind: 'remote',
    because: 'the repository on disk belongs to another user',
    remedy: 'give the folder to the user that the daemon runs as',
    field: 'repo_url',
  },
  {
    pattern: /transport '.*' not allowed/i,
    kind: 'remote',
    because: 'the protocol is not allowed',
    remedy: 'check repositories.protocols',
    field: 'repo_url',
  },
  {
    pattern: /SSL certificate|certificate verif|server certificate/i,
    kind: 'remote',
    because: "the server's certificate is not trusted",
    remedy: 'mend the certificate, or add its authority to the system',
    field: 'repo_url',
  },
  {
    pattern: /returned error: (?:5\d\d|429)/i,
    kind: 'remote',
    because: 'the server has a problem of its own',
    remedy: 'try again later',
    transient: true,
  },
  {
    pattern: /Could not resolve host/i,
    kind: 'remote',
    because: 'the host name does not exist',
    remedy: 'check repo_url',
    field: 'repo_url',
    transient: true,
  },
  {
    pattern:
      /Failed to connect|Connection (?:refused|reset|timed out|closed)|Could not connect|Couldn't connect|No route to host|Network is unreachable|unable to look up|early EOF|hung up (?:unexpectedly|upon)|RPC failed|unexpected disconnect|Empty reply|Operation timed out|transfer closed|unable to access 'http/i,
    kind: 'remote',
    because: 'the connection to the server failed',
    remedy: 'check that the host answers',
    transient: true,
  },
]

/**
 * What to tell a person about a git that did not exit with 0. Undefined where it did.
 * @param doing verb and object, without secrets: `clone https://example.com/a.git`
 */
export function gitFailure(result: GitResult, doing: string): GitFailure | undefined {
  switch (result.ended) {
    case 'aborted':
      return local({ doing, because: 'it was stopped', remedy: 'start it again', transient: true })
    case 'timed-out': {
      const because = `it did not finish within ${(result.timeoutMs / 1000).toString()} s`
      const remedy = 'check that the host answers, or raise worker.step_timeout_s'
      return local({ doing, because, remedy, transient: true })
    }
    case 'killed': {
      const remedy = 'see with dmesg whether memory was short'
      return local({ doing, because: 'git was killed', remedy, transient: true })
    }
    case 'exited': {
      if (result.code === 0) return undefined
      const cause = new Error(printable(redactor()(result.stderr), 2000))
      if (result.code === 127) {
        return local({ doing, because: 'git is not installed', remedy: 'install it: apt-get install git', cause })
      }
      const rule = rules.find(({ pattern }) => pattern.test(result.stderr))
      if (rule === undefined) {
        const because = `git said: ${summary(result.stderr)}`
        return { kind: 'unknown', problem: new Problem({ doing, because, remedy: 'check repo_url', cause }) }
      }
      const { pattern: _pattern, kind, ...parts } = rule
      return { kind, problem: new Problem({ doing, cause, ...parts }) }
    }
  }
}

function local(parts: ConstructorParameters<typeof Problem>[0]): GitFailure {
  return { kind: 'local', problem: new Problem(parts) }
}

/** The line that says most: the last that git marks as fatal or error, else the last one. */
function summary(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '')
  const marked = lines.findLast((line) => /^(?:fatal|error|remote):/.test(line))
  return printable(redactor()(marked ?? lines.at(-1) ?? 'nothing'))
}
