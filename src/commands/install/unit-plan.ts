import { isUp } from './ask.js'
import type { InstallFacts } from './facts.js'
import { command, type Step } from './step.js'
import { commandPath, dropInPath, listenAddress, unitFolder, unitNames, type UnitName } from './unit-files.js'

/**
 * The tmux unit is started where it does not run, and never stopped: that would end every session. The socket is closed
 * only where its address changes: calls would be refused meanwhile.
 */
export function planUnits(facts: InstallFacts, changed: ReadonlySet<string>, hasNewSecrets: boolean): Step[] {
  const { units, program, manifest } = facts
  const { service, socket, tmux } = unitNames
  const isRunning = (unit: UnitName) => isUp(units[unit])
  const steps: Step[] = []
  if ([...changed].some((path) => path !== commandPath)) {
    steps.push(command(['systemctl', 'daemon-reload'], 'systemd reads the units'))
  }
  if (Object.values(unitNames).some((unit) => units[unit].enabled !== 'enabled')) {
    steps.push(command(['systemctl', '--quiet', 'enable', service], 'all three start at a boot'))
  }
  if (!isRunning(tmux)) steps.push(command(['systemctl', 'start', tmux], 'the tmux server'))
  const movesSocket = isRunning(socket) && changed.has(dropInPath(socket)) && !listensAsWanted(facts)
  const mustStop = isRunning(service) && (movesSocket || !isRunning(socket))
  if (mustStop) {
    // A socket can't be started anew while its service runs (systemd 252).
    steps.push(command(['systemctl', 'stop', service, socket], 'so that the socket can be opened; sessions go on'))
  }
  if (movesSocket && !mustStop) {
    steps.push(command(['systemctl', 'restart', socket], 'the address has changed'))
  } else if (mustStop || !isRunning(socket)) {
    steps.push(command(['systemctl', 'start', socket], 'calls are taken from now on'))
  }
  const isNewer =
    changed.has(`${unitFolder}/${service}`) ||
    changed.has(dropInPath(service)) ||
    manifest?.program !== program.fingerprint
  if (!isRunning(service) || mustStop) steps.push(command(['systemctl', 'start', service], 'the daemon'))
  else if (isNewer || hasNewSecrets) {
    steps.push(command(['systemctl', 'restart', service], 'the daemon of this version; calls wait, sessions go on'))
  }
  return steps
}

function listensAsWanted({ units, settings }: InstallFacts): boolean {
  return units[unitNames.socket].listen.startsWith(`${listenAddress(settings)} `)
}

/** What takes effect later. */
export function planNotes(facts: InstallFacts, changed: ReadonlySet<string>): string[] {
  const { tmux, socket } = unitNames
  const notes: string[] = []
  if ((changed.has(`${unitFolder}/${tmux}`) || changed.has(dropInPath(tmux))) && isUp(facts.units[tmux])) {
    notes.push(
      `the unit of the tmux server has changed; it takes effect at the next boot, or by systemctl restart ${tmux}, which ends every session`,
    )
  }
  if (changed.has(`${unitFolder}/${socket}`) && isUp(facts.units[socket]) && listensAsWanted(facts)) {
    notes.push('the unit of the socket has changed; it takes effect at the next boot, so that no call is refused now')
  }
  if (!mayWriteCommand(facts) && facts.program.isCheckout) {
    notes.push(
      `${commandPath} is not install’s and stays; where it leads to a checkout, give it the home: devorch --home ${facts.base}`,
    )
  }
  return notes
}

/** npm's `devorch`, or a person's, stays. */
export function mayWriteCommand(facts: InstallFacts): boolean {
  return facts.files.get(commandPath)?.kind === 'missing' || facts.manifest?.files[commandPath] !== undefined
}
