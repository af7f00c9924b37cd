import { join } from 'node:path'
import type { SessionName } from '../session/name.js'
import type { SessionTools } from '../session/tools.js'
import { lockFile, type Lock } from '../support/lock.js'
import { Problem } from '../support/problem.js'

/** The lock under which a session is built, ended, started again or judged, by whichever process. */
export function lockSession(
  name: SessionName,
  tools: Pick<SessionTools, 'home' | 'environment'>,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<Lock | 'held'> {
  return lockFile(join(tools.home.sessions, `.${name}.lock`), { ...options, environment: tools.environment })
}

const waitMs = 60_000

/** The lock for work that somebody waits for. @throws Problem, transient, where others have it for a minute */
export async function takeSession(name: SessionName, tools: SessionTools, signal: AbortSignal): Promise<Lock> {
  const lock = await lockSession(name, tools, { waitMs, signal })
  if (lock !== 'held') return lock
  throw new Problem({
    doing: `begin with the session ${name}`,
    because: 'another job of the same session has been running for a minute',
    remedy: 'wait for it',
    transient: true,
  })
}
