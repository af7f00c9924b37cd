import { expect, test } from 'vitest'
import { formatPanes, settledPanes } from '../../../src/commands/demo/panes.js'

test('panes are cut in both directions, blank lines folded, control characters shown', () => {
  const text = ['', '', 'one', '', '', 'a long line that does not fit', '\u001b[31mred', 'four', 'five', '', ''].join(
    '\n',
  )
  expect(formatPanes([{ role: 'agent', command: 'sh', text }], { lines: 4, width: 20 })).toEqual([
    '── agent ───────────',
    'one',
    '',
    'a long line that do…',
    '\\u001b[31mred',
    '… (2 more lines)',
    '',
  ])
})

test('an empty pane is its name alone', () => {
  expect(formatPanes([{ role: 'apps', command: 'sh', text: '\n\n' }], { lines: 4, width: 12 })).toEqual([
    '── apps ────',
    '',
  ])
})

test('panes are read until each shows something and none changes any more', async () => {
  const screens: Record<string, string[]> = { '%1': ['', 'a', 'ab', 'ab'], '%2': ['', '', '$', '$'] }
  const panes = Object.keys(screens).map((id) => ({ id, role: 'terminal', command: 'sh' }))
  const tmux = { capturePane: (id: string) => Promise.resolve(screens[id]?.shift() ?? 'asked too often') }
  const shown = await settledPanes(panes, tmux, new AbortController().signal)
  expect(shown.map(({ text }) => text)).toEqual(['ab', '$'])
})
