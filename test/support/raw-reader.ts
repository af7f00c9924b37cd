import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A program that keeps every byte it is given, as it came: the terminal raw, pastes bracketed as Claude Code has them. */
export interface RawReader {
  /** For a pane. */
  readonly command: readonly string[]
  /** What came so far; undefined: it does not read yet. */
  readonly bytes: () => Promise<string | undefined>
}

const program = `
const { appendFileSync, writeFileSync } = require('node:fs')
process.stdin.setRawMode(true)
let isPasting = false
process.stdin.on('data', (bytes) => {
  appendFileSync(process.argv[1], bytes)
  if (process.argv[2] === undefined) return
  // However the bytes are cut: a busy machine gives the end of a paste together with the key.
  let isEntered = false
  for (const part of bytes.toString('latin1').split(/(\\x1b\\[20[01]~|\\r)/)) {
    if (part.startsWith('\\x1b[20')) isPasting = part.endsWith('0~')
    if (part === '\\r' && !isPasting) isEntered = true
  }
  if (isEntered) {
    appendFileSync(process.argv[2] + '/agent-events', Date.now() + ' working\\n')
    show('')
  } else show('[Pasted text of ' + bytes.length + ']')
})
let shown
const show = (text) => {
  shown = text
  const rule = '─'.repeat(process.stdout.columns)
  process.stdout.write('\\x1b[2J\\x1b[H' + rule + '❯ ' + text + '\\r\\n' + rule)
}
// It may begin before the panes have their sizes.
process.stdout.on('resize', () => {
  if (shown !== undefined) show(shown)
})
process.stdout.write('\\x1b[?2004h')
if (process.argv[2] !== undefined) show('')
setTimeout(() => writeFileSync(process.argv[1], '', { flag: 'a' }), 100)
`

/**
 * Keeps them in this folder. Where it has a session's folder, it has an input box as Claude Code, and says there that it works
 * at the key Enter.
 */
export function rawReader(folder: string, sessionFolder?: string): RawReader {
  const file = join(folder, 'received')
  return {
    command: [process.execPath, '-e', program, file, ...(sessionFolder === undefined ? [] : [sessionFolder])],
    bytes: () => readFile(file, 'utf8').catch(() => undefined),
  }
}

/** As a terminal sends a paste. */
export function pasted(text: string): string {
  return `\u001b[200~${text.replaceAll('\n', '\r')}\u001b[201~`
}
