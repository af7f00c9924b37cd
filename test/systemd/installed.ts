import { createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { mountTmpfs } from '../support/mount.js'
import { temporaryFolder } from '../support/temporary.js'
import { bootMachine, nodeInside, type Machine } from './machine.js'

export const home = '/var/lib/dev-orchestrator'
const units = ['dev-orchestrator.service', 'dev-orchestrator.socket', 'dev-orchestrator-tmux.service'] as const
const program = `${nodeInside} /opt/devorch/dist/main.js`

/** A machine on which the units run for the user `dev`; another user there is `other`. */
export interface Installed {
  readonly machine: Machine
  readonly disk: string
  readonly secret: string
  readonly token: string
  /** A call through the socket, with the token. */
  readonly call: (path: string, body?: Readonly<Record<string, unknown>>) => Promise<{ status: number; json: unknown }>
  /** A delivery of GitHub's through the socket, signed. */
  readonly deliver: (
    event: string,
    payload: Readonly<Record<string, unknown>>,
  ) => Promise<{ status: number; json: unknown }>
  /** Builds a session and waits for its outcome. */
  readonly build: (project: string) => Promise<void>
  /** What must stay the same whatever happens to the daemon: the pids of the tmux server and of all panes. */
  readonly standing: () => Promise<string>
  /** A property of a unit: `ActiveState`. */
  readonly property: (name: string, unit?: (typeof units)[number]) => Promise<string>
  /** The daemon's log lines so far. */
  readonly log: () => Promise<string>
}

/** The reason why there can be no machine here; undefined: there can. */
export function noMachine(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'a machine with a systemd of its own needs root'
}

/** A disk for a machine, on a file system that an overlay can write to. */
export async function makeDisk(): Promise<string> {
  const disk = await temporaryFolder()
  await mountTmpfs(disk, '2g')
  return disk
}

export const config = {
  repositories: { protocols: ['file'], private_addresses: true },
  agents: { cat: { kind: 'command', command: ['cat'] } },
  default_agent: 'cat',
  worker: { min_free_memory_mb: 0 },
  inbox: { quiet_ms: 200 },
  limits: { requests_per_minute: 0 },
}

/** @param before runs on the machine when everything is there, before the units are started for the first time */
export async function install(
  options: {
    /** Further lines of the service's and the socket's drop-in. */
    readonly service?: readonly string[]
    readonly socket?: readonly string[]
    /** False: the daemon is not expected to become ready. */
    readonly starts?: boolean
    readonly before?: (machine: Machine) => Promise<void>
  } = {},
): Promise<Installed> {
  const disk = await makeDisk()
  const machine = await bootMachine(disk)
  const secret = randomBytes(24).toString('hex')
  const token = randomBytes(24).toString('hex')
  await makeUsersAndRepository(machine)
  await machine.do('install', '-d', '-o', 'dev', '-g', 'dev', '-m', '0750', home, '/home/dev/projects')
  await machine.do('install', '-d', '-m', '0700', '/etc/dev-orchestrator')
  await machine.write('/etc/dev-orchestrator/github-secrets', `${secret}\n`)
  await machine.write('/etc/dev-orchestrator/tokens', `${token}\n`)
  await machine.write(`${home}/config.yaml`, JSON.stringify(config))
  for (const unit of units) {
    await machine.write(`/etc/systemd/system/${unit}`, await machine.read(`/opt/devorch/systemd/${unit}`))
  }
  await machine.write('/etc/systemd/system/dev-orchestrator-tmux.service.d/user.conf', '[Service]\nUser=dev\n')
  await machine.write(
    '/etc/systemd/system/dev-orchestrator.service.d/user.conf',
    [
      '[Service]',
      'User=dev',
      'ExecStart=',
      `ExecStart=${program} serve`,
      'ExecReload=',
      `ExecReload=env -u CREDENTIALS_DIRECTORY ${program} config check`,
      'ExecReload=kill -HUP $MAINPID',
      `ReadWritePaths=${home} /home/dev/projects`,
      'LoadCredential=github-secrets:/etc/dev-orchestrator/github-secrets',
      'LoadCredential=tokens:/etc/dev-orchestrator/tokens',
      ...(options.service ?? []),
      '',
    ].join('\n'),
  )
  const socket = ['[Socket]', ...(options.socket ?? []), '']
  await machine.write('/etc/systemd/system/dev-orchestrator.socket.d/address.conf', socket.join('\n'))
  await machine.do('systemctl', 'daemon-reload')
  await options.before?.(machine)
  const start = await machine.run(['systemctl', 'enable', '--quiet', '--now', 'dev-orchestrator.service'])
  if (start.code !== 0 && options.starts !== false) {
    throw new Error(`the daemon does not start\n${await machine.do('journalctl', '--no-pager', '-n', '60')}`)
  }
  return installedOn(machine, disk, secret, token)
}

/** The users `dev`, who can become root, and `other`, and a repository, `file:///srv/git/shop`. */
export async function makeUsersAndRepository(machine: Machine): Promise<void> {
  for (const user of ['dev', 'other']) await machine.do('useradd', '--create-home', '--shell', '/bin/bash', user)
  await machine.write('/etc/sudoers.d/dev', 'dev ALL=(ALL) NOPASSWD: ALL\n')
  // What a login has beyond systemd's own PATH.
  await machine.as('dev', 'mkdir -p .local/bin; echo "PATH=$HOME/.local/bin:$PATH" > .profile')
  await machine.do('install', '-d', '-o', 'dev', '/srv/git')
  const git = 'git -c user.name=Test -c user.email=test@example.com -c init.defaultBranch=main'
  await machine.as('dev', `${git} init -q /srv/git/shop && cd /srv/git/shop && ${git} commit -q --allow-empty -m Begin`)
}

/** What stands on a machine that was installed before, as after a boot. */
export function installedOn(machine: Machine, disk: string, secret: string, token: string): Installed {
  const curl = async (path: string, headers: readonly string[], body: string | undefined) => {
    // The token is in no argument of a process.
    const settings = [...headers.map((header) => `header = "${header}"`), `url = "http://127.0.0.1:8080${path}"`]
    await machine.write('/root/curl', settings.join('\n'))
    const data = body === undefined ? [] : ['--data-binary', '@-']
    const args = ['curl', '-sS', '--max-time', '50', '-w', '\n%{http_code}', '-K', '/root/curl', ...data]
    const { code, stdout, stderr } = await machine.run(args, body)
    if (code !== 0) throw new Error(`${path}: ${stderr}`)
    const [, text = '', status = ''] = /^([^]*)\n(\d+)$/.exec(stdout) ?? []
    return { status: Number(status), json: JSON.parse(text) as unknown }
  }
  const json = 'content-type: application/json'
  const installed: Installed = {
    machine,
    disk,
    secret,
    token,
    call: (path, body) =>
      curl(
        path,
        [`authorization: Bearer ${token}`, 'prefer: wait=40', json],
        body === undefined ? undefined : JSON.stringify(body),
      ),
    deliver(event, payload) {
      const body = JSON.stringify(payload)
      const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
      const delivery = randomBytes(8).toString('hex')
      const headers = [
        `x-github-event: ${event}`,
        `x-github-delivery: ${delivery}`,
        `x-hub-signature-256: ${signature}`,
      ]
      return curl('/create-session', [...headers, json], body)
    },
    async build(project) {
      const { status, json: answer } = await installed.call('/create-session', {
        project_name: project,
        repo_url: 'file:///srv/git/shop',
      })
      z.looseObject({ status: z.literal('success') }).parse(answer, { error: () => JSON.stringify(answer) })
      if (status !== 200) throw new Error(`${status.toString()}: ${JSON.stringify(answer)}`)
    },
    standing: () =>
      machine.as(
        'dev',
        "tmux display-message -p '#{pid}'; tmux list-panes -a -F '#{session_name} #{pane_id} #{pane_pid}'",
      ),
    property: (name, unit = 'dev-orchestrator.service') => machine.do('systemctl', 'show', '--value', '-p', name, unit),
    log: () => machine.do('journalctl', '--no-pager', '-o', 'cat', '-u', 'dev-orchestrator.service'),
  }
  return installed
}
