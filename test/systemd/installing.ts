import { expect } from 'vitest'
import { config, home, installedOn, makeDisk, makeUsersAndRepository, type Installed } from './installed.js'
import { bootMachine, nodeInside, type Machine } from './machine.js'

/** Where a person has put the program: a folder that an upgrade can change. */
export const place = '/usr/local/lib/devorch'
export const program = [nodeInside, `${place}/dist/main.js`]
export const units = ['dev-orchestrator.service', 'dev-orchestrator.socket', 'dev-orchestrator-tmux.service'] as const

/** A machine with the users and the program, and nothing installed. */
export async function machineWithProgram(): Promise<{ machine: Machine; disk: string }> {
  const disk = await makeDisk()
  const machine = await bootMachine(disk)
  await makeUsersAndRepository(machine)
  await machine.do('mkdir', place)
  for (const part of ['dist', 'systemd', 'templates', 'layouts', 'package.json']) {
    await machine.do('cp', '-r', `/opt/devorch/${part}`, `${place}/${part}`)
  }
  await machine.do('ln', '-s', '/opt/devorch/node_modules', `${place}/node_modules`)
  return { machine, disk }
}

/** Installs as a person does; the configuration, beside the defaults, is that of the other tests. */
export async function installed(): Promise<Installed & { readonly report: string }> {
  const { machine, disk } = await machineWithProgram()
  const ended = await machine.run([...program, 'install', '--for', 'dev'])
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const report = ended.stdout
  const secret = /webhook secret +([0-9a-f]{64})$/m.exec(report)?.[1] ?? ''
  const token = /token +([0-9a-f]{64})$/m.exec(report)?.[1] ?? ''
  await machine.write(`${home}/config.yaml`, JSON.stringify(config))
  await machine.do('systemctl', 'reload', units[0])
  const found = installedOn(machine, disk, secret, token)
  await machine.until('the reload is logged', async () => (await found.log()).includes('configuration reloaded'))
  await machine.until('it is active', async () => (await found.property('ActiveState')) === 'active')
  return { ...found, report }
}
