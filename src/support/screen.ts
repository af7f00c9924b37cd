import type { ReadStream, WriteStream } from 'node:tty'

/** A terminal that a program can take over to draw on. */
export interface Screen {
  size(): { readonly columns: number; readonly rows: number }
  /** Takes it, with what stood on it kept aside, until `release`. Keys come as the terminal sends them, also Ctrl-C: `\u0003`. */
  take(on: { readonly key: (key: string) => void; readonly resize: () => void }): TakenScreen
}

export interface TakenScreen {
  /** Lines that are no longer than the screen is wide; what they hold is fit for a terminal. */
  draw(lines: readonly string[]): void
  /** Puts everything back as it was; again: nothing. */
  release(): void
}

// xterm's control sequences, which tmux, screen and the console know too: another screen, no cursor, lines are not wrapped.
const begin = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const end = '\u001b[?7h\u001b[?25h\u001b[?1049l'
const [home, clearLine, clearBelow] = ['\u001b[H', '\u001b[K', '\u001b[J']

// What one key sends; several may come at once.
// eslint-disable-next-line no-control-regex -- keys send control characters
const oneKey = /\u001b(?:[[O][0-9;]*[A-Za-z~])?|[^\u001b]/gu

/** @returns undefined where input or output is no terminal */
export function screenOf(input: ReadStream, output: WriteStream): Screen | undefined {
  // Node's types say that they are; a pipe or a file is neither.
  if (![input.isTTY, output.isTTY].every((isTerminal: unknown) => isTerminal === true)) return undefined
  return {
    size: () => ({ columns: output.columns, rows: output.rows }),
    take({ key, resize }) {
      const onData = (data: Buffer) => {
        for (const one of data.toString('utf8').match(oneKey) ?? []) key(one)
      }
      // The terminal is gone.
      const onEnd = () => {
        key('\u0003')
      }
      output.write(begin)
      input.setRawMode(true)
      input.on('data', onData).on('end', onEnd).on('error', onEnd).resume()
      output.on('resize', resize)
      let isReleased = false
      return {
        draw(lines) {
          output.write(`${home}${lines.map((line) => `${line}${clearLine}`).join('\r\n')}${clearBelow}`)
        },
        release() {
          if (isReleased) return
          isReleased = true
          output.off('resize', resize)
          input.off('data', onData).off('end', onEnd).pause()
          input.setRawMode(false)
          output.write(end)
        },
      }
    },
  }
}
