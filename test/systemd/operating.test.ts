import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { home, noMachine } from './installed.js'
import { machineWithProgram, program } from './installing.js'

const reason = noMachine()
const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'operating.md'), 'utf8')

/** The commands of each chapter. */
const chapters = page.split(/^## /m).map((chapter) => ({
  title: chapter.split('\n')[0] ?? '',
  commands: [...chapter.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block = '']) => block).join(''),
}))

describe.skipIf(reason !== undefined)(`docs/operating.md${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  it('has commands that do what it says, one chapter after the other', async () => {
    const { machine } = await machineWithProgram()
    await machine.do('useradd', '--create-home', 'ann')
    // The command that npm would have put there.
    await machine.write('/usr/local/sbin/devorch', `#!/bin/sh\nexec ${program.join(' ')} "$@"\n`)
    await machine.do('chmod', '+x', '/usr/local/sbin/devorch')
    const secrets = () => machine.read('/etc/dev-orchestrator/credentials/github-secrets')
    const done: string[] = []
    let secret = ''
    for (const { title, commands } of chapters.filter(({ commands: some }) => some !== '')) {
      if (title === 'Moving to another machine') await machine.do(...program, 'uninstall', '--purge')
      const before = title === 'Install' ? '' : secret
      const { code, stdout, stderr } = await machine.run(['bash', '--norc', '-ec', commands])
      expect({ title, code, stderr: stderr.replace(/^tar: Removing leading.*\n/m, '') }, stdout).toEqual({
        title,
        code: 0,
        stderr: '',
      })
      done.push(title)
      if (title === 'Install') {
        expect(stdout).toMatch(/^OK +installation +version /m)
        expect(stdout).toMatch(/^OK +dev-orchestrator\.socket +active, enabled$/m)
        expect(stdout).toMatch(/^OK +authentication +required, by systemd’s credentials: github-secrets, tokens$/m)
        expect(stdout).toMatch(/^OK +inbox /m)
      }
      if (title === 'What the hardening forbids') {
        const figure = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1] ?? 'none'
        process.stdout.write(`systemd-analyze security, as installed: ${figure}\n`)
        expect(Number(figure)).toBeLessThan(3)
      }
      if (title === 'Removing') break
      secret = await secrets()
      if (title === 'New secrets') expect(secret).not.toBe(before)
      else if (before !== '') expect(secret).toBe(before)
      const states = () => machine.do('systemctl', 'is-active', 'dev-orchestrator.service', 'dev-orchestrator.socket')
      await machine.until('both are active', async () => (await states()) === 'active\nactive')
    }
    expect(done).toEqual(
      expect.arrayContaining(['Install', 'Upgrade', 'New secrets', 'Backup', 'Moving to another machine', 'Removing']),
    )
    expect(await machine.do('ls', home)).toMatch(/config\.yaml/)
    expect((await machine.run(['systemctl', 'cat', 'dev-orchestrator.service'])).code).not.toBe(0)
  })
})
