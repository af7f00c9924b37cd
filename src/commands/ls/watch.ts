import { setTimeout as delay } from 'node:timers/promises'
import { viewSessions, type SessionView } from '../../session/view.js'
import type { SessionTools } from '../../session/tools.js'
import type { Screen } from '../../support/screen.js'
import { cutTo, widthFor } from '../../support/text-width.js'
import { sessionTable, unkeptSince } from './columns.js'

const quitKeys = ['q', 'Q', '\u0003', '\u0004']
const downKeys = ['j', '\u001b[B', '\u001bOB']
const upKeys = ['k', '\u001b[A', '\u001bOA']
/** Above the sessions: what this is, and the headings. */
const headLines = 2

/** A live table on a terminal, until a person presses q or Ctrl-C, or `signal` aborts. @throws Problem */
export async function watchSessions(
  tools: SessionTools,
  screen: Screen,
  everySeconds: number,
  signal: AbortSignal,
): Promise<void> {
  const leaving = new AbortController()
  const until = AbortSignal.any([leaving.signal, signal])
  let sessions: readonly SessionView[] = []
  let first = 0

  const draw = async (): Promise<void> => {
    const { columns, rows } = screen.size()
    const room = Math.max(1, rows - headLines - 1)
    first = Math.max(0, Math.min(first, sessions.length - room))
    const now = new Date()
    const [headings = '', ...lines] = await sessionTable(sessions, now, columns)
    const shown = lines.slice(first, first + room)
    const hidden = lines.length - shown.length
    const title = `${sessions.length.toString()} sessions, ${now.toTimeString().slice(0, 8)}; q ends`
    const foot = [
      ...(hidden === 0 ? [] : [`${hidden.toString()} more: up and down`]),
      ...(unkeptSince(sessions, now) === undefined ? [] : ['no daemon looks at them']),
    ].join('; ')
    const width = await widthFor([title, foot])
    if (isAborted(until)) return
    taken.draw([title, headings, ...shown, foot].slice(0, rows).map((line) => cutTo(line, columns, width)))
  }
  let drawing = Promise.resolve()
  const redraw = () => {
    drawing = drawing.then(draw)
    drawing.catch(() => {
      leaving.abort()
    })
  }

  const taken = screen.take({
    key(key) {
      if (quitKeys.includes(key)) leaving.abort()
      else if (downKeys.includes(key)) first += 1
      else if (upKeys.includes(key)) first -= 1
      else return
      redraw()
    },
    resize: redraw,
  })
  const left = aborted(until)
  let looked: Promise<readonly SessionView[]> | undefined
  try {
    while (!isAborted(until)) {
      looked = viewSessions(tools)
      // A tmux that hangs keeps nobody from leaving.
      const seen = await Promise.race([looked, left])
      if (seen === undefined) break
      sessions = seen
      redraw()
      await drawing
      await delay(everySeconds * 1000, undefined, { signal: until }).catch(() => undefined)
    }
  } finally {
    leaving.abort()
    taken.release()
    await Promise.allSettled([looked])
  }
  await drawing
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true })
  })
  return undefined
}
