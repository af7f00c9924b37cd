import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { bootMachine } from './machine.js'
import { config, home, install, installedOn, noMachine, type Installed } from './installed.js'

const reason = noMachine()

/** What the load generator prints. */
const loadReport = z.object({
  answers: z.record(z.string(), z.object({ status: z.number(), job_id: z.string() })),
  troubles: z.array(z.string()),
})

/** Waits until another process than `before` is the daemon, and is ready. */
async function restarted({ machine, property }: Installed, before: string): Promise<void> {
  await machine.until('the daemon runs again', async () => {
    return (await property('MainPID')) !== before && (await property('ActiveState')) === 'active'
  })
}

describe.skipIf(reason !== undefined)(`the daemon ends${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('and the tmux server and every agent go on: restart, kill -9, a daemon that hangs, reload, stop and start', async () => {
    const installed = await install({ service: ['WatchdogSec=5s'] })
    const { machine, property, build, standing, log } = installed
    await build('shop')
    await build('cart')
    const before = await standing()
    expect(before.split('\n')).toHaveLength(9)

    let pid = await property('MainPID')
    await machine.do('systemctl', 'restart', 'dev-orchestrator.service')
    expect(await property('MainPID')).not.toBe(pid)
    expect(await standing()).toBe(before)

    pid = await property('MainPID')
    await machine.do('kill', '-KILL', pid)
    await restarted(installed, pid)
    expect(await standing()).toBe(before)

    pid = await property('MainPID')
    await machine.do('kill', '-STOP', pid)
    await restarted(installed, pid)
    expect(await log()).toMatch(/Watchdog timeout/)
    expect(await standing()).toBe(before)

    pid = await property('MainPID')
    await machine.do('systemctl', 'reload', 'dev-orchestrator.service')
    await machine.until('the reload is logged', async () => (await log()).includes('configuration reloaded'))
    await machine.until('it is active', async () => (await property('ActiveState')) === 'active')
    expect(await property('MainPID')).toBe(pid)
    expect(await standing()).toBe(before)

    await machine.do('systemctl', 'stop', 'dev-orchestrator.service', 'dev-orchestrator.socket')
    expect(await standing()).toBe(before)
    await machine.do('systemctl', 'start', 'dev-orchestrator.service')
    expect(await standing()).toBe(before)
    // The daemon that came last knows them, and makes the next one.
    await build('till')
    expect((await standing()).startsWith(before)).toBe(true)
  })

  it('and none of the calls of a load is refused, no job lost or doubled, across restarts and a kill -9', async () => {
    const installed = await install()
    const { machine, property, secret } = installed
    // Nothing is to move while it is counted.
    await machine.do('install', '-o', 'dev', '/dev/null', `${home}/state/control/paused`)
    const load = machine.run(['/opt/node', '/opt/devorch/test/systemd/load.mjs', '/run/stop'], `${secret}\n`)
    const queued = async () => Number(await machine.do('bash', '--norc', '-c', `ls ${home}/inbox | grep -c yaml$ || :`))
    const goesOn = async (count: number) => {
      const from = await queued()
      await machine.until('the load goes on', async () => (await queued()) >= from + count)
    }
    await goesOn(20)
    for (let times = 0; times < 3; times += 1) {
      await machine.do('systemctl', 'restart', 'dev-orchestrator.service')
      await goesOn(10)
    }
    const pid = await property('MainPID')
    await machine.do('kill', '-KILL', pid)
    await restarted(installed, pid)
    await goesOn(10)
    await machine.write('/run/stop', '')
    const { stdout, stderr } = await load
    expect(stderr).toBe('')
    const { answers, troubles } = loadReport.parse(JSON.parse(stdout))
    // kill -9 cuts off what was being answered: at most a call of each sender, and none was refused.
    expect(
      troubles.filter((trouble) => !trouble.includes('ECONNRESET') && !trouble.includes('socket hang up')),
    ).toEqual([])
    expect(troubles.length).toBeLessThanOrEqual(4)
    expect(Object.values(answers).filter(({ status }) => status !== 202)).toEqual([])

    const files = await machine.do('bash', '--norc', '-c', `grep -H "delivery_id: load-" ${home}/inbox/*.yaml`)
    const stored = files.split('\n').map((line) => {
      const [, id = '', delivery = ''] = /([^/]+)\.yaml: *delivery_id: (load-\d+)$/.exec(line) ?? []
      return { id, delivery }
    })
    const ids = new Map(stored.map(({ id, delivery }) => [delivery, id]))
    expect(ids.size).toBe(stored.length)
    for (const [delivery, { job_id: id }] of Object.entries(answers)) expect(ids.get(delivery), delivery).toBe(id)
    // What is there beyond was cut off before its answer.
    expect(ids.size - Object.keys(answers).length).toBeLessThanOrEqual(troubles.length)
  })

  it('at a stop of service and socket, and then nothing answers', async () => {
    const { machine, property } = await install()
    const reached = async () =>
      (await machine.run(['curl', '-sS', '--max-time', '5', 'http://127.0.0.1:8080/healthz'])).code
    expect(await reached()).toBe(0)
    await machine.do('systemctl', 'stop', 'dev-orchestrator.service', 'dev-orchestrator.socket')
    // curl(1): 7, failed to connect.
    expect(await reached()).toBe(7)
    expect(await property('ActiveState')).toBe('inactive')
    expect(await property('Result')).toBe('success')
    expect(await property('ActiveState', 'dev-orchestrator.socket')).toBe('inactive')
    expect((await machine.run(['pgrep', '-f', 'dist/main.js'])).code).toBe(1)
  })

  it('with the power, and the next boot brings back every session with its panes, and does what was queued', async () => {
    const { machine, disk, secret, token, call, build } = await install()
    for (const project of ['shop', 'cart']) await build(project)
    const panes = "tmux list-panes -a -F '#{session_name} #{@devorch_role} #{pane_dead} #{pane_current_path}' | sort"
    const before = await machine.as('dev', panes)
    expect(before.split('\n')).toHaveLength(8)
    await machine.do('install', '-o', 'dev', '/dev/null', `${home}/state/control/paused`)
    await machine.write('/root/job', 'project_name: late\nrepo_url: file:///srv/git/shop\n...\n')
    await machine.do('install', '-o', 'dev', '/root/job', `${home}/inbox/a.yaml`)
    expect(await call('/sessions')).toMatchObject({ status: 200 })
    await machine.cutPower()

    const again = installedOn(await bootMachine(disk), disk, secret, token)
    expect(await again.call('/sessions')).toMatchObject({ status: 200 })
    expect(await again.property('ActiveState', 'dev-orchestrator-tmux.service')).toBe('active')
    await again.machine.do('rm', `${home}/state/control/paused`)
    await again.machine.until('the job is done', async () => {
      return (await again.machine.do('ls', `${home}/state/done`)).includes('-a-')
    })
    const others = `${panes} | grep -v ^late-dev`
    await again.machine.until('the sessions are back', async () => {
      return (await again.machine.as('dev', `${others} || true`)) === before
    })
  })
})

describe.skipIf(reason !== undefined)('a reload', () => {
  it('puts the new configuration in force without dropping a job or a call', async () => {
    const { machine, property, call, log, standing, build } = await install()
    await build('shop')
    const before = await standing()
    const pid = await property('MainPID')
    const set = (changes: Readonly<Record<string, unknown>>) =>
      machine.write(`${home}/config.yaml`, JSON.stringify({ ...config, ...changes }))
    // A call that waits for a job that waits.
    await machine.do('install', '-o', 'dev', '/dev/null', `${home}/state/control/paused`)
    const waiting = call('/create-session', { project_name: 'cart', repo_url: 'file:///srv/git/shop' })
    await machine.until('the job is queued', async () => (await machine.do('ls', `${home}/inbox`)).includes('-cart-'))

    await set({ auth: { tokens: ['a-token-of-the-file'] }, server: { port: 9090 } })
    await machine.do('systemctl', 'reload', 'dev-orchestrator.service')
    await machine.until('it is in force', async () => (await log()).includes('configuration reloaded'))
    const asks = (token: string) =>
      machine.do(
        'curl',
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-H',
        `authorization: Bearer ${token}`,
        'http://127.0.0.1:8080/sessions',
      )
    expect(await asks('a-token-of-the-file')).toBe('200')
    expect(await asks('another-token')).toBe('401')
    await machine.do('rm', `${home}/state/control/paused`)
    expect(await waiting).toMatchObject({ status: 200, json: { session: 'cart-dev' } })
    expect(await property('MainPID')).toBe(pid)
    expect((await standing()).includes(before.split('\n')[0] ?? '-')).toBe(true)

    // Wrong: systemctl says so, the log names the field, and the one before stands.
    await set({ worker: { concurency: 5 } })
    expect((await machine.run(['systemctl', 'reload', 'dev-orchestrator.service'])).code).not.toBe(0)
    expect(await log()).toMatch(/config\.yaml.*worker.*concurency/)
    await machine.do('kill', '-HUP', pid)
    await machine.until('it is refused', async () =>
      (await log()).includes('configuration refused; the one before stays in force'),
    )
    expect(await asks('a-token-of-the-file')).toBe('200')
    await machine.until('it is active', async () => (await property('ActiveState')) === 'active')
    expect(await property('MainPID')).toBe(pid)
  })
})
