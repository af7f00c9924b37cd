import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import { restartSession } from '../../src/session/restart.js'
import { run } from '../../src/support/process.js'
import { startLab, type Lab } from './lab.js'

function shopDev(): SessionName {
  const name = parseSessionName('shop-dev')
  if (name === undefined) throw new Error('no name')
  return name
}

const restart = (lab: Lab) => restartSession(shopDev(), lab.workshop.tools, new AbortController().signal)

/** Puts a layout into the home. */
async function addLayout(lab: Lab, name: string, text: string): Promise<string> {
  const { layouts } = lab.workshop.home
  await mkdir(layouts, { recursive: true })
  const file = join(layouts, `${name}.yaml`)
  await writeFile(file, text)
  return file
}

async function windowsOf(lab: Lab): Promise<string[]> {
  const format = '#{window_index}:#{window_name}:#{window_panes}:#{window_active}'
  return (await lab.tmux.tmux('list-windows', '-t', '=shop-dev', '-F', format)).trim().split('\n')
}

/** Waits up to 20 s for a pane to show it. */
async function shows(lab: Lab, target: string, pattern: RegExp): Promise<string> {
  let screen = ''
  await expect.poll(async () => (screen = await lab.tmux.capture(target)), { timeout: 20_000 }).toMatch(pattern)
  return screen
}

const twoWindows =
  'windows:\n- window_name: edit\n  panes: [{ role: agent }, { role: terminal }]\n- window_name: logs\n  focus: true\n'

test('the default layout is the four panes', async () => {
  const lab = await startLab()
  expect(await lab.build()).toMatchObject({ layout: { name: 'default' } })
  const shown = '#{window_name} #{window_layout} #{pane_index}'
  expect((await lab.tmux.tmux('display-message', '-p', '-t', '=shop-dev:', shown)).trim()).toBe(
    'dev 9d53,220x50,0,0{109x50,0,0,0,110x50,110,0[110x16,110,0,1,110x16,110,17,2,110x16,110,34,3]} 0',
  )
  const roles = await lab.tmux.tmux('list-panes', '-t', '=shop-dev:', '-F', '#{@devorch_role}')
  expect(roles.trim().split('\n')).toEqual(['agent', 'terminal', 'files', 'apps'])
})

describe('a layout', () => {
  test('of the home is taken by its name, before the shipped one of that name', async () => {
    const lab = await startLab()
    await addLayout(lab, 'default', twoWindows)
    expect(await lab.build()).toMatchObject({ layout: { name: 'default' } })
    expect(await windowsOf(lab)).toEqual(['0:edit:2:0', '1:logs:1:1'])
  })

  test('without a pane for the agent gets a window for it, behind its own and in front of the person', async () => {
    const lab = await startLab()
    await addLayout(lab, 'wide', 'windows:\n- { window_name: a, window_index: 3 }\n- { window_name: b }\n')
    expect(await lab.build({ layout: 'wide' })).toMatchObject({ agent: { event: 'started' } })
    expect(await windowsOf(lab)).toEqual(['0:b:1:0', '1:agent:1:1', '3:a:1:0'])
  })

  test('comes back with a restart, and where it is gone the default one does', async () => {
    const lab = await startLab()
    const file = await addLayout(lab, 'wide', twoWindows)
    await lab.build({ layout: 'wide' })
    await restart(lab)
    expect(await windowsOf(lab)).toEqual(['0:edit:2:0', '1:logs:1:1'])
    await writeFile(file, 'windows: 7')
    await restart(lab)
    expect(await windowsOf(lab)).toEqual(['0:dev:4:1'])
    await rm(file)
    await addLayout(lab, 'default', 'windows: 7')
    expect(await restart(lab)).toMatchObject({ status: 'restarted' })
    expect(await windowsOf(lab)).toEqual(['0:dev:4:1'])
    expect(await lab.workshop.tools.registry.read(shopDev())).toMatchObject({ layout: 'wide' })
  })

  test('is read anew for each session: a file that was edited counts from the next one on', async () => {
    const lab = await startLab()
    const file = await addLayout(lab, 'wide', twoWindows)
    await lab.build({ layout: 'wide', project_name: 'before' })
    await writeFile(file, twoWindows.replace('logs', 'LOGS'))
    await lab.build({ layout: 'wide' })
    expect(await windowsOf(lab)).toEqual(['0:edit:2:0', '1:LOGS:1:1'])
  })

  test('that is unknown or broken makes the job fail before anything stands, with the reason', async () => {
    const lab = await startLab()
    await addLayout(lab, 'wide', 'windows:\n- panes: 7\n')
    await expect(lab.build({ layout: 'wider' })).rejects.toThrow(/no layout is called "wider"; use wide/)
    await expect(lab.build({ layout: '../layouts/wide' })).rejects.toThrow(/no layout is called/)
    await expect(lab.build({ layout: 'wide' })).rejects.toMatchObject({
      field: 'layout',
      because: expect.stringMatching(/wide\.yaml: line 2, column 3: windows\.0\.panes: must be a list/) as string,
    })
    await expect(lab.tmux.tmux('list-sessions')).rejects.toThrow()
    await expect(readFile(join(lab.folder, 'projects', 'shop', 'README.md'))).rejects.toThrow()
  })

  test('that tmux can’t make fails with tmux’s word, and leaves nothing', async () => {
    const lab = await startLab()
    await addLayout(lab, 'wide', 'windows:\n- options: { no-such-option: x }\n')
    await expect(lab.build({ layout: 'wide' })).rejects.toThrow(/invalid option: no-such-option/)
    await expect(lab.tmux.tmux('list-sessions')).rejects.toThrow()
  })

  test('of many panes is made in one call all the same', async () => {
    const lab = await startLab()
    const panes = Array.from({ length: 12 }, (_, at) => `  - echo pane-${at.toString()}`).join('\n')
    const windows = Array.from(
      { length: 6 },
      (_, at) => `- window_name: "it's; #S ${at.toString()}"\n  layout: tiled\n  panes:\n${panes}`,
    )
    await addLayout(lab, 'wide', `windows:\n${windows.join('\n')}\n`)
    await lab.build({ layout: 'wide' })
    const made = await windowsOf(lab)
    expect(made).toHaveLength(7)
    expect(made[5]).toBe("5:it's; #S 5:12:0")
    await shows(lab, '=shop-dev:5.11', /^pane-11$/m)
  }, 60_000)

  test('gives its variables to its panes, and to no argument', async () => {
    const lab = await startLab({}, { SHELL: '/bin/sh', PS1: '$ ' })
    const text = [
      'environment: { WHO: all, WHERE: ./sub }',
      'windows:',
      '- environment: { WHO: window }',
      "  panes: ['echo =$WHO=$WHERE=', { environment: { WHO: very-own }, shell_command: 'echo =$WHO=$WHERE=' }]",
      "- panes: ['echo =$WHO=$WHERE=']",
    ]
    await addLayout(lab, 'wide', text.join('\n'))
    await lab.build({ layout: 'wide' })
    const sub = join(lab.folder, 'projects', 'shop', 'sub')
    const flat = (screen: string) => screen.replaceAll('\n', '')
    expect(flat(await shows(lab, '=shop-dev:0.0', /=.*=/s))).toContain(`=window=${sub}=`)
    expect(flat(await shows(lab, '=shop-dev:0.1', /=.*=/s))).toContain(`=very-own=${sub}=`)
    expect(flat(await shows(lab, '=shop-dev:1.0', /=.*=/s))).toContain(`=all=${sub}=`)
    const { stdout } = await run('ps', ['-e', '-ww', '-o', 'args='], {
      timeoutMs: 5000,
      env: { PATH: '/usr/bin:/bin' },
    })
    expect(stdout).not.toContain('very-own')
    expect(await lab.tmux.tmux('show-environment', '-t', '=shop-dev')).not.toContain('very-own')
  })
})

describe('what a template has watched', () => {
  const manifest = [
    'watch:',
    '  prepare: echo prepared-$((40+2))',
    '  command: echo "watching in $PWD"; sleep 1000',
    'layout: wide',
  ].join('\n')

  /** A lab whose home has a template of its own, and no layout `wide`. */
  async function labWithTemplate(settings: Record<string, unknown> = {}): Promise<Lab> {
    const lab = await startLab({ watch: 'own', ...settings }, { SHELL: '/bin/sh' })
    const folder = join(lab.workshop.home.templates, 'mine')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'template.yaml'), manifest)
    await writeFile(join(folder, 'Makefile'), 'all:\n')
    return lab
  }

  const watchOf = async (lab: Lab) => (await lab.workshop.tools.registry.read(shopDev()))?.watch
  const fromEmpty = (lab: Lab) => lab.build({ repo_url: lab.emptyRepository, template_hint: 'mine' })

  test('runs in the pane apps of a new project, and again after a restart', async () => {
    const lab = await labWithTemplate()
    expect(await fromEmpty(lab)).toMatchObject({ template: { id: 'mine' } })
    await shows(lab, '=shop-dev:.3', /\$ echo prepared[^]*prepared-42[^]*watching in .*projects\/shop/)
    await rm(join(lab.workshop.home.templates, 'mine'), { recursive: true })
    await restart(lab)
    await shows(lab, '=shop-dev:.3', /prepared-42[^]*watching in/)
  })

  test('is shown with its exit code when it ends, and a key starts it again', async () => {
    const lab = await labWithTemplate()
    await fromEmpty(lab)
    await shows(lab, '=shop-dev:.3', /watching in/)
    await lab.tmux.tmux('send-keys', '-t', '=shop-dev:.3', 'C-c')
    await shows(lab, '=shop-dev:.3', /ended with exit code 130\s+r: start it again/)
    await lab.tmux.tmux('send-keys', '-t', '=shop-dev:.3', 'r')
    expect(await shows(lab, '=shop-dev:.3', /code 130[^]*watching in/)).toContain('prepared-42')
  })

  test('does not go on where its preparation fails', async () => {
    const lab = await labWithTemplate()
    const file = join(lab.workshop.home.templates, 'mine', 'template.yaml')
    await writeFile(file, "watch: { prepare: '(exit 4)', command: echo never-$((40+2)) }")
    await fromEmpty(lab)
    expect(await shows(lab, '=shop-dev:.3', /exit code 4/)).not.toContain('never-42')
  })

  test('is not run where the repository brought anything, also where a hint names the template', async () => {
    const lab = await labWithTemplate()
    expect(await lab.build({ template_hint: 'mine' })).toMatchObject({
      template: { id: 'mine', created: ['Makefile'] },
    })
    expect(await watchOf(lab)).toBeUndefined()
    await expect(readFile(join(lab.workshop.home.sessions, 'shop-dev', 'watch.sh'))).rejects.toThrow()
  })

  test('is not run for a working copy that stood before', async () => {
    const lab = await labWithTemplate()
    await fromEmpty(lab)
    await lab.tmux.tmux('kill-server')
    expect(await fromEmpty(lab)).toMatchObject({ reused: true })
    expect(await watchOf(lab)).toBeUndefined()
  })

  test.each([
    ['own', true, false],
    ['own', false, true],
    ['any', true, true],
    ['off', false, false],
  ])('with watch: %s, of a template that was added from outside (%s): %s', async (setting, isAdded, expected) => {
    const lab = await labWithTemplate({ watch: setting })
    const source = join(lab.workshop.home.templates, 'mine', '.devorch-source.yaml')
    if (isAdded) await writeFile(source, 'source: npm:evil\n')
    await fromEmpty(lab)
    expect((await watchOf(lab)) !== undefined).toBe(expected)
  })

  test('has nothing of a job in it', async () => {
    const lab = await labWithTemplate()
    const summary = '$(touch canary)'
    await lab.build({ repo_url: lab.emptyRepository, template_hint: 'mine', requirements_summary: summary })
    expect(await readFile(join(lab.workshop.home.sessions, 'shop-dev', 'watch.sh'), 'utf8')).not.toContain('canary')
  })

  test('and the layout that a template names stand between the job’s and the configuration’s', async () => {
    const lab = await labWithTemplate()
    expect(await fromEmpty(lab)).toMatchObject({
      layout: {
        name: 'default',
        notes: [expect.stringMatching(/template's layout wide was not used: there is no such layout/)],
      },
    })
    const other = await labWithTemplate()
    await addLayout(other, 'wide', twoWindows)
    await addLayout(other, 'third', 'windows: [{ window_name: third, panes: [{ role: agent }] }]')
    expect(await fromEmpty(other)).toMatchObject({ layout: { name: 'wide' } })
    const more = { project_name: 'more', layout: 'third', repo_url: other.emptyRepository, template_hint: 'mine' }
    expect(await other.build(more)).toMatchObject({ layout: { name: 'third' } })
  })
})

test('tmuxp’s own file with an interpreter that is missing still stands, and says so', async () => {
  const lab = await startLab({}, { SHELL: '/bin/sh' })
  await mkdir(lab.workshop.home.layouts)
  const example = new URL('../layout/examples/pane-shell.yaml', import.meta.url).pathname
  await copyFile(example, join(lab.workshop.home.layouts, 'tools.yaml'))
  expect(await lab.build({ layout: 'tools' })).toMatchObject({
    layout: { notes: expect.arrayContaining([expect.stringContaining('/usr/bin/python3 are not typed')]) as unknown },
  })
  expect(await windowsOf(lab)).toEqual(['0:first:4:0', '1:agent:1:1'])
  await shows(lab, '=shop-dev:0.2', /exit code 127/)
})
