import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { removeFolder, sweepTemporaries, temporaryName } from '../../support/files.js'
import { lockFile } from '../../support/lock.js'
import { Problem } from '../../support/problem.js'

/** The folder of templates that is changed, and what that takes. */
export interface Place {
  /** The home's templates. */
  readonly templates: string
  /** For flock(1). */
  readonly environment: Readonly<Record<string, string>>
  readonly now: () => Date
}

const waitMs = 30_000

/**
 * Does something with the home's templates that nobody else does meanwhile, with a hidden folder in it for what is being
 * made, which is gone afterwards. What a killed process left is removed first.
 * @throws Problem where another process is at work there for long; and what `work` throws
 */
export async function inPlace<T>(place: Place, signal: AbortSignal, work: (staging: string) => Promise<T>): Promise<T> {
  await mkdir(place.templates, { recursive: true })
  const { environment } = place
  const lock = await lockFile(join(place.templates, '.lock'), { waitMs, environment, signal })
  if (lock === 'held') {
    const because = 'another devorch is changing the templates'
    throw new Problem({ doing: 'change the templates', because, remedy: 'try again later', transient: true })
  }
  try {
    await sweepTemporaries(place.templates, stagingPrefix)
    const staging = join(place.templates, temporaryName(stagingPrefix))
    try {
      await mkdir(staging)
      return await work(staging)
    } catch (error) {
      if (error instanceof Problem || !signal.aborted) throw error
      const because = 'it was stopped; what was finished by then stays'
      throw new Problem({
        doing: 'change the templates',
        because,
        remedy: 'run it again',
        transient: true,
        cause: error,
      })
    } finally {
      await removeFolder(staging)
    }
  } finally {
    await lock.release()
  }
}

const stagingPrefix = 'adding'

/** Where a template goes that is replaced or removed: hidden, so that it is no template; for a person to keep or delete. */
export async function backupPath(place: Place, id: string): Promise<string> {
  const folder = join(place.templates, '.removed')
  await mkdir(folder, { recursive: true })
  const time = place.now().toISOString().replace(/[:.]/g, '-')
  return join(folder, `${id}.${time}`)
}
