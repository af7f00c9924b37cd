import { join } from 'node:path'
import { sessionNameOf } from '../../session/name.js'
import { lockFile } from '../../support/lock.js'
import { Problem } from '../../support/problem.js'
import { childEnvironment } from '../../support/process.js'
import { createTmux, type Tmux } from '../../tmux/tmux.js'
import type { CommandContext, ExitCode } from '../context.js'
import { demoSocketName, exists, removePlace, shown, type DemoPlace } from './place.js'

/** The demo's own tmux server. */
function demoTmux(environment: CommandContext['environment']): Tmux {
  return createTmux({
    socketName: demoSocketName,
    environment: childEnvironment(environment),
    mayStartServer: true,
  })
}

/** The sessions on the demo's tmux server, the oldest first: name by id. @throws Problem where tmux gives no answer */
export async function standingSessions(tmux: Tmux): Promise<ReadonlyMap<string, string>> {
  const listing = await tmux.listPanes()
  switch (listing.kind) {
    case 'panes':
      return new Map(listing.panes.map((pane) => [pane.sessionId, pane.sessionName]))
    case 'no-server':
      return new Map()
    case 'unknown':
      throw new Problem({
        doing: 'ask the demo’s tmux for its sessions',
        because: listing.because,
        remedy: `see whether tmux -L ${demoSocketName} ls answers`,
      })
  }
}

/** `demo-app`, or `demo-app-2`, … : an earlier demo's session and working copy are left alone. */
export async function freeProjectName(place: DemoPlace, standing: ReadonlyMap<string, string>): Promise<string> {
  const names = new Set(standing.values())
  for (let number = 1; ; number += 1) {
    const project = number === 1 ? 'demo-app' : `demo-app-${number.toString()}`
    if (!names.has(sessionNameOf(project)) && !(await exists(join(place.projects, project)))) return project
  }
}

/** `devorch demo --clean`: ends the sessions on the demo's tmux server and removes the demo's folder. */
export async function cleanDemo(context: CommandContext, place: DemoPlace): Promise<ExitCode> {
  const release = await takeFromRunning(context, place)
  try {
    const tmux = demoTmux(context.environment)
    const sessions = (await tmux.version()) === undefined ? new Map<string, string>() : await standingSessions(tmux)
    for (const [id, name] of sessions) {
      await tmux.killSession(id)
      context.print(`ended    session ${name}, on the tmux server ${demoSocketName}`)
    }
    const removed = await removePlace(place)
    if (removed) context.print(`removed  ${shown(place.folder)}`)
    if (!removed && sessions.size === 0) context.print('there is nothing of a demo to remove')
    return 0
  } finally {
    await release()
  }
}

/** A demo that runs at this moment would build into what is being removed. @throws Problem */
async function takeFromRunning(context: CommandContext, place: DemoPlace): Promise<() => Promise<void>> {
  const path = join(place.home.control, '.daemon.lock')
  if (!(await exists(path))) return () => Promise.resolve()
  const lock = await lockFile(path, { waitMs: 0, environment: childEnvironment(context.environment) })
  if (lock !== 'held') return () => lock.release()
  throw new Problem({
    doing: 'remove what the demo made',
    because: 'a demo runs at this moment',
    remedy: 'wait for it, or stop it with Ctrl-C',
  })
}
