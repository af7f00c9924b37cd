import type { Workshop } from '../daemon/assemble.js'
import { parseSessionName, sessionNameOf, type SessionName } from '../session/name.js'
import { nearest } from '../support/text.js'
import type { CommandContext } from './context.js'

/** A session by its name or its project's; undefined where there is none, which was said then. */
export async function findSession(
  context: CommandContext,
  workshop: Workshop,
  given: string,
): Promise<SessionName | undefined> {
  const known = await workshop.tools.registry.list()
  const wanted = [parseSessionName(given), sessionNameOf(given)]
  const found = known.find((name) => wanted.includes(name))
  if (found !== undefined) return found
  const near = nearest(given, known)
  context.complain(
    `no session is called "${given}"; ${near.length > 0 ? `did you mean ${near.join(', ')}?` : 'see `devorch ls`'}`,
  )
  return undefined
}
