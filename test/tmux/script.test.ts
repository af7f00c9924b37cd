import { describe, expect, test } from 'vitest'
import { chained, createSessionScript, sourced, type TmuxPlan } from '../../src/tmux/script.js'
import { oneWindow } from './window.js'

const place = { name: 'shop-dev', folder: '/home/dev/projects/shop', jobId: 'job-1' }

const four: TmuxPlan = {
  ...place,
  ...oneWindow([
    { role: 'agent', command: ['/bin/sh', 'pane.sh', 'agent'] },
    { role: 'terminal', command: ['/bin/sh', 'pane.sh', 'terminal'] },
    { role: 'files', command: ['/bin/sh', 'pane.sh', 'files'] },
    { role: 'apps', command: ['/bin/sh', 'pane.sh', 'apps'] },
  ]),
}

const ids = '#{session_id} #{window_id} #{pane_id} #{session_name}'
const printed = ['-P', '-F', ids]
const target = '=shop-dev:'
const cat = { role: null, command: ['sh', 'cat'] } as const
const plain = { name: 'w', layout: undefined, options: [], optionsAfter: [], focus: undefined, panes: [cat] }

describe('createSessionScript', () => {
  test('makes four panes in one chain, every part with its own target', () => {
    const first = ['-P', '-F', `${ids} #{pid} #{start_time} #{exit-empty}`]
    const role = (name: string) => ['set-option', '-p', '-t', target, '@devorch_role', name]
    const split = ['split-window', ...printed, '-t', target]
    const program = ['-c', '/home/dev/projects/shop', '--', '/bin/sh', 'pane.sh']
    const size = ['-x', '220', '-y', '50']
    const mark = ['-e', 'DEVORCH_JOB=job-1']
    expect(createSessionScript(four)).toEqual([
      ['new-session', '-d', ...first, '-s', 'shop-dev', ...size, ...mark, '-n', 'dev', ...program, 'agent'],
      ['set-option', '-t', target, '@devorch_job', 'job-1'],
      role('agent'),
      ['set-option', '-w', '-t', target, 'main-pane-width', '109'],
      [...split, ...program, 'terminal'],
      role('terminal'),
      [...split, ...program, 'files'],
      role('files'),
      [...split, ...program, 'apps'],
      role('apps'),
      ['select-layout', '-t', target, 'main-vertical'],
      ['select-pane', '-t', '=shop-dev:.-3'],
    ])
  })

  test('makes further windows, each in its place, and goes back to the one that is to be current', () => {
    const plan: TmuxPlan = {
      ...place,
      options: [['status', 'off']],
      windows: [plain, { ...plain, name: undefined, index: 5, optionsAfter: [['synchronize-panes', 'on']] }],
      focus: 0,
    }
    expect(createSessionScript(plan).slice(1)).toEqual([
      ['set-option', '-t', target, '@devorch_job', 'job-1'],
      ['set-option', '-t', target, 'status', 'off'],
      ['set-option', '-w', '-t', target, '@devorch_focus', '1'],
      ['new-window', ...printed, '-t', '=shop-dev:5', '-c', '/home/dev/projects/shop', '--', 'sh', 'cat'],
      ['set-option', '-w', '-t', target, 'synchronize-panes', 'on'],
      ['if-shell', '-F', '-t', target, '#{?@devorch_focus,0,1}', 'next-window -t =shop-dev:'],
      ['set-option', '-w', '-u', '-t', target, '@devorch_focus'],
    ])
  })

  test('keeps the name of a window from being expanded', () => {
    const script = createSessionScript({ ...place, ...oneWindow([cat], { name: '#(id) #S' }) })
    expect(script[0]).toContain('##(id) ##S')
  })

  test('lets the value of an option be empty', () => {
    const script = createSessionScript({ ...place, ...oneWindow([cat]), options: [['status-right', '']] })
    expect(script).toContainEqual(['set-option', '-t', target, 'status-right', ''])
  })

  test.each([
    ['a name that tmux would expand', { name: '#(touch /tmp/x)-dev' }],
    ['a name that tmux would change', { name: 'a.b-dev' }],
    ['an empty name', { name: '' }],
    ['a folder that tmux would expand', { folder: '/home/#(touch x)' }],
    ['a relative folder', { folder: 'projects/shop' }],
    ['a pane’s folder that tmux would expand', oneWindow([{ ...cat, folder: '/#S' }])],
    ['no windows', { windows: [] }],
    ['no panes', oneWindow([])],
    ['an empty argument, which crashes tmux 3.3a', oneWindow([{ role: 'agent', command: ['sh', ''] }])],
    ['an empty layout', oneWindow([cat, cat], { layout: '' })],
    ['an option that is none', { options: [['-g', 'x']] }],
    ['a value of two lines', { options: [['status-right', 'a\nkill-server']] }],
    ['a name of two lines', oneWindow([cat], { name: 'a\nkill-server' })],
  ] as [string, Partial<TmuxPlan>][])('refuses %s', (_, wrong) => {
    expect(() => createSessionScript({ ...four, ...wrong })).toThrow(RangeError)
  })
})

test('a chain keeps an argument that ends in a semicolon from ending its command', () => {
  expect(chained([['a', 'x;'], ['b']])).toEqual(['a', 'x\\;', ';', 'b'])
})

test('as a source everything is in one line, and in quotes', () => {
  expect(sourced([['a', "it's; $HOME ~ #{x} \\"], ['b']])).toBe(`'a' 'it'\\''s; $HOME ~ #{x} \\' ; 'b'\n`)
})
