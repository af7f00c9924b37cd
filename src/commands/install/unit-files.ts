import { isIP } from 'node:net'
import { Problem } from '../../support/problem.js'

export const unitNames = {
  service: 'dev-orchestrator.service',
  socket: 'dev-orchestrator.socket',
  tmux: 'dev-orchestrator-tmux.service',
} as const

export type UnitName = (typeof unitNames)[keyof typeof unitNames]

export const unitFolder = '/etc/systemd/system'
/** Where a checkout's `devorch` is put, unless there is one already. */
export const commandPath = '/usr/local/bin/devorch'
/** Whose members may drop jobs. */
export const groupName = 'devorch'

/** A file of the installation. */
export interface WantedFile {
  readonly path: string
  readonly text: string
  readonly mode: number
  readonly what: string
}

/** What the units depend on. Paths are absolute. */
export interface UnitSettings {
  readonly user: string
  readonly home: string
  readonly projects: string
  readonly node: string
  readonly main: string
  readonly socketName: string
  /** `server.host` and `server.port`: the socket listens there. */
  readonly host: string
  readonly port: number
  /** The names of the files in the folder of the credentials. */
  readonly credentials: readonly string[]
  readonly credentialsFolder: string
}

/** The drop-in of a unit; an administrator's own, such as `override.conf` of `systemctl edit`, comes after it. */
export function dropInPath(unit: UnitName): string {
  return `${unitFolder}/${unit}.d/10-install.conf`
}

const note =
  '# Written by `devorch install`, which replaces it at an upgrade. Settings of your own: `systemctl edit`, or another *.conf.\n'

/**
 * Every file that root gets: the shipped units, a drop-in for each, and the command. Pure.
 * @throws Problem where a value can't stand in a unit
 */
export function wantedFiles(settings: UnitSettings, shipped: Readonly<Record<UnitName, string>>): WantedFile[] {
  const { service, socket, tmux } = unitNames
  for (const path of [settings.home, settings.projects, settings.node, settings.main]) checkPath(path)
  const file = (path: string, text: string, what: string, mode = 0o644) => ({ path, text, mode, what })
  return [
    file(`${unitFolder}/${tmux}`, shipped[tmux], 'the tmux server of the sessions'),
    file(dropInPath(tmux), tmuxDropIn(settings, shipped[tmux]), 'whose tmux server it is'),
    file(`${unitFolder}/${socket}`, shipped[socket], 'the address of the daemon'),
    file(dropInPath(socket), socketDropIn(settings), 'the address, from server.host and server.port'),
    file(`${unitFolder}/${service}`, shipped[service], 'the daemon'),
    file(dropInPath(service), serviceDropIn(settings), 'its user, program, folders and credentials'),
    file(commandPath, commandText(settings), 'the command line, on the home of the daemon', 0o755),
  ]
}

function serviceDropIn(settings: UnitSettings): string {
  const program = `${settings.node} ${settings.main}`
  return [
    `${note}[Service]`,
    `User=${settings.user}`,
    '# To read what members of the group drop into the inbox.',
    `SupplementaryGroups=${groupName}`,
    `Environment=DEVORCH_HOME=${settings.home}`,
    'ExecStart=',
    `ExecStart=${program} serve`,
    'ExecReload=',
    `ExecReload=env -u CREDENTIALS_DIRECTORY ${program} config check`,
    'ExecReload=kill -HUP $MAINPID',
    `ReadWritePaths=${settings.home} ${settings.projects}`,
    ...settings.credentials.map((name) => `LoadCredential=${name}:${settings.credentialsFolder}/${name}`),
    '',
  ].join('\n')
}

/** `server.host` and `server.port` as ListenStream= (systemd.socket(5)). @throws Problem where a socket can't listen there */
export function listenAddress({ host, port }: Pick<UnitSettings, 'host' | 'port'>): string {
  const address = host === 'localhost' ? '127.0.0.1' : host
  const version = isIP(address)
  if (version === 0 || port === 0) {
    throw new Problem({
      doing: 'write the socket of systemd',
      because: `it can’t listen on ${host}:${port.toString()}`,
      remedy: version === 0 ? 'give an IP address in server.host' : 'give a port in server.port',
      field: version === 0 ? 'server.host' : 'server.port',
    })
  }
  return `${version === 6 ? `[${address}]` : address}:${port.toString()}`
}

function socketDropIn(settings: UnitSettings): string {
  const listen = listenAddress(settings)
  return [`${note}[Socket]`, 'ListenStream=', `ListenStream=${listen}`, ''].join('\n')
}

/** Another server than the default one has the name in each command of the unit. */
function tmuxDropIn({ user, socketName }: UnitSettings, shipped: string): string {
  const lines = [`${note}[Service]`, `User=${user}`]
  if (socketName !== 'default') {
    for (const key of ['ExecStart', 'ExecStartPost']) {
      // A line and those that it is continued on.
      const command = new RegExp(`^${key}=(?:.*\\\\\\n)*.*$`, 'm').exec(shipped)?.[0]
      if (command === undefined) throw new Error(`the tmux unit has no ${key}=`)
      lines.push(`${key}=`, command.replace(/\btmux -(?=[ND]\b)/g, `tmux -L ${socketName} -`))
    }
  }
  return [...lines, ''].join('\n')
}

function commandText({ node, main, home }: UnitSettings): string {
  return [
    '#!/bin/sh',
    '# Written by `devorch install`, removed by `devorch uninstall`.',
    `export DEVORCH_HOME="\${DEVORCH_HOME:-${home}}"`,
    `exec ${node} ${main} "$@"`,
    '',
  ].join('\n')
}

/** No blank, quote, % or $, which mean something in a unit. */
function checkPath(path: string): void {
  if (/^\/[A-Za-z0-9._@+/-]*$/.test(path)) return
  throw new Problem({
    doing: 'write the units',
    because: `the path ${JSON.stringify(path)} has characters that can’t stand in a unit`,
    remedy: 'use one of letters, digits and ._@+-/',
  })
}
