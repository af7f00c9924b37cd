import { childEnvironment, describeFailure, run, type RunResult } from '../../support/process.js'
import { Problem } from '../../support/problem.js'
import { unitNames, type UnitName } from './unit-files.js'

type Environment = Readonly<Record<string, string | undefined>>

/** A user of the machine, as passwd(5) has it. */
export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly shell: string
}

/** What systemd says of a unit: `active`, `inactive`, `failed`, …; `enabled`, `disabled`, or nothing where it has no file. */
export interface UnitState {
  readonly active: string
  readonly enabled: string
  /** What a socket listens on: `127.0.0.1:8080 (Stream)`. */
  readonly listen: string
}

const timeoutMs = 30_000

/** Whether a unit does its work, or is about to: systemd sees to it itself. */
export function isUp({ active }: UnitState): boolean {
  return ['active', 'reloading', 'activating'].includes(active)
}

/** The environment of a program that root starts here. */
export function rootEnvironment(environment: Environment): Record<string, string> {
  const { PATH } = childEnvironment(environment)
  return { PATH: PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/root' }
}

/** Runs a program as another user, with that user's home. */
export async function runAs(user: User, args: readonly string[], environment: Environment): Promise<RunResult> {
  const env = { ...rootEnvironment(environment), HOME: user.home, USER: user.name, LOGNAME: user.name }
  return await run('runuser', ['-u', user.name, '--', ...args], { timeoutMs, env, cwd: '/' })
}

/** @returns undefined where there is no such user */
export async function findUser(name: string, environment: Environment): Promise<User | undefined> {
  const fields = await entry('passwd', name, environment)
  const [found = '', , uid, gid, , home = '/', shell = ''] = fields ?? []
  if (fields === undefined) return undefined
  return { name: found, uid: Number(uid), gid: Number(gid), home, shell: shell === '' ? '/bin/sh' : shell }
}

/** The number of a group; undefined where there is none. */
export async function findGroup(name: string, environment: Environment): Promise<number | undefined> {
  const fields = await entry('group', name, environment)
  return fields?.[2] === undefined ? undefined : Number(fields[2])
}

/** The state of each unit. */
export async function unitStates(environment: Environment): Promise<Record<UnitName, UnitState>> {
  const state = async (unit: UnitName): Promise<UnitState> => {
    const result = await run('systemctl', ['show', '--property=ActiveState,UnitFileState,Listen', '--', unit], {
      timeoutMs,
      env: rootEnvironment(environment),
    })
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(result.stdout)?.[1] ?? ''
    return { active: value('ActiveState'), enabled: value('UnitFileState'), listen: value('Listen') }
  }
  const { service, socket, tmux } = unitNames
  const [a, b, c] = await Promise.all([state(service), state(socket), state(tmux)])
  return { [service]: a, [socket]: b, [tmux]: c }
}

/** The sessions of the user's tmux server, of which not all need be ours; none where no server answers. */
export async function standingSessions(user: User, socketName: string, environment: Environment): Promise<string[]> {
  const args = ['tmux', '-N', '-L', socketName, 'list-sessions', '-F', '#{session_name}']
  const result = await runAs(user, args, environment)
  if (result.ended !== 'exited' || result.code !== 0) return []
  return result.stdout.split('\n').filter((line) => line !== '')
}

/** One entry of a name service database. */
async function entry(database: string, name: string, environment: Environment): Promise<string[] | undefined> {
  // getent takes a number as well, and answers with the entry of that id.
  const result = await run('getent', ['--', database, name], { timeoutMs, env: rootEnvironment(environment) })
  // getent(1): 2, the key was not found.
  if (result.ended === 'exited' && result.code === 2) return undefined
  if (result.ended !== 'exited' || result.code !== 0) {
    throw new Problem({
      doing: `look up ${name} in ${database}`,
      because: describeFailure(result),
      remedy: 'see what getent says',
    })
  }
  const fields = result.stdout.trimEnd().split(':')
  return fields[0] === name ? fields : undefined
}
