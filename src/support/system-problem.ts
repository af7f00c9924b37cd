import { codeOf, messageOf, Problem } from './problem.js'
import { printable } from './text.js'

interface Meaning {
  readonly because: string
  readonly remedy: string
  /** True where it is no single file's fault: what else is tried meanwhile fails as well. */
  readonly everywhere: boolean
  readonly transient: boolean
}

const passing = { everywhere: true, transient: true }

/** errno(3): what the disk and the system refuse, whatever the daemon does. */
const meanings: Readonly<Record<string, Meaning>> = {
  ENOSPC: { because: 'the disk is full', remedy: 'free some space, or inodes (df -i)', ...passing },
  EDQUOT: { because: 'the disk quota is used up', remedy: 'free some space, or raise the quota', ...passing },
  EROFS: {
    because: 'the file system is read-only',
    remedy: 'see with dmesg why, and mount it for writing again',
    ...passing,
  },
  EMFILE: { because: 'too many files are open', remedy: 'raise LimitNOFILE of the service', ...passing },
  ENFILE: { because: 'too many files are open on this machine', remedy: 'raise fs.file-max', ...passing },
  ENOMEM: { because: 'memory is short', remedy: 'free some, or lower worker.concurrency', ...passing },
  EAGAIN: { because: 'no further process can be started', remedy: 'raise TasksMax or ulimit -u', ...passing },
  EXDEV: {
    because: 'two folders are not on one mount any more',
    remedy: 'unmount what was mounted over inbox/ or state/',
    ...passing,
  },
  EIO: {
    because: 'the disk reports an error',
    remedy: 'see dmesg',
    everywhere: false,
    transient: true,
  },
  ESTALE: {
    because: 'the network file system has lost the file',
    remedy: 'mount it again',
    everywhere: false,
    transient: true,
  },
  EACCES: notAllowed('permission is denied'),
  EPERM: notAllowed('the operation is not permitted'),
}

function notAllowed(because: string): Meaning {
  const remedy = 'give the folder to the user that the daemon runs as'
  return { because, remedy, everywhere: false, transient: false }
}

/**
 * A failure of the disk or the system as what a person can mend, with the file at fault; undefined: the error is
 * something else, perhaps a bug.
 * @param doing verb and object, as in a Problem
 */
export function systemProblem(doing: string, error: unknown): Problem | undefined {
  const [cause, meaning] = meaningOf(error) ?? []
  if (meaning === undefined) return undefined
  const path = cause instanceof Error && 'path' in cause && typeof cause.path === 'string' ? `, ${cause.path}` : ''
  const because = `${meaning.because} (${codeOf(cause) ?? messageOf(cause)}${printable(path, 300)})`
  return new Problem({ doing, because, remedy: meaning.remedy, transient: meaning.transient, cause: error })
}

/** Whether it is the disk's or the system's refusal and can pass, so that the same is worth repeating as it is. */
export function canPass(error: unknown): boolean {
  return meaningOf(error)?.[1].transient ?? false
}

/** Whether whatever else is tried now will fail for the same reason. */
export function isEverywhere(error: unknown): boolean {
  return meaningOf(error)?.[1].everywhere ?? false
}

/** The first error in the chain of causes that the system gave; a Problem says itself what it means. */
function meaningOf(error: unknown): [error: unknown, Meaning] | undefined {
  for (
    let at = error, depth = 0;
    at instanceof Error && !(at instanceof Problem) && depth < 5;
    at = at.cause, depth += 1
  ) {
    const meaning = meanings[codeOf(at) ?? '']
    if (meaning !== undefined) return [at, meaning]
  }
  return undefined
}
