import { join } from 'node:path'
import type { SessionName } from '../session/name.js'
import type { SessionTools } from '../session/tools.js'
import { lockFile, type Lock } from '../support/lock.js'

/** The lock under which a session is built, ended, started again or judged, by whichever process. */
export function lockSession(
  name: SessionName,
  tools: Pick<SessionTools, 'home' | 'environment'>,
  options: { readonly waitMs: number; readonly signal?: AbortSignal },
): Promise<Lock | 'held'> {
  return lockFile(join(tools.home.sessions, `.${name}.lock`), { ...options, environment: tools.environment })
}
