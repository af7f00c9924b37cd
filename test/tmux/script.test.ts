import { describe, expect, test } from 'vitest'
import { createSessionScript, type TmuxPlan } from '../../src/tmux/script.js'

const four: TmuxPlan = {
  name: 'shop-dev',
  folder: '/home/dev/projects/shop',
  jobId: 'job-1',
  panes: [
    { role: 'agent', command: ['/bin/sh', 'pane.sh', 'agent'] },
    { role: 'terminal', command: ['/bin/sh', 'pane.sh', 'terminal'] },
    { role: 'files', command: ['/bin/sh', 'pane.sh', 'files'] },
    { role: 'apps', command: ['/bin/sh', 'pane.sh', 'apps'] },
  ],
}

describe('createSessionScript', () => {
  test('makes four panes in one chain, every part with its own target', () => {
    const ids = '#{session_id} #{window_id} #{pane_id} #{session_name}'
    const printed = ['-P', '-F', ids]
    const first = ['-P', '-F', `${ids} #{pid} #{start_time} #{exit-empty}`]
    const role = (name: string) => ['set-option', '-p', '-t', '=shop-dev:', '@devorch_role', name]
    const split = (...how: string[]) => ['split-window', ...how, ...printed, '-t', '=shop-dev:']
    const folder = ['-c', '/home/dev/projects/shop', '--', '/bin/sh', 'pane.sh']
    expect(createSessionScript(four)).toEqual([
      ...['new-session', '-d', ...first, '-s', 'shop-dev', '-n', 'dev', '-x', '220', '-y', '50'],
      ...['-e', 'DEVORCH_JOB=job-1', ...folder, 'agent'],
      ...[';', 'set-option', '-t', '=shop-dev:', '@devorch_job', 'job-1'],
      ...[';', ...role('agent')],
      ...[';', ...split('-h', '-l', '50%'), ...folder, 'terminal'],
      ...[';', ...role('terminal')],
      ...[';', ...split('-v', '-l', '67%'), ...folder, 'files'],
      ...[';', ...role('files')],
      ...[';', ...split('-v', '-l', '50%'), ...folder, 'apps'],
      ...[';', ...role('apps')],
      ...[';', 'select-pane', '-t', '=shop-dev:.{left}'],
    ])
  })

  test('keeps an argument that ends in a semicolon from ending the command', () => {
    const script = createSessionScript({ ...four, panes: [{ role: 'agent', command: ['sh', 'x;'] }] })
    expect(script).toContain('x\\;')
    expect(script).not.toContain('x;')
  })

  test.each([
    ['a name that tmux would expand', { name: '#(touch /tmp/x)-dev' }],
    ['a name that tmux would change', { name: 'a.b-dev' }],
    ['an empty name', { name: '' }],
    ['a folder that tmux would expand', { folder: '/home/#(touch x)' }],
    ['a relative folder', { folder: 'projects/shop' }],
    ['no panes', { panes: [] }],
    ['an empty argument, which crashes tmux 3.3a', { panes: [{ role: 'agent', command: ['sh', ''] }] }],
  ] as const)('refuses %s', (_, wrong) => {
    expect(() => createSessionScript({ ...four, ...wrong })).toThrow(RangeError)
  })
})
