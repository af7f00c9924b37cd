import { readdir, readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Layout } from '../../src/layout/layout.js'
import { parseLayout } from '../../src/layout/parse.js'
import { formatFieldProblem } from '../../src/support/field-problem.js'

function layoutOf(text: string): Layout {
  const parsed = parseLayout(text)
  if (!parsed.ok) throw new Error(parsed.problems.map(formatFieldProblem).join('\n'))
  return parsed.layout
}

/** The panes of a layout with one window of these. */
function panesOf(panes: string): Layout['windows'][number]['panes'] {
  return layoutOf(`windows:\n- window_name: w\n  panes: ${panes}\n`).windows[0]?.panes ?? []
}

function refusals(text: string): string[] {
  const parsed = parseLayout(text)
  return parsed.ok ? [] : parsed.problems.map(formatFieldProblem)
}

test.each([
  ['vim', ['vim']],
  ['[vim, ls]', ['vim', 'ls']],
  ['{ shell_command: vim }', ['vim']],
  ['{ shell_command: [vim, { cmd: ls }] }', ['vim', 'ls']],
  ['null', []],
  ['pane', []],
  ['blank', []],
  ['""', []],
  ['[blank]', []],
  ['{ shell_command: }', []],
  ['{ shell_command: [null] }', []],
  ['{ focus: true }', []],
  ['{ shell_command: [a, null, b] }', ['a', 'b']],
])('the pane %s runs %j', (pane, lines) => {
  expect(panesOf(`[${pane}]`)).toMatchObject([{ lines, waiting: undefined }])
})

test('a window without panes has one, and a part of a file that is empty is as none', () => {
  const layout = layoutOf('session_name: x\nenvironment:\noptions:\nwindows:\n- window_name:\n  layout:\n')
  expect(layout.windows).toMatchObject([{ name: undefined, layout: undefined, panes: [{ lines: [] }] }])
  expect(layout.notes).toEqual([])
})

test('commands before come first, the session’s, then the window’s, then the pane’s own', () => {
  const layout = layoutOf(
    'shell_command_before: a\nwindows:\n- shell_command_before: [b]\n  panes:\n  - { shell_command_before: { shell_command: c }, shell_command: d }\n  - pane\n',
  )
  expect(layout.windows[0]?.panes.map((pane) => pane.lines)).toEqual([
    ['a', 'b', 'c', 'd'],
    ['a', 'b'],
  ])
})

test('what a command says of entering holds for those after it, and one that is not entered is continued', () => {
  const [pane] = panesOf(
    '[{ shell_command: [a, { cmd: b, enter: false }, { cmd: c, enter: true }, { cmd: d, enter: false }] }]',
  )
  expect(pane).toMatchObject({ lines: ['a', 'b c'], waiting: 'd' })
  const [slept] = panesOf('[{ sleep_before: 2, shell_command: [a, { cmd: b, sleep_after: 0.5 }, c] }]')
  expect(slept?.lines).toEqual(['sleep 2', 'a', 'sleep 2', 'b', 'sleep 0.5', 'sleep 2', 'c', 'sleep 0.5'])
})

test('another shell runs the lines, another program has none', () => {
  const layout = layoutOf(
    'windows:\n- window_shell: /usr/bin/python3\n  panes:\n  - { shell: /bin/zsh, shell_command: ls }\n  - print(1)\n',
  )
  expect(layout.windows[0]?.panes).toMatchObject([
    { shell: '/bin/zsh', program: undefined, lines: ['ls'] },
    { shell: undefined, program: '/usr/bin/python3', lines: [] },
  ])
  expect(layout.notes).toEqual(['commands for /usr/bin/python3 are not typed into it: it is no shell'])
})

test('options have the values that tmux takes, and go where they belong', () => {
  const layout = layoutOf(
    [
      'global_options: { default-shell: /bin/sh, escape-time: 0, main-pane-height: 7 }',
      'options: { mouse: true, main-pane-width: 9, status-right: "", message-style: }',
      'windows:',
      '- options: { synchronize-panes: false, monitor-silence: 3 }',
      '  options_after: { automatic-rename: on }',
    ].join('\n'),
  )
  expect(layout.options).toEqual([
    ['default-shell', '/bin/sh'],
    ['mouse', 'on'],
    ['status-right', ''],
  ])
  expect(layout.windows[0]).toMatchObject({
    options: [
      ['main-pane-height', '7'],
      ['synchronize-panes', 'off'],
      ['monitor-silence', '3'],
    ],
    optionsAfter: [['automatic-rename', 'on']],
  })
  expect(layout.notes).toEqual([
    'options.main-pane-width is no option of a session; put it under the options of windows',
    'global_options.escape-time would change every session of the server and is not set',
  ])
})

test('what only tmuxp does, and what nobody knows, is passed over with a word', () => {
  const { notes } = layoutOf(
    'before_script: ./run.sh\nplugins: [x]\nwindows:\n- window_nam: a\n  panes:\n  - { shell_comand: ls }\n  - { shell_command: [{ cmd: a, entr: false }] }\n',
  )
  expect(notes).toEqual([
    'before_script is not run: a layout opens panes and nothing else',
    'plugins are programs of tmuxp’s own and are not loaded',
    'windows.0.window_nam is not known and passed over; did you mean window_name?',
    'windows.0.panes.0.shell_comand is not known and passed over; did you mean shell_command?',
    'windows.0.panes.1.shell_command.entr is not known and passed over; did you mean enter?',
  ])
})

test('merge keys and what tmuxp’s freeze writes are understood', () => {
  const layout = layoutOf(
    [
      'base: &base { start_directory: /srv, shell_command: ls }',
      'windows:',
      "- window_name: w\n  focus: 'true'\n  layout: 9d53,220x50,0,0{109x50,0,0,0,110x50,110,0[110x16,110,0,1,110x16,110,17,2,110x16,110,34,3]}",
      '  panes:\n  - { <<: *base, focus: "true" }\n  - { <<: *base, shell_command: top }\n',
    ].join('\n'),
  )
  expect(layout.windows).toMatchObject([
    { focus: true, panes: [{ focus: true, startDirectory: '/srv', lines: ['ls'] }, { lines: ['top'] }] },
  ])
})

describe('what can’t be is refused, with its line and field', () => {
  test.each([
    ['', 'must be a group of fields; write windows:'],
    ['- a', 'must be a group of fields'],
    ['session_name: x', 'windows: must be a list'],
    ['windows: []', 'line 1, column 1: windows: is an empty list; add a window'],
    ['windows:\n- panes: []', 'line 2, column 3: windows.0.panes: is an empty list'],
    ['windows:\n- x', 'line 2, column 3: windows.0: must be a group of fields'],
    ['windows:\n- panes:\n  - 7', 'line 3, column 5: windows.0.panes.0.shell_command.0: must be a command'],
    [
      'windows:\n- layout: tield',
      'line 2, column 3: windows.0.layout: "tield" does not fit a window of one pane; did you mean tiled?',
    ],
    ['windows:\n- layout: 9d54,220x50,0,0{109x50,0,0,0,110x50,110,0,1}', 'windows.0.layout'],
    [
      'windows:\n- window_name: a\n  panes:\n  - role: agnet',
      'line 4, column 5: windows.0.panes.0.role: is no role; use agent',
    ],
    [
      'windows:\n- panes: [{ role: agent }, { role: agent }]',
      'windows.0.panes.1.role: agent is another pane’s already',
    ],
    [
      'windows:\n- panes: [{ role: agent, shell_command: ls }]',
      'windows.0.panes.0.shell_command: can’t stand beside role: agent',
    ],
    ['windows:\n- { window_index: 1 }\n- { window_index: 1 }', 'windows.1.window_index: 1 is another window’s already'],
    ['windows:\n- start_directory: "/#(id)"', 'windows.0.start_directory: contains a #'],
    ['windows:\n- window_name: "a\\nb"', 'windows.0.window_name: contains a control character'],
    ['windows:\n- options: { "@devorch_job": x }', 'windows.0.options.@devorch_job'],
    ['windows:\n- options: { "-g": x }', 'windows.0.options.-g'],
    ['windows:\n- options: { status-right: "a\\nb" }', 'windows.0.options.status-right: contains a control character'],
    ['windows:\n- environment: { A-B: x }', 'windows.0.environment.A-B'],
    ['windows:\n- panes: [{ sleep_before: 99999 }]', 'windows.0.panes.0.sleep_before: is more than an hour'],
    ['windows: [', 'is not valid YAML'],
  ])('%j', (text, message) => {
    expect(refusals(text).join('\n')).toContain(message)
  })
})

test('any layout is parsed, or refused with a field and a remedy', () => {
  const word = fc.oneof(
    fc.constantFrom(
      'windows',
      'panes',
      'shell_command',
      'options',
      'environment',
      'role',
      'agent',
      'pane',
      'tiled',
      '~',
      '<<',
    ),
    fc.string({ maxLength: 12 }),
  )
  const scalar = fc.oneof(word, fc.boolean(), fc.integer(), fc.constant(null))
  const { any } = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(word, tie('any'), { maxKeys: 4 }),
    ),
  }))
  const keyed = (keys: readonly string[]) => fc.dictionary(fc.constantFrom(...keys), any, { maxKeys: 5 })
  const pane = fc.oneof(
    any,
    keyed(['role', 'shell_command', 'shell', 'enter', 'focus', 'environment', 'sleep_before', 'start_directory']),
  )
  const window = fc
    .tuple(
      keyed(['window_name', 'layout', 'options', 'window_index', 'window_shell', 'focus', 'shell_command_before']),
      fc.array(pane, { maxLength: 3 }),
    )
    .map(([fields, panes]) => ({ ...fields, panes }))
  const layout = fc
    .tuple(
      keyed(['session_name', 'options', 'global_options', 'environment', 'before_script']),
      fc.array(fc.oneof(window, any), { maxLength: 3 }),
    )
    .map(([fields, windows]) => ({ ...fields, windows }))
  const isSaid = fc.property(layout, (value) => {
    const parsed = parseLayout(stringify(value))
    if (parsed.ok) return parsed.layout.windows.length > 0
    const { problems } = parsed
    return (
      problems.length > 0 && problems.every((one) => one.line !== undefined && one.message !== '' && one.remedy !== '')
    )
  })
  expect(() => {
    fc.assert(isSaid, { numRuns: 300 })
  }).not.toThrow()
})

test('every shipped layout and every example of tmuxp’s is sound', async () => {
  for (const folder of ['../../layouts/', 'examples/']) {
    const path = new URL(folder, import.meta.url).pathname
    for (const name of (await readdir(path)).filter((one) => /\.(?:yaml|json)$/.test(one))) {
      expect(refusals(await readFile(`${path}${name}`, 'utf8')), name).toEqual([])
    }
  }
})
