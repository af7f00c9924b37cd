import { dirname } from 'node:path'
import { Problem } from '../../support/problem.js'
import type { UnitState } from './ask.js'
import type { Standing } from './facts.js'
import { formatManifest, hashOf, manifestPath, settingsFolder, type Manifest } from './manifest.js'
import { command, type Step } from './step.js'
import { unitFolder, unitNames, type UnitName } from './unit-files.js'

/** All that a plan of uninstall is made from. */
export interface UninstallFacts {
  readonly manifest: Manifest
  readonly files: ReadonlyMap<string, Standing>
  readonly units: Readonly<Record<UnitName, UnitState>>
  /** The sessions on the tmux server of the unit, ours or not. */
  readonly sessions: readonly string[]
}

/**
 * What is taken away, and what stays. Sessions are ended by a person only: the tmux server goes on where it has any.
 * Pure. @throws Problem
 */
export function planUninstall(
  { manifest, files, units, sessions }: UninstallFacts,
  purge: boolean,
): { readonly steps: readonly Step[]; readonly notes: readonly string[] } {
  if (purge && sessions.length > 0) {
    throw new Problem({
      doing: 'uninstall with --purge',
      because: `${count(sessions)} of ${manifest.user} still run, with files in ${manifest.home}`,
      remedy: `end them (${endThem(manifest)}), or leave --purge out`,
    })
  }
  const { service, socket, tmux } = unitNames
  const unchanged = Object.keys(manifest.files).filter((path) => {
    const found = files.get(path)
    return found?.kind === 'text' && manifest.files[path]?.includes(hashOf(found.text)) === true
  })
  const changed = Object.keys(manifest.files).filter(
    (path) => !unchanged.includes(path) && files.get(path)?.kind !== 'missing',
  )
  const steps: Step[] = []
  const isThere = (unit: UnitName) => units[unit].enabled !== ''
  if (unchanged.length > 0) {
    if (isThere(service) && isThere(socket)) {
      steps.push(command(['systemctl', '--quiet', 'disable', '--now', service, socket], 'nothing answers any more'))
    }
    if (isThere(tmux)) {
      const args = ['systemctl', '--quiet', 'disable', ...(sessions.length === 0 ? ['--now'] : []), tmux] as const
      steps.push(command(args, sessions.length === 0 ? 'the tmux server' : 'its sessions go on'))
    }
    steps.push(...unchanged.map((path): Step => ({ kind: 'remove', path, what: 'written by install' })))
    const folders = unchanged.map(dirname).filter((folder) => folder.startsWith(`${unitFolder}/`))
    if (folders.length > 0) {
      const args = ['rmdir', '--ignore-fail-on-non-empty', '--', ...new Set(folders)] as const
      steps.push(command(args, 'the folders of the drop-ins, where nothing else is in them'))
    }
    steps.push(command(['systemctl', 'daemon-reload'], 'systemd forgets the units'))
    const rest: Manifest = { ...manifest, files: {} }
    const what = 'what is left'
    if (!purge) steps.push({ kind: 'file', path: manifestPath, text: formatManifest(rest), mode: 0o644, what })
  }
  if (purge) {
    const remove = (path: string) => ['rm', '-rf', '--one-file-system', '--', path] as const
    steps.push(command(remove(manifest.home), 'jobs, state, logs, configuration'))
    if (manifest.group.made) steps.push(command(['groupdel', manifest.group.name], 'the group of the inbox'))
    steps.push(command(remove(settingsFolder), 'the secrets, and what was installed'))
  }
  return { steps, notes: notesOf(manifest, changed, sessions, purge) }
}

function notesOf(
  manifest: Manifest,
  changed: readonly string[],
  sessions: readonly string[],
  purge: boolean,
): string[] {
  return [
    ...changed.map((path) => `stays, since it was changed after install: ${path}`),
    ...(purge ? [] : [`stays: ${manifest.home} and ${settingsFolder}; devorch uninstall --purge removes them`]),
    `stays: ${manifest.projects}, the work of ${manifest.user}; and the program itself, ${manifest.main}`,
    ...(sessions.length === 0
      ? []
      : [`${count(sessions)} of ${manifest.user} go on: ${sessions.join(', ')}; to end all: ${endThem(manifest)}`]),
  ]
}

function count(sessions: readonly string[]): string {
  return sessions.length === 1 ? '1 session' : `${sessions.length.toString()} sessions`
}

function endThem({ user, socket_name: socket }: Manifest): string {
  return `sudo -u ${user} tmux${socket === 'default' ? '' : ` -L ${socket}`} kill-server`
}
