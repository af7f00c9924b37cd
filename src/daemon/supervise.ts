import type { Notifier } from '../systemd/notify.js'
import { printable } from '../support/text.js'
import type { JobId } from '../job/id.js'
import type { Logger } from '../support/log.js'
import type { Spool } from '../job/spool.js'
import type { Registry } from '../session/registry.js'

/** What systemd is told of this daemon: that it is ready, that its worker looks, and a line for `systemctl status`. */
export interface Supervision {
  /** Looks must not be further apart than this, in milliseconds. */
  readonly lookWithinMs: number
  ready(): Promise<void>
  reloading(): Promise<void>
  stopping(): Promise<void>
  /** The worker has looked through its queue: the one sign of life that counts. */
  looked(): void
}

/** What the status line tells of: of a Workshop, so much. `tools` are read at each use, since a reload replaces them. */
interface Queue {
  readonly spool: Pick<Spool, 'queued' | 'list' | 'find'>
  readonly tools: { readonly registry: Pick<Registry, 'list'> }
}

/** Between two status lines, in milliseconds. */
const statusEveryMs = 1000
/** Of the newest jobs in failed/, so many are looked at for one that was not cancelled. */
const maxLookedAt = 10

export function supervise(
  notifier: Notifier | undefined,
  workshop: Queue,
  running: () => number,
  log: Logger,
): Supervision {
  if (notifier === undefined) return unsupervised
  // sd_watchdog_enabled(3) wants a sign every half of the time: a quarter between looks, one between a look and its sign.
  const quarterMs = (notifier.watchdogMs ?? Infinity) / 4
  const failures = lastFailure(workshop)
  let signedAtMs = -Infinity
  let statusAtMs = -Infinity
  let told = ''

  const tellStatus = async (): Promise<void> => {
    try {
      const line = await statusLine(workshop, running(), await failures())
      if (line === told) return
      told = line
      await notifier.send(`STATUS=${line}`)
    } catch (error) {
      log.warn('the status line could not be made', { error })
    }
  }
  return {
    lookWithinMs: quarterMs,
    async ready() {
      await tellStatus()
      await notifier.send('READY=1')
    },
    // Of Type=notify-reload (systemd 253): the time says which reload is meant.
    reloading: () => notifier.send('RELOADING=1', `MONOTONIC_USEC=${(process.hrtime.bigint() / 1000n).toString()}`),
    stopping: () => notifier.send('STOPPING=1', 'STATUS=stopping; sessions go on'),
    looked() {
      const nowMs = performance.now()
      if (nowMs >= signedAtMs + quarterMs) {
        signedAtMs = nowMs
        void notifier.send('WATCHDOG=1')
      }
      if (nowMs < statusAtMs + statusEveryMs) return
      statusAtMs = nowMs
      void tellStatus()
    },
  }
}

const unsupervised: Supervision = {
  lookWithinMs: Infinity,
  ready: () => Promise.resolve(),
  reloading: () => Promise.resolve(),
  stopping: () => Promise.resolve(),
  looked: () => undefined,
}

async function statusLine({ spool, tools }: Queue, running: number, failure: string | undefined): Promise<string> {
  const sessions = (await tools.registry.list()).length
  const queued = await spool.queued()
  const counts = `${counted(sessions, 'session')}, ${counted(queued, 'job')} queued, ${running.toString()} running`
  return failure === undefined ? counts : `${counts}; last failure: ${failure}`
}

/** Tells of the newest failed job, whichever daemon it failed under. */
function lastFailure({ spool }: Pick<Queue, 'spool'>): () => Promise<string | undefined> {
  let known: { readonly newest: JobId; readonly text: string | undefined } | undefined
  return async () => {
    const newest = (await spool.list('failed')).slice(0, maxLookedAt)
    if (newest[0] === undefined) return undefined
    if (known?.newest === newest[0]) return known.text
    known = { newest: newest[0], text: undefined }
    for (const id of newest) {
      const result = (await spool.find(id))?.result
      // What a person cancelled rests there too, and is no failure.
      if (result?.status !== 'failed') continue
      known = { newest: newest[0], text: printable(`${id}: ${result.error.message}`, 300) }
      break
    }
    return known.text
  }
}

function counted(count: number, noun: string): string {
  return `${count.toString()} ${noun}${count === 1 ? '' : 's'}`
}
