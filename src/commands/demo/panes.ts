import { setTimeout as delay } from 'node:timers/promises'
import type { SessionView } from '../../session/view.js'
import { printable } from '../../support/text.js'
import type { Tmux } from '../../tmux/tmux.js'

/** What one pane shows. */
export interface Shown {
  readonly role: string
  readonly command: string
  readonly text: string
}

const pollMs = 300
const maxWaitMs = 8000

/**
 * What the panes show once every one shows something and none has changed for a moment; at the latest after 8 s,
 * since an agent at work never rests.
 */
export async function settledPanes(
  panes: SessionView['panes'],
  tmux: Pick<Tmux, 'capturePane'>,
  signal: AbortSignal,
): Promise<Shown[]> {
  const until = performance.now() + maxWaitMs
  let before: string | undefined
  for (;;) {
    const now = await Promise.all(
      panes.map(async (pane) => ({
        role: pane.role ?? 'other',
        command: pane.command,
        text: await tmux.capturePane(pane.id),
      })),
    )
    const all = JSON.stringify(now.map((pane) => pane.text))
    const settled = all === before && now.every((pane) => pane.text.trim() !== '')
    if (settled || performance.now() > until || signal.aborted) return now
    before = all
    await delay(pollMs)
  }
}

/** The panes one below the other, each under its name, long ones cut. Pure. */
export function formatPanes(
  panes: readonly Shown[],
  size: { readonly lines: number; readonly width: number },
): string[] {
  return panes.flatMap((pane) => {
    const title = `── ${pane.role} `
    const lines = trimBlank(pane.text.split('\n').map((line) => cut(printable(line.trimEnd(), 1000), size.width)))
    const rest = lines.length - size.lines
    return [
      `${title}${'─'.repeat(Math.max(0, size.width - title.length))}`,
      ...lines.slice(0, size.lines),
      ...(rest > 0 ? [`… (${rest.toString()} more lines)`] : []),
      '',
    ]
  })
}

function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, width - 1)}…` : line
}

/** Without blank lines at the ends, and with one where several follow each other. */
function trimBlank(lines: readonly string[]): string[] {
  const kept = lines.filter((line, index) => line !== '' || (index > 0 && lines[index - 1] !== ''))
  return kept.slice(kept[0] === '' ? 1 : 0, kept.at(-1) === '' ? -1 : undefined)
}
