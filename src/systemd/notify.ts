import type { Logger } from '../support/log.js'
import { childEnvironment, describeFailure, run } from '../support/process.js'

/** Tells the service manager how this daemon is: sd_notify(3). */
export interface Notifier {
  /** Without a sign of life for so long (WatchdogSec=) the manager ends the daemon; undefined: it does not watch. */
  readonly watchdogMs: number | undefined
  /** Sends `NAME=VALUE` assignments, in the order of the calls. Never rejects: what could not be sent is logged. */
  send(...assignments: readonly string[]): Promise<void>
}

const timeoutMs = 10_000

/**
 * The notifier of a unit of Type=notify; undefined where no service manager listens. Node has no datagram sockets of the
 * unix domain: systemd-notify(1) sends, for which the unit has NotifyAccess=all.
 */
export function createNotifier(
  environment: Readonly<Record<string, string | undefined>>,
  log: Logger,
): Notifier | undefined {
  const socket = environment['NOTIFY_SOCKET']
  if (socket === undefined || socket === '') return undefined
  const env = childEnvironment(environment, { NOTIFY_SOCKET: socket })
  let last = Promise.resolve()
  const sendNow = async (assignments: readonly string[]): Promise<void> => {
    const result = await run('systemd-notify', ['--', ...assignments], { timeoutMs, env })
    if (result.ended === 'exited' && result.code === 0) return
    log.warn('systemd could not be notified', { assignments, because: describeFailure(result) })
  }
  return {
    watchdogMs: watchdogMs(environment),
    send(...assignments) {
      last = last
        .then(() => sendNow(assignments))
        .catch((error: unknown) => {
          log.warn('systemd could not be notified', { assignments, error })
        })
      return last
    },
  }
}

/** sd_watchdog_enabled(3): WATCHDOG_USEC, meant for the process WATCHDOG_PID where that is given. */
function watchdogMs(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = environment
  if (usec === undefined || !/^[1-9]\d{0,15}$/.test(usec)) return undefined
  if (pid !== undefined && pid !== process.pid.toString()) return undefined
  return Number(usec) / 1000
}
