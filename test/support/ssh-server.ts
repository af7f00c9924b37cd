import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { onTestFinished, vi } from 'vitest'
import { childEnvironment, describeFailure, run } from '../../src/support/process.js'
import { temporaryFolder } from './temporary.js'
import { freePort } from './free-port.js'

/** Where Debian's openssh-server has it: sshd starts itself anew and wants its whole path. */
const program = '/usr/sbin/sshd'

/** Why no server can be started here, or undefined. */
export const sshMissing = existsSync(program) ? undefined : 'sshd is missing (Debian package openssh-server)'

export interface SshServer {
  /** `USER@127.0.0.1` */
  readonly address: string
  /** For scp, sftp and ssh alike: nothing of the user's or the machine's settings, keys and known hosts counts. */
  readonly options: readonly string[]
}

/** An sshd of the calling test's own on loopback, which lets this user in by a key made for it. */
export async function startSshServer(): Promise<SshServer> {
  const folder = await temporaryFolder()
  for (const name of ['host', 'user']) {
    const args = ['-q', '-t', 'ed25519', '-N', '', '-C', 'devorch-test', '-f', join(folder, name)]
    const made = await run('ssh-keygen', args, { env: childEnvironment(process.env), timeoutMs: 20_000 })
    if (made.ended !== 'exited' || made.code !== 0) throw new Error(describeFailure(made))
  }
  const port = await freePort()
  const settings = [
    `ListenAddress 127.0.0.1:${port.toString()}`,
    `HostKey ${join(folder, 'host')}`,
    `AuthorizedKeysFile ${join(folder, 'user.pub')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    // scp -O runs the user's shell, and bash reads ~/.bashrc where sshd starts it: what stands there is not the test's, and
    // may not be cut off half-way.
    `SetEnv HOME=${folder}`,
    'PermitUserRC no',
    'MaxStartups 100',
    'Subsystem sftp internal-sftp',
  ]
  await writeFile(join(folder, 'sshd_config'), `${settings.join('\n')}\n`)
  // sshd 9.2: the folder in which it gives up its privileges; Debian's unit makes it.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
  const server = spawn(program, ['-D', '-e', '-f', join(folder, 'sshd_config')], {
    env: childEnvironment(process.env),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  server.stderr.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = once(server, 'exit')
  onTestFinished(async () => {
    server.kill()
    await ended
  })
  await vi.waitFor(() => answers(port, log), { timeout: 20_000, interval: 50 })
  const settled = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'LogLevel=ERROR']
  return {
    address: `${userInfo().username}@127.0.0.1`,
    options: [
      ...['-F', '/dev/null', '-P', port.toString(), '-i', join(folder, 'user')],
      ...['IdentitiesOnly=yes', 'IdentityAgent=none', ...settled].flatMap((setting) => ['-o', setting]),
    ],
  }
}

async function answers(port: number, log: string): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } catch (error) {
    throw new Error(`sshd does not answer: ${log}`, { cause: error })
  } finally {
    socket.destroy()
  }
}
