import { describe, expect, it } from 'vitest'
import { config, home, noMachine } from './installed.js'
import { installed, machineWithProgram, place, program, units } from './installing.js'
import { nodeInside, type Ended, type Machine } from './machine.js'

const reason = noMachine()
/** Owner, group, mode and time of change of what install makes. */
async function made(machine: Machine): Promise<string> {
  const script =
    "find /etc/dev-orchestrator /etc/systemd/system /usr/local/bin /var/lib -path '*devorch*' -o -path '*dev-orchestrator*'"
  return await machine.do('bash', '--norc', '-c', `${script} -printf '%p %u:%g %m %T@\n' | grep -v /state/ | sort`)
}

const refused = (because: RegExp) => ({ code: 1, stdout: '', stderr: expect.stringMatching(because) as string })

describe.skipIf(reason !== undefined)(`devorch install${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('says in words where it can not, shows beforehand what it does, and changes nothing by that', async () => {
    const { machine } = await machineWithProgram()
    const before = await made(machine)
    const run = (...args: string[]): Promise<Ended> => machine.run([...program, 'install', ...args])
    expect(await run()).toEqual(refused(/it is not said whose sessions.*--for USER/))
    expect(await run('--for', 'nobody-here')).toEqual(refused(/there is no user "nobody-here"/))
    expect(await run('--for', '0')).toEqual(refused(/there is no user "0"/))
    expect(await run('--for', 'root')).toEqual(refused(/agents would run as root/))
    expect(await run('--for', 'daemon')).toEqual(refused(/has no shell/))
    const asUser = ['runuser', '-u', 'dev', '--', ...program, 'install', '--for', 'dev']
    expect(await machine.run(asUser)).toEqual(refused(/only root can; sudo devorch install/))
    await machine.do('mkdir', '-m', '0700', '-p', '/root/devorch')
    await machine.do('cp', '-r', `${place}/.`, '/root/devorch')
    const closed = [nodeInside, '/root/devorch/dist/main.js', 'install', '--for', 'dev']
    expect(await machine.run(closed)).toEqual(refused(/dev can’t run .*\/root\/devorch.*where every user can read it/))
    await machine.do('cp', '-r', '/root/devorch', '/tmp/devorch')
    const passing = [nodeInside, '/tmp/devorch/dist/main.js', 'install', '--for', 'dev']
    expect(await machine.run(passing)).toEqual(refused(/is in a folder that is emptied/))

    const dry = await run('--for', 'dev', '--dry-run')
    expect(dry).toMatchObject({ code: 0, stderr: '' })
    for (const unit of units) expect(dry.stdout).toContain(`file    /etc/systemd/system/${unit}  root:root 0644`)
    expect(dry.stdout).toContain('    LoadCredential=tokens:/etc/dev-orchestrator/credentials/tokens')
    expect(dry.stdout).toContain(`folder  ${home}/inbox  dev:devorch 3770`)
    expect(dry.stdout).toContain('run     systemctl start dev-orchestrator.service')
    // Hashes of files are hexadecimal too.
    expect(dry.stdout.match(/^ {4}<64 random digits>$/gm)).toHaveLength(2)
    expect(await made(machine)).toBe(before)
    expect((await machine.run(['getent', 'group', 'devorch'])).code).toBe(2)
  })

  it('makes a service that is ready; a second time changes nothing and shows no secret', async () => {
    const { machine, report, property, build, call, secret, token } = await installed()
    expect(report).toContain('Payload URL https://YOUR-HOST/create-session')
    expect([secret, token]).toEqual([expect.stringMatching(/^.{64}$/), expect.stringMatching(/^.{64}$/)])
    for (const unit of units) {
      expect(await property('ActiveState', unit), unit).toBe('active')
      expect(await machine.do('systemctl', 'is-enabled', unit), unit).toBe('enabled')
      expect(await machine.run(['systemd-analyze', 'verify', unit]), unit).toEqual({ code: 0, stdout: '', stderr: '' })
    }
    const stat = (...paths: string[]) => machine.do('stat', '-c', '%U:%G %a', ...paths)
    expect(await stat(home, `${home}/inbox`, `${home}/state`, `${home}/config.yaml`, '/home/dev/projects')).toBe(
      ['dev:devorch 750', 'dev:devorch 3770', 'dev:dev 700', 'dev:dev 600', 'dev:dev 755'].join('\n'),
    )
    const credentials = '/etc/dev-orchestrator/credentials'
    expect(await stat(credentials, `${credentials}/tokens`, `${credentials}/github-secrets`)).toBe(
      ['root:root 700', 'root:root 600', 'root:root 600'].join('\n'),
    )
    await build('shop')
    expect(await call('/sessions')).toMatchObject({ status: 200, json: { sessions: [{ name: 'shop-dev' }] } })

    const [before, pid] = [await made(machine), await property('MainPID')]
    const again = await machine.run(['devorch', 'install'])
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).toMatch(/nothing to do: it is installed for dev, and up to date/)
    expect(again.stdout).not.toMatch(/[0-9a-f]{64}/)
    expect(await made(machine)).toBe(before)
    expect(await property('MainPID')).toBe(pid)
    expect((await machine.run(['devorch', 'install', '--for', 'other'])).stderr).toMatch(/it is installed for dev/)
    expect(await machine.as('dev', 'devorch ls')).toContain('shop-dev')
  })

  it('lets members of the group drop jobs, and nobody else; they can not remove those of one another', async () => {
    const { machine } = await installed()
    for (const user of ['ann', 'ben']) {
      await machine.do('useradd', '--create-home', '--shell', '/bin/bash', '--groups', 'devorch', user)
    }
    const drop = (user: string, name: string, umask: string) =>
      machine.run([
        'runuser',
        '--login',
        user,
        '--command',
        `umask ${umask}; printf 'project_name: ${name}\\nrepo_url: file:///srv/git/shop\\n...\\n' > ${home}/inbox/${name}.yaml`,
      ])
    const results = async () => machine.do('bash', '--norc', '-c', `cd ${home}/state && ls done failed`)
    expect((await drop('ann', 'shop', '027')).code).toBe(0)
    await machine.until('the job is done', async () => (await results()).includes('-shop-'))
    expect(await machine.as('dev', 'tmux ls')).toContain('shop-dev')
    expect((await drop('other', 'cart', '022')).code).not.toBe(0)

    await machine.as('dev', 'devorch pause')
    expect((await drop('ann', 'till', '022')).code).toBe(0)
    expect((await machine.run(['runuser', '-u', 'ben', '--', 'rm', '-f', `${home}/inbox/till.yaml`])).code).not.toBe(0)
    expect((await machine.run(['runuser', '-u', 'ann', '--', 'rm', '-f', `${home}/inbox/till.yaml`])).code).toBe(0)
    for (const closed of ['state', 'logs', 'config.yaml']) {
      expect((await machine.run(['runuser', '-u', 'ann', '--', 'test', '-r', `${home}/${closed}`])).code).toBe(1)
    }
    await machine.as('dev', 'devorch resume')

    // What the daemon may not read is refused with a reason, not waited for.
    expect((await drop('ann', 'mine', '077')).code).toBe(0)
    await machine.until('it is refused', async () => /-mine\S*\.raw/.test(await results()))
  })
})

describe.skipIf(reason !== undefined)('an upgrade', () => {
  it('keeps sessions, calls, configuration and secrets, and runs the new program', async () => {
    const found = await installed()
    const { machine, property, build, standing, secret, call } = found
    await build('shop')
    await machine.do('install', '-o', 'dev', '/dev/null', `${home}/state/control/paused`)
    const [before, pid, settings] = [
      await standing(),
      await property('MainPID'),
      await machine.read(`${home}/config.yaml`),
    ]
    const load = machine.run(['/opt/node', '/opt/devorch/test/systemd/load.mjs', '/run/stop'], `${secret}\n`)
    const queued = async () => Number(await machine.do('bash', '--norc', '-c', `ls ${home}/inbox | grep -c yaml$ || :`))
    const goesOn = async (count: number) => {
      const from = await queued()
      await machine.until('the load goes on', async () => (await queued()) >= from + count)
    }
    await goesOn(10)
    const change = (file: string, from: string, to: string) =>
      machine.do('sed', '-i', `s/${from}/${to}/`, `${place}/${file}`)
    await change('package.json', '"version": "[^"]*"', '"version": "99.0.0"')
    for (const unit of units) await change(`systemd/${unit}`, '^Description=.*', '& (new)')
    const upgrade = await machine.run([...program, 'install'])
    expect(upgrade).toMatchObject({ code: 0, stderr: '' })
    await goesOn(10)
    await machine.write('/run/stop', '')
    const { answers, troubles } = JSON.parse((await load).stdout) as {
      answers: Record<string, { status: number }>
      troubles: string[]
    }
    expect(troubles).toEqual([])
    expect(Object.values(answers).filter(({ status }) => status !== 202)).toEqual([])
    expect(Object.keys(answers)).toHaveLength(await queued())

    expect(upgrade.stdout).toMatch(/brought up to date for dev/)
    expect(upgrade.stdout).toMatch(/note: the unit of the tmux server has changed; it takes effect at the next boot/)
    expect(upgrade.stdout).toMatch(/note: the unit of the socket has changed/)
    expect(upgrade.stdout).not.toMatch(/^ .*[0-9a-f]{64}$/m)
    expect(await standing()).toBe(before)
    expect(await property('MainPID')).not.toBe(pid)
    expect(await property('Description')).toMatch(/\(new\)$/)
    expect(await machine.read(`${home}/config.yaml`)).toBe(settings)
    expect(await call('/sessions')).toMatchObject({ status: 200 })
    expect((await machine.run([...program, 'install'])).stdout).toMatch(/nothing to do/)
  })

  it('replaces nothing that a person wrote, and moves the address where the configuration does', async () => {
    const { machine, property, standing, build } = await installed()
    await build('shop')
    const before = await standing()
    const dropIn = '/etc/systemd/system/dev-orchestrator.service.d/10-install.conf'
    const text = await machine.read(dropIn)
    await machine.write(dropIn, `${text}MemoryMax=4G\n`)
    await machine.write(`${home}/config.yaml`, JSON.stringify({ ...config, server: { port: 9090 } }))
    expect(await machine.run(['devorch', 'install'])).toEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/not written, or changed since, by install: \S+10-install.conf; move/) as string,
    })
    expect(await machine.read(dropIn)).toBe(`${text}MemoryMax=4G\n`)
    // A drop-in of the administrator's own is not touched.
    const own = '/etc/systemd/system/dev-orchestrator.service.d/override.conf'
    await machine.write(own, '[Service]\nMemoryMax=4G\n')
    await machine.write(dropIn, text)
    expect(await machine.run(['devorch', 'install'])).toMatchObject({ code: 0, stderr: '' })
    expect(await machine.read(own)).toBe('[Service]\nMemoryMax=4G\n')
    expect(await property('MemoryMax')).toBe((4 * 1024 ** 3).toString())
    expect(await machine.do('curl', '-sS', '--max-time', '20', 'http://127.0.0.1:9090/healthz')).toContain('ok')
    expect(await standing()).toBe(before)

    // Another tmux server is the unit's when a person restarts it.
    await machine.write(`${home}/config.yaml`, JSON.stringify({ ...config, tmux: { socket_name: 'work' } }))
    const other = await machine.run(['devorch', 'install'])
    expect(other).toMatchObject({ code: 0, stderr: '' })
    expect(other.stdout).toMatch(/note: the unit of the tmux server has changed/)
    expect(await standing()).toBe(before)
    await machine.do('systemctl', 'restart', units[2])
    expect(await machine.as('dev', "tmux -L work -N display-message -p '#{pid}'")).toBe(
      await property('MainPID', units[2]),
    )
  })
})

describe.skipIf(reason !== undefined)('devorch uninstall', () => {
  it('takes the service away, keeps sessions, jobs and configuration, and with --purge all but the projects', async () => {
    const { machine, build, standing } = await installed()
    await build('shop')
    const before = await standing()
    const dry = await machine.run(['devorch', 'uninstall', '--dry-run'])
    expect(dry.stdout).toContain('remove  /etc/systemd/system/dev-orchestrator.service')
    expect(await machine.run([...program, 'uninstall', '--purge'])).toEqual(refused(/1 session of dev still run/))
    const ended = await machine.run(['devorch', 'uninstall'])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout).toMatch(/1 session of dev go on: shop-dev; to end all: sudo -u dev tmux kill-server/)
    expect((await machine.run(['curl', '-sS', 'http://127.0.0.1:8080/healthz'])).code).toBe(7)
    expect(
      await machine.do(
        'bash',
        '--norc',
        '-c',
        'ls -d /etc/systemd/system/dev-orch* /usr/local/bin/devorch 2>&1 | grep -v "No such" || :',
      ),
    ).toBe('')
    expect(await machine.do('bash', '--norc', '-c', 'ls /etc/systemd/system/*.wants | grep dev-orch || :')).toBe('')
    expect(await standing()).toBe(before)
    expect(await machine.do('ls', home, `${home}/state/done`)).toMatch(/config\.yaml[^]*-shop\S*\.yaml/)
    expect((await machine.run([...program, 'uninstall'])).stdout).toMatch(/^nothing to do/)

    // Installed again it is as before, with the same secrets and the sessions that stood.
    const again = await machine.run([...program, 'install'])
    expect(again).toMatchObject({ code: 0, stderr: '' })
    expect(again.stdout).not.toMatch(/not shown again/)
    expect(await standing()).toBe(before)
    expect(await machine.as('dev', 'devorch ls')).toContain('shop-dev')

    await machine.as('dev', 'tmux kill-server')
    await machine.until(
      'no session is left',
      async () => !(await machine.as('dev', 'tmux ls 2>&1 || :')).includes('shop'),
    )
    expect(await machine.run([...program, 'uninstall', '--purge'])).toMatchObject({ code: 0, stderr: '' })
    for (const gone of [home, '/etc/dev-orchestrator', '/usr/local/bin/devorch']) {
      expect((await machine.run(['test', '-e', gone])).code, gone).toBe(1)
    }
    expect((await machine.run(['getent', 'group', 'devorch'])).code).toBe(2)
    expect(await machine.do('ls', '/home/dev/projects')).toBe('shop')
    expect((await machine.run(['pgrep', '-u', 'dev', 'tmux|node'])).stdout).toBe('')
  })
})
