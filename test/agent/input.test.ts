import { describe, expect, test } from 'vitest'
import { inputBox, isInputCommand, submittable } from '../../src/agent/input.js'

const rule = `\u001b[38;5;244m${'─'.repeat(40)}`
const footer = "\u001b[39m  \u001b[38;5;211m⏵⏵ don't ask on\u001b[38;5;246m (shift+tab to cycle)\u001b[39m"
const screen = (...content: readonly string[]) => ['● one', '', rule, ...content, rule, footer].join('\n')

/** As Claude Code 2.1.330 showed them. */
describe('the input box', () => {
  test.each([
    ['at rest', screen('\u001b[39m❯ \u001b[7m '), 'empty'],
    ['cleared', screen('\u001b[39m❯ \u001b[7m \u001b[0m\u001b[39m\u001b[49m'), 'empty'],
    ['with a proposal', screen('\u001b[39m❯ \u001b[7mT\u001b[0m\u001b[2mry "fix the tests"\u001b[0m'), 'empty'],
    ['with a draft', screen('\u001b[39m❯ a draft\u001b[7m '), 'text'],
    ['with one letter', screen('\u001b[39m❯ a\u001b[7m '), 'text'],
    ['with a paste', screen('❯ [Pasted text #1 +4 lines]\u001b[7m '), 'text'],
    ['with lines', screen('❯ ', '  second'), 'text'],
    ['for the shell', screen('! \u001b[7m\u001b[39m \u001b[0m'), 'shell'],
    [
      'behind a menu',
      ['▔▔▔▔', '  Select model', '  ❯ 1. Default', '    2. Opus', '  Esc to cancel'].join('\n'),
      'none',
    ],
    ['in the transcript', `❯ hello\n\n${rule}\n  Showing detailed transcript`, 'none'],
    ['that the agent only printed', `${screen('❯ ')}\n1\n2\n3\n4\n5\n Do you want to proceed?\n ❯ 1. Yes`, 'none'],
    ['of nothing', '', 'none'],
    ['of two rules', `${rule}\n${rule}`, 'none'],
    ['of other words between rules', screen('some text'), 'none'],
  ])('%s', (_, text, box) => {
    expect(inputBox(text)).toBe(box)
  })
})

test('what the input takes for a command is known, also behind white space', () => {
  const commands = ['/compact', ' /compact', '!id', '@file', '#note', '&x']
  expect(commands.filter((text) => !isInputCommand(text))).toEqual([])
  expect(['run /compact', '1. do', 'a', '?'].filter(isInputCommand)).toEqual([])
})

test('a backslash at the end does not take the Enter', () => {
  expect([submittable('C:\\'), submittable('C:\\x'), submittable('a')]).toEqual(['C:\\ ', 'C:\\x', 'a'])
})
