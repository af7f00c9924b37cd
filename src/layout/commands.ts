import type { Command } from './schema.js'

/** How a pane's commands are to be entered where a command does not say. */
export interface Entering {
  readonly enter?: boolean | undefined
  readonly sleep_before?: number | undefined
  readonly sleep_after?: number | undefined
}

/**
 * The lines that tmuxp would have typed, and what would be left on the last line. A command with `enter: false` is
 * continued by the next. As in tmuxp, what one command says of entering holds for those after it.
 */
export function linesOf(
  commands: readonly Command[],
  entering: Entering,
): { readonly lines: readonly string[]; readonly waiting: string | undefined } {
  const lines: string[] = []
  let { enter = true, sleep_before: before, sleep_after: after } = entering
  const begun: string[] = []
  for (const command of commands) {
    enter = command.enter ?? enter
    before = command.sleep_before ?? before
    after = command.sleep_after ?? after
    // Between the parts of one line there is nothing to wait for.
    if (before !== undefined && before > 0 && begun.length === 0) lines.push(`sleep ${before.toString()}`)
    begun.push(command.cmd)
    if (!enter) continue
    lines.push(begun.splice(0).join(' '))
    if (after !== undefined && after > 0) lines.push(`sleep ${after.toString()}`)
  }
  return {
    lines: lines.filter((line) => line.trim() !== ''),
    waiting: begun.length === 0 ? undefined : begun.join(' '),
  }
}
