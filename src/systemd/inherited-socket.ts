import { Problem } from '../support/problem.js'

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const firstDescriptor = 3

/**
 * The descriptor of the listening socket that systemd holds for this process (LISTEN_PID, LISTEN_FDS); undefined where
 * there is none. Children never see it: Node marks what it inherited close-on-exec, and they get an environment of their own.
 * @throws Problem where the unit has more than one
 */
export function inheritedSocket(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = environment
  if (pid !== process.pid.toString() || count === undefined || count === '0') return undefined
  if (count === '1') return firstDescriptor
  throw new Problem({
    doing: 'listen on the sockets of systemd',
    because: `there are ${count}`,
    remedy: 'leave one ListenStream= in dev-orchestrator.socket; [::]:PORT takes calls to every address',
  })
}
