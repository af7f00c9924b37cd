import { describe, expect, it } from 'vitest'
import { home, install, noMachine } from './installed.js'

const reason = noMachine()
const results = `${home}/tries`
const allowed = [home, '/home/dev/projects']
const forbidden = [
  '/etc',
  '/usr',
  '/opt',
  '/var/lib',
  '/tmp',
  '/var/tmp',
  '/run',
  '/dev/shm',
  '/root',
  '/home/dev',
  '/home/other',
  '/home',
]

/** A line of shell that writes down where a file can be made. */
const tries = `for place in ${[...allowed, ...forbidden].join(' ')}; do (: > "$place/try") 2>/dev/null && echo "$place"; done; true`

describe.skipIf(reason !== undefined)(`the units${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('run the daemon as its user, who can write only what it needs', async () => {
    const { machine, property, build } = await install({
      service: [`ExecStartPre=/bin/sh -c '. /usr/local/lib/tries > ${results}'`],
      before: (early) => early.write('/usr/local/lib/tries', tries),
    })
    const pid = await property('MainPID')
    expect(await machine.do('ps', '-o', 'user=', '-p', pid)).toBe('dev')
    expect(await machine.do('awk', '/^(CapEff|CapBnd|NoNewPrivs|Seccomp):/ { print $2 }', `/proc/${pid}/status`)).toBe(
      ['0000000000000000', '0000000000000000', '1', '2'].join('\n'),
    )
    expect((await machine.read(results)).trim().split('\n')).toEqual(allowed)
    // The user without the unit's rules can write more, so that the rules are what forbids it.
    expect((await machine.as('dev', tries)).split('\n')).toEqual(
      expect.arrayContaining([...allowed, '/tmp', '/var/tmp', '/dev/shm', '/home/dev']),
    )
    // And all that is needed for a session can be done.
    await build('shop')
    expect(await machine.do('stat', '-c', '%U %a', '/home/dev/projects/shop')).toBe('dev 755')
  })

  it('are in order for systemd-analyze, which finds the daemon little exposed', async () => {
    const { machine, property } = await install()
    for (const unit of [
      'dev-orchestrator.service',
      'dev-orchestrator.socket',
      'dev-orchestrator-tmux.service',
    ] as const) {
      expect(await machine.run(['systemd-analyze', 'verify', unit]), unit).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(await property('LoadState', unit)).toBe('loaded')
    }
    const report = await machine.do(
      'systemd-analyze',
      'security',
      '--no-pager',
      '--offline=true',
      'dev-orchestrator.service',
    )
    const figure = /Overall exposure level for \S+: ([\d.]+)/.exec(report)?.[1]
    process.stdout.write(`systemd-analyze security dev-orchestrator.service: ${figure ?? 'no figure'}\n`)
    expect(Number(figure)).toBeLessThan(3)
  })
})
