import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A program that keeps every byte it is given, as it came: the terminal raw, pastes bracketed as Claude Code has them. */
export interface RawReader {
  /** For a pane. */
  readonly command: readonly string[]
  /** What came so far; undefined: it does not read yet. */
  bytes(): Promise<string | undefined>
}

const program = `
const { appendFileSync, writeFileSync } = require('node:fs')
process.stdin.setRawMode(true)
process.stdin.on('data', (bytes) => {
  appendFileSync(process.argv[1], bytes)
  if (process.argv[2] !== undefined && String(bytes).endsWith('\\r')) {
    appendFileSync(process.argv[2] + '/agent-events', Date.now() + ' working\\n')
  }
  process.stdout.write('got ' + bytes.length + '\\r\\n')
})
process.stdout.write('\\x1b[?2004h')
setTimeout(() => writeFileSync(process.argv[1], '', { flag: 'a' }), 100)
`

/** Keeps them in this folder; where it has a session's folder, the key Enter has it say there that it works. */
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
