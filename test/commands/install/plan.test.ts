import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { InstallFacts, Standing } from '../../../src/commands/install/facts.js'
import { manifestPath, type Manifest } from '../../../src/commands/install/manifest.js'
import { planInstall, type InstallPlan } from '../../../src/commands/install/plan.js'
import { formatStep } from '../../../src/commands/install/step.js'
import { planUninstall } from '../../../src/commands/install/uninstall-plan.js'
import { commandPath, dropInPath, unitFolder, unitNames } from '../../../src/commands/install/unit-files.js'
import { root } from '../workplace.js'

const { service, socket, tmux } = unitNames
const shipped = async (unit: string) => await readFile(join(root, 'systemd', unit), 'utf8')
const units = {
  [service]: await shipped(service),
  [socket]: await shipped(socket),
  [tmux]: await shipped(tmux),
} as const
const paths = [commandPath, ...[service, socket, tmux].flatMap((unit) => [`${unitFolder}/${unit}`, dropInPath(unit)])]
const secrets = { githubSecret: 'a'.repeat(64), token: 'b'.repeat(64) }
const off = { active: 'inactive', enabled: '', listen: '' }

/** A machine on which nothing was installed. */
const fresh: InstallFacts = {
  user: { name: 'dev', uid: 1001, gid: 1001, home: '/home/dev', shell: '/bin/bash' },
  groupGid: undefined,
  program: {
    version: '1.0.0',
    fingerprint: 'one',
    node: '/usr/bin/node',
    main: '/opt/d/dist/main.js',
    isCheckout: false,
  },
  settings: { projects: '/home/dev/projects', socketName: 'default', host: '127.0.0.1', port: 8080, publicHost: null },
  base: '/var/lib/dev-orchestrator',
  folders: { base: { kind: 'missing' }, inbox: { kind: 'missing' } },
  hasConfig: false,
  projects: 'missing',
  files: new Map(paths.map((path) => [path, { kind: 'missing' }])),
  credentials: [],
  manifest: undefined,
  shipped: units,
  units: { [service]: off, [socket]: off, [tmux]: off },
}

const commands = (plan: Pick<InstallPlan, 'steps'>) =>
  plan.steps.flatMap((step) => (step.kind === 'command' ? [step.args.join(' ')] : []))

/** The same machine after a plan was carried out. */
function after(facts: InstallFacts, plan: InstallPlan): InstallFacts & { readonly manifest: Manifest } {
  const written = plan.steps.flatMap((step) => (step.kind === 'file' ? [[step.path, step.text] as const] : []))
  const files = new Map<string, Standing>(facts.files)
  for (const [path, text] of written) if (files.has(path)) files.set(path, { kind: 'text', text })
  const manifest = JSON.parse(written.findLast(([path]) => path === manifestPath)?.[1] ?? '') as Manifest
  const on = { active: 'active', enabled: 'enabled', listen: '' }
  return {
    ...facts,
    groupGid: 900,
    folders: {
      base: { kind: 'folder', uid: 1001, gid: 900, mode: 0o750 },
      inbox: { kind: 'folder', uid: 1001, gid: 900, mode: 0o3770 },
    },
    hasConfig: true,
    projects: 'usable',
    files,
    credentials: ['github-secrets', 'tokens'],
    manifest,
    units: { [service]: on, [socket]: { ...on, listen: '127.0.0.1:8080 (Stream)' }, [tmux]: on },
  }
}
const installed = after(fresh, planInstall(fresh, secrets))

test('a first time: group, folders, secrets, units, and everything is started, each with what it is for', () => {
  const plan = planInstall(fresh, secrets)
  expect(commands(plan)).toEqual([
    'groupadd --system devorch',
    'runuser -u dev -- mkdir -p -- /home/dev/projects',
    'systemctl daemon-reload',
    `systemctl --quiet enable ${service}`,
    `systemctl start ${tmux}`,
    `systemctl start ${socket}`,
    `systemctl start ${service}`,
  ])
  expect(plan.made).toEqual(secrets)
  const shown = plan.steps.flatMap(formatStep).join('\n')
  expect(shown).toMatch(/^folder {2}\/var\/lib\/dev-orchestrator\/inbox {2}dev:devorch 3770 {3}# /m)
  expect(shown).toContain('    ReadWritePaths=/var/lib/dev-orchestrator /home/dev/projects')
  for (const value of Object.values(secrets)) expect(shown).not.toContain(value)
  for (const step of plan.steps) expect(step.what).not.toBe('')
})

test('a second time: nothing', () => {
  expect(planInstall(installed, secrets)).toEqual({ steps: [], notes: [], made: {} })
})

test('another program restarts the daemon alone; another tmux unit is written and left for later', () => {
  const program = { ...installed.program, fingerprint: 'two' }
  expect(commands(planInstall({ ...installed, program }, secrets))).toEqual([`systemctl restart ${service}`])

  const newer = { ...units, [tmux]: `${units[tmux]}# newer\n` }
  const plan = planInstall({ ...installed, program, shipped: newer }, secrets)
  expect(commands(plan)).toEqual(['systemctl daemon-reload', `systemctl restart ${service}`])
  expect(plan.notes).toEqual([expect.stringContaining('at the next boot')])
})

test('an upgrade that was cut off is taken up, also by a still newer version', () => {
  const newer = { ...units, [service]: `${units[service]}# newer\n` }
  const program = { ...installed.program, fingerprint: 'two' }
  const plan = planInstall({ ...installed, program, shipped: newer }, secrets)
  // The note of what is about to be written stands, and the file itself.
  const [note, file] = plan.steps
  if (note?.kind !== 'file' || file?.kind !== 'file') throw new Error('two files come first')
  const cutOff: InstallFacts = {
    ...installed,
    manifest: JSON.parse(note.text) as Manifest,
    files: new Map(installed.files).set(file.path, { kind: 'text', text: file.text }),
  }
  const newest = { ...units, [service]: `${units[service]}# newest\n` }
  expect(commands(planInstall({ ...cutOff, program, shipped: newest }, secrets))).toContain(
    `systemctl restart ${service}`,
  )
  expect(commands(planInstall({ ...cutOff, program, shipped: newer }, secrets))).toEqual([
    `systemctl restart ${service}`,
  ])
})

test('a file that install did not write, or that was changed since, is not replaced', () => {
  for (const standing of [
    { kind: 'text', text: 'of a person' },
    { kind: 'odd', what: 'a symbolic link' },
  ] as const) {
    for (const facts of [fresh, installed]) {
      const files = new Map<string, Standing>(facts.files).set(dropInPath(service), standing)
      expect(() => planInstall({ ...facts, files }, secrets)).toThrow(/not written, or changed since.*10-install\.conf/)
    }
  }
  const files = new Map<string, Standing>(fresh.files).set(commandPath, { kind: 'odd', what: 'a symbolic link' })
  const plan = planInstall({ ...fresh, files }, secrets)
  expect(plan.steps.some((step) => step.kind === 'file' && step.path === commandPath)).toBe(false)
})

test('what the units can not say is refused, with the field', () => {
  const refuse = (settings: Partial<InstallFacts['settings']>) => () =>
    planInstall({ ...fresh, settings: { ...fresh.settings, ...settings } }, secrets)
  expect(refuse({ host: 'devbox.example.com' })).toThrow(/can’t listen on devbox.example.com:8080; give an IP address/)
  expect(refuse({ port: 0 })).toThrow(/give a port in server\.port/)
  expect(refuse({ projects: '/home/dev/my projects' })).toThrow(/characters that can’t stand in a unit/)
  expect(refuse({ projects: '/home/dev/%h' })).toThrow(/characters/)
  expect(() => planInstall({ ...fresh, projects: 'closed' }, secrets)).toThrow(/dev can’t write/)
  const other = { kind: 'folder', uid: 7, gid: 7, mode: 0o755 } as const
  expect(() => planInstall({ ...fresh, folders: { ...fresh.folders, base: other } }, secrets)).toThrow(/another user/)
})

test('another address, another tmux server', () => {
  const moved = planInstall({ ...installed, settings: { ...installed.settings, host: '::', port: 9090 } }, secrets)
  expect(commands(moved)).toEqual([
    'systemctl daemon-reload',
    `systemctl stop ${service} ${socket}`,
    `systemctl start ${socket}`,
    `systemctl start ${service}`,
  ])
  expect(moved.steps.flatMap(formatStep)).toContain('    ListenStream=[::]:9090')
  const closed = { ...installed.units, [socket]: { ...off, enabled: 'enabled' } }
  expect(commands(planInstall({ ...installed, units: closed }, secrets))).toEqual([
    `systemctl stop ${service} ${socket}`,
    `systemctl start ${socket}`,
    `systemctl start ${service}`,
  ])
  const other = planInstall({ ...fresh, settings: { ...fresh.settings, socketName: 'work' } }, secrets)
  const dropIn = other.steps.find((step) => step.kind === 'file' && step.path === dropInPath(tmux))
  const text = dropIn?.kind === 'file' ? dropIn.text : ''
  expect(text).toContain('exec tmux -L work -D"')
  expect(text.match(/tmux -L work -N show-options/g)).toHaveLength(3)
  expect(text).not.toMatch(/tmux -[ND]/)
})

test('uninstall removes what is as install left it, and never a session', () => {
  const { manifest, files } = installed
  const facts = { manifest, files, units: installed.units, sessions: [] }
  const all = planUninstall(facts, false)
  expect(commands(all).slice(0, 2)).toEqual([
    `systemctl --quiet disable --now ${service} ${socket}`,
    `systemctl --quiet disable --now ${tmux}`,
  ])
  expect(all.steps.flatMap((step) => (step.kind === 'remove' ? [step.path] : [])).sort()).toEqual([...paths].sort())

  const withSession = planUninstall({ ...facts, sessions: ['shop-dev'] }, false)
  expect(commands(withSession)[1]).toBe(`systemctl --quiet disable ${tmux}`)
  expect(withSession.notes.join('\n')).toMatch(/1 session of dev go on: shop-dev/)
  expect(() => planUninstall({ ...facts, sessions: ['shop-dev'] }, true)).toThrow(/still run/)

  const edited = new Map<string, Standing>(files).set(dropInPath(service), { kind: 'text', text: 'mine' })
  const kept = planUninstall({ ...facts, files: edited }, false)
  expect(kept.steps.some((step) => step.kind === 'remove' && step.path === dropInPath(service))).toBe(false)
  expect(kept.notes[0]).toContain(dropInPath(service))
  expect(commands(planUninstall(facts, true)).slice(-3)).toEqual([
    'rm -rf --one-file-system -- /var/lib/dev-orchestrator',
    'groupdel devorch',
    'rm -rf --one-file-system -- /etc/dev-orchestrator',
  ])
})
