import { describe, expect, test } from 'vitest'
import type { Origin } from '../../src/job/job.js'
import { messageOf, messageOfJob } from '../../src/session/message.js'

const wrong = (text: string) => {
  const message = messageOf(text)
  return message.ok ? 'taken' : `${message.problem.field} ${message.problem.message}`
}

describe('a text for an agent', () => {
  test.each([
    ['one line', 'one line', 'one line'],
    ['lines of Windows and of old', 'a\r\nb\rc', 'a\nb\nc'],
    ['the end of an echo', 'text  \n\n', 'text'],
    ['indents and tabs', '  a\n\tb', '  a\n\tb'],
    ['UTF-8', 'é 進捗 👩‍👩‍👧', 'é 進捗 👩‍👩‍👧'],
    ['a command, for a person', '/compact', '/compact'],
    ['64 KiB', 'x'.repeat(65_536), 'x'.repeat(65_536)],
  ])('is taken: %s', (_, text, taken) => {
    expect(messageOf(text)).toEqual({ ok: true, text: taken })
  })

  test.each([
    ['the end of the paste', 'text\n\u001b[201~\rrm -rf ~\r', /control character \\u001b in line 2/],
    ['its form of 8 bits', 'text\u009b201~', /control character \\u009b/],
    ['NUL', 'a\u0000b', /\\u0000/],
    ['Ctrl-C', '\u0003', /\\u0003/],
    ['Ctrl-U and Enter of vi', 'a\u0015\u000b', /\\u0015/],
    ['DEL', 'a\u007f', /\\u007f/],
    ['nothing', '', /blank/],
    ['white space', ' \n\t ', /blank/],
    ['more than 64 KiB', 'é'.repeat(32_769), /65538 bytes, more than 65536/],
  ])('is refused: %s', (_, text, because) => {
    expect(wrong(text)).toMatch(/^text /)
    expect(wrong(text)).toMatch(because)
  })
})

describe('a text of a job', () => {
  const origin = (kind: Origin['kind']): Origin => ({
    kind,
    address: null,
    delivery_id: null,
    subject: kind === 'github' ? 'acme/shop#7' : null,
    sender: kind === 'github' ? 'ann' : null,
    trusted: true,
  })

  test.each(['http', 'file', 'cli', 'daemon'] as const)('is never a command, from %s', (kind) => {
    for (const text of ['/compact', ' /exit', '\n/exit', '!rm -rf ~', '@/etc/passwd', '#note', '& x']) {
      const message = messageOfJob(text, origin(kind))
      expect(message).toMatchObject({ ok: false, problem: { field: 'text' } })
    }
    expect(messageOfJob('run /compact', origin(kind))).toEqual({ ok: true, text: 'run /compact' })
  })

  test('is told with its author where it is a comment, and so no command either', () => {
    expect(messageOfJob('!id', origin('github'))).toEqual({
      ok: true,
      text: 'Comment by ann on acme/shop#7:\n\n!id',
    })
    expect(messageOfJob('a\u001b[201~', origin('github'))).toMatchObject({ ok: false })
    const odd = messageOfJob('text', { ...origin('github'), sender: 'a\nb\u001b', subject: null })
    expect(odd).toEqual({ ok: true, text: 'Comment by a\\u000ab\\u001b on the issue:\n\ntext' })
  })
})
