import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseLayout } from '../../src/layout/parse.js'
import { planPanes } from '../../src/session/panes.js'
import { Problem } from '../../src/support/problem.js'
import { chained, createSessionScript, sourced } from '../../src/tmux/script.js'

const place = { name: 'shop-dev', folder: '/projects/shop', jobId: 'job-1' }

function scriptOf(layout: unknown): readonly (readonly string[])[] | 'refused' {
  const parsed = parseLayout(stringify(layout))
  if (!parsed.ok) return 'refused'
  try {
    const planned = planPanes(parsed.layout, {
      sessionFolder: '/state/sessions/shop-dev',
      workingCopy: place.folder,
      variables: { HOME: '/home/dev', ODD: '#(id)\n;' },
      launch: { program: ['cat'], needs: 'cat', installHint: '', files: [], readyEvent: 'started', resumeAttempts: 0 },
      watch: { command: 'make' },
    })
    const script = createSessionScript({ ...place, ...planned.plan })
    expect(chained(script).length).toBeGreaterThan(0)
    expect(sourced(script).trimEnd()).not.toContain('\n')
    return script
  } catch (error) {
    if (error instanceof Problem) return 'refused'
    throw error
  }
}

test('whatever a layout says, tmux gets commands that it can take, or the layout is refused', () => {
  const odd = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom('a', '~/b', './c', '$HOME', "it's; x", '-x', 'a;') },
    fc.constantFrom(
      '#(id)',
      '~',
      '$HOME/x',
      '$ODD',
      '${ODD}',
      './..',
      ';',
      '',
      '-x',
      'a;',
      "it's",
      '\u0000',
      'a\nb',
      '😀',
    ),
    fc.string({ maxLength: 8 }),
  )
  const pane = fc.record(
    {
      role: fc.constantFrom('files', 'terminal', 'apps'),
      shell_command: fc.array(odd, { maxLength: 2 }),
      shell: odd,
      start_directory: odd,
      environment: fc.dictionary(fc.constantFrom('A', 'UID', 'PATH'), odd),
    },
    { requiredKeys: [] },
  )
  const options = fc.dictionary(fc.constantFrom('status-right', '@mine', 'main-pane-width'), odd)
  const window = fc.record(
    { window_name: odd, start_directory: odd, options, panes: fc.array(pane, { minLength: 1, maxLength: 3 }) },
    { requiredKeys: ['panes'] },
  )
  const windows = fc.array(window, { minLength: 1, maxLength: 3 })
  const layout = fc.record({ windows, options, start_directory: odd }, { requiredKeys: ['windows'] })
  let taken = 0
  expect(() => {
    fc.assert(
      fc.property(layout, (value) => {
        if (scriptOf(value) !== 'refused') taken += 1
      }),
      { numRuns: 300, seed: 7 },
    )
  }).not.toThrow()
  expect(taken).toBeGreaterThan(0)
})
