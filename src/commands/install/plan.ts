import { homeAt } from '../../config/home.js'
import { Problem } from '../../support/problem.js'
import type { InstallFacts } from './facts.js'
import { credentialsFolder, formatManifest, hashOf, manifestPath, settingsFolder, type Manifest } from './manifest.js'
import { command, type Step } from './step.js'
import { mayWriteCommand, planNotes, planUnits } from './unit-plan.js'
import { commandPath, groupName, wantedFiles, type WantedFile } from './unit-files.js'

/** What install will do; no step: everything is as it should be. */
export interface InstallPlan {
  readonly steps: readonly Step[]
  /** What the person who installs should know. */
  readonly notes: readonly string[]
  /** The secrets that the steps write, to be shown this once. */
  readonly made: { readonly githubSecret?: string; readonly token?: string }
}

/** Random values for the case that there are none yet. */
export interface NewSecrets {
  readonly githubSecret: string
  readonly token: string
}

const root = { name: 'root', uid: 0 }
const configText = `# Settings of dev-orchestrator. Each has a default: \`devorch config\` shows those in force, docs/configuration.md explains
# them. After a change: systemctl reload dev-orchestrator. After one of server.host, server.port, projects_dir or
# tmux.socket_name: devorch install, which writes them into the units.
# The secrets of webhooks and callers are in ${credentialsFolder}.
#
# projects_dir: ~/projects
# server: { public_host: devbox.example.com }
`

/** What is missing or out of date, in the order in which it is to be done. Pure. @throws Problem */
export function planInstall(facts: InstallFacts, secrets: NewSecrets): InstallPlan {
  refuse(facts)
  const { user, base, settings, program, manifest } = facts
  const makesSecret = !facts.credentials.includes('github-secrets')
  const makesToken = !facts.credentials.includes('tokens')
  const credentials = [...new Set([...facts.credentials, 'github-secrets', 'tokens'])].sort()
  const wanted = wantedFiles(
    {
      user: user.name,
      home: base,
      projects: settings.projects,
      node: program.node,
      main: program.main,
      socketName: settings.socketName,
      host: settings.host,
      port: settings.port,
      credentials,
      credentialsFolder,
    },
    facts.shipped,
  )
  const ours = wanted.filter((file) => file.path !== commandPath || mayWriteCommand(facts))
  refuseToReplace(ours, facts)
  const changed = ours.filter(({ path, text }) => !stands(facts, path, text))

  const before = manifestOf(facts, ours, false)
  const after = manifestOf(facts, ours, true)
  const secret = (name: string, value: string, what: string): Step => {
    return { kind: 'file', path: `${credentialsFolder}/${name}`, text: `${value}\n`, mode: 0o600, secret: true, what }
  }
  const note = (next: Manifest, what: string): Step => {
    return { kind: 'file', path: manifestPath, text: formatManifest(next), mode: 0o644, what }
  }
  const prepare: Step[] = [
    ...(facts.groupGid === undefined
      ? [command(['groupadd', '--system', groupName], 'its members may drop jobs into the inbox')]
      : []),
    ...planFolders(facts),
    ...(makesSecret ? [secret('github-secrets', secrets.githubSecret, 'what GitHub signs with')] : []),
    ...(makesToken ? [secret('tokens', secrets.token, 'for calls: Authorization: Bearer')] : []),
  ]
  const files: Step[] = [
    ...(changed.length > 0 ? [note(before, 'so that what is written is known as install’s')] : []),
    ...changed.map(({ path, text, mode, what }): Step => ({ kind: 'file', path, text, mode, what })),
    ...staleFiles(facts, ours).map((path): Step => ({ kind: 'remove', path, what: 'not of this version any more' })),
  ]
  const run = planUnits(facts, new Set(changed.map(({ path }) => path)), makesSecret || makesToken)
  const work = [...prepare, ...files, ...run]
  const isNoted = manifest !== undefined && formatManifest(manifest) === formatManifest(after)
  return {
    steps: isNoted && work.length === 0 ? [] : [...work, note(after, 'what was installed, for the next time')],
    notes: planNotes(facts, new Set(changed.map(({ path }) => path))),
    made: {
      ...(makesSecret ? { githubSecret: secrets.githubSecret } : {}),
      ...(makesToken ? { token: secrets.token } : {}),
    },
  }
}

function refuse({ user, base, folders, projects, settings, groupGid }: InstallFacts): void {
  const problem = (because: string, remedy: string) => new Problem({ doing: 'install', because, remedy })
  for (const [path, folder] of [
    [base, folders.base],
    [homeAt(base).inbox, folders.inbox],
  ] as const) {
    if (folder.kind === 'odd') throw problem(`${path} is no folder`, 'move it away, or choose another with --home')
    const isRoots = folder.kind === 'folder' && folder.uid === 0 && folder.gid === 0
    if (folder.kind === 'folder' && folder.uid !== user.uid && !isRoots) {
      throw problem(`${path} belongs to another user`, `chown -R ${user.name} ${path}, or choose another with --home`)
    }
  }
  if (projects === 'closed') {
    throw problem(`${user.name} can’t write ${settings.projects}`, 'let that user, or set projects_dir in config.yaml')
  }
  if (groupGid === 0) throw problem(`the group ${groupName} is root’s`, 'remove it from /etc/group')
}

/** Nothing that a person wrote or changed is replaced. */
function refuseToReplace(wanted: readonly WantedFile[], facts: InstallFacts): void {
  const others = wanted.filter(({ path, text }) => {
    return facts.files.get(path)?.kind !== 'missing' && !stands(facts, path, text) && !isOurs(facts, path)
  })
  if (others.length === 0) return
  const paths = others.map(({ path }) => path).join(', ')
  throw new Problem({
    doing: 'install',
    because: `not written, or changed since, by install: ${paths}`,
    remedy: 'move them away; settings of your own belong into another drop-in (systemctl edit)',
  })
}

function stands(facts: InstallFacts, path: string, text: string): boolean {
  const found = facts.files.get(path)
  return found?.kind === 'text' && found.text === text
}

/** As install left it. */
function isOurs(facts: InstallFacts, path: string): boolean {
  const found = facts.files.get(path)
  return found?.kind === 'text' && facts.manifest?.files[path]?.includes(hashOf(found.text)) === true
}

/** What an earlier version wrote and this one does not; what was changed since stays. */
function staleFiles(facts: InstallFacts, wanted: readonly WantedFile[]): string[] {
  const known = new Set(wanted.map(({ path }) => path))
  return Object.keys(facts.manifest?.files ?? {}).filter((path) => !known.has(path) && isOurs(facts, path))
}

function planFolders({
  user,
  base,
  folders,
  settings,
  projects,
  hasConfig,
  groupGid,
  credentials,
}: InstallFacts): Step[] {
  const steps: Step[] = []
  const group = { name: groupName, gid: groupGid }
  const folder = (path: string, found: InstallFacts['folders']['base'], mode: number, what: string) => {
    const isRight = found.kind === 'folder' && found.uid === user.uid && found.gid === groupGid && found.mode === mode
    if (!isRight) steps.push({ kind: 'folder', path, owner: user, group, mode, what })
  }
  folder(base, folders.base, 0o750, 'the home: jobs, state, logs')
  // Set-group-id: what is dropped gets the group. Sticky: members can't remove each other's files.
  folder(homeAt(base).inbox, folders.inbox, 0o3770, 'members of the group drop jobs here')
  if (!hasConfig) {
    const what = 'settings, all of them optional'
    steps.push({ kind: 'user-file', path: `${base}/config.yaml`, text: configText, mode: 0o600, owner: user, what })
  }
  if (projects === 'missing') {
    const what = 'working copies'
    // In the user's own folders the user makes it.
    if (settings.projects.startsWith(`${user.home}/`)) {
      steps.push(command(['runuser', '-u', user.name, '--', 'mkdir', '-p', '--', settings.projects], what))
    } else {
      const primary = { name: user.name, gid: user.gid }
      steps.push({ kind: 'folder', path: settings.projects, owner: user, group: primary, mode: 0o755, what })
    }
  }
  if (credentials.length === 0) {
    const roots = { name: 'root', gid: 0 }
    steps.push({
      kind: 'folder',
      path: settingsFolder,
      owner: root,
      group: roots,
      mode: 0o755,
      what: 'root’s settings',
    })
    steps.push({ kind: 'folder', path: credentialsFolder, owner: root, group: roots, mode: 0o700, what: 'the secrets' })
  }
  return steps
}

function manifestOf(facts: InstallFacts, files: readonly WantedFile[], isDone: boolean): Manifest {
  const { manifest, program, user, settings } = facts
  const earlier = (path: string) => (isDone ? [] : (manifest?.files[path] ?? []))
  const hashes = files.map(({ path, text }): [string, string[]] => [
    path,
    [...new Set([...earlier(path), hashOf(text)])],
  ])
  const running = isDone ? program.fingerprint : manifest?.program
  return {
    version: program.version,
    ...(running === undefined ? {} : { program: running }),
    main: program.main,
    user: user.name,
    home: facts.base,
    projects: settings.projects,
    socket_name: settings.socketName,
    group: {
      name: groupName,
      made: facts.groupGid === undefined || manifest?.group.made === true,
    },
    files: Object.fromEntries(hashes),
  }
}
