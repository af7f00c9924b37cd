import type { GitFigures } from '../../session/figures.js'
import type { SessionView } from '../../session/view.js'
import { printable } from '../../support/text.js'
import { cutTo, widthFor } from '../../support/text-width.js'
import { ago } from '../context.js'

const headings = ['NAME', 'SESSION', 'AGENT', 'SINCE', 'GIT', 'MEM', 'CPU', 'DISK'] as const

/** Those that give way where the terminal is narrow, and what is left of them at least. */
const shrinkable: readonly { readonly column: number; readonly least: number }[] = [0, 2, 4].map((column) => ({
  column,
  least: 10,
}))
const gap = 2

/** A daemon looks at the processes every few seconds, and says so every minute at the least. */
const staleMs = 180_000

/** The sessions as a table, one a line below the headings. @param columns of the terminal, which no line exceeds; undefined: none */
export async function sessionTable(
  sessions: readonly SessionView[],
  now: Date,
  columns: number | undefined,
): Promise<string[]> {
  const rows = sessions.map((one) => cellsOf(one, now).map((cell) => printable(cell)))
  const cells = [[...headings], ...rows]
  const width = await widthFor(cells.flat())
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => width(row[column] ?? ''))))
  if (columns !== undefined) shrink(widths, columns)
  return cells.map((row) => {
    const line = row.map((cell, column) => {
      const cut = cutTo(cell, widths[column] ?? 0, width)
      return cut + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cut)))
    })
    const text = line.join(' '.repeat(gap)).trimEnd()
    return columns === undefined ? text : cutTo(text, columns, width)
  })
}

/** Since when no daemon has looked at the sessions; undefined: one does. */
export function unkeptSince(sessions: readonly SessionView[], now: Date): Date | 'never' | undefined {
  const times = sessions.flatMap(({ processes }) => (processes === null ? [] : [Date.parse(processes.at)]))
  if (times.length === 0) return sessions.length === 0 ? undefined : 'never'
  const last = new Date(Math.max(...times))
  return isStale(last, now) ? last : undefined
}

function cellsOf(one: SessionView, now: Date): string[] {
  const { agent, git, disk } = one
  // What its processes need is of the moment; what a daemon saw long ago tells nothing.
  const processes = one.processes === null || isStale(new Date(one.processes.at), now) ? null : one.processes
  const [cpu, bytes] = [processes?.cpu ?? null, disk?.bytes ?? null]
  const isStanding = one.session === 'standing'
  return [
    one.name,
    one.session,
    isStanding ? agentCell(agent) : '-',
    isStanding && agent.since !== null ? ago(new Date(agent.since), now) : '-',
    git === null ? '-' : gitCell(git),
    processes === null || processes.count === 0 ? '-' : size(processes.memory_bytes),
    cpu === null ? '-' : `${Math.round(cpu * 100).toString()} %`,
    bytes === null ? '-' : size(bytes),
  ]
}

/** `waiting (approval)`, `limited (usage limit, until 2026-11-23T14:05:00.000Z)` */
function agentCell({ status, detail, until }: SessionView['agent']): string {
  const more = [detail ?? [], until === undefined ? [] : `until ${until}`].flat()
  return more.length === 0 ? status : `${status} (${more.join(', ')})`
}

/** `main +2 -1 ~3`: two commits that the upstream has not, one that only it has, three files changed or new. */
function gitCell({ branch, commit, ahead, behind, dirty }: GitFigures): string {
  const count = (sign: string, value: number | null) =>
    value === null || value === 0 ? [] : [`${sign}${value.toString()}`]
  const files = dirty === null ? ['~?'] : count('~', dirty)
  return [branch ?? commit ?? '-', ...count('+', ahead), ...count('-', behind), ...files].join(' ')
}

function isStale(at: Date, now: Date): boolean {
  return !(now.getTime() - at.getTime() < staleMs)
}

/** `12 MiB` */
function size(bytes: number): string {
  const mib = bytes / 1024 / 1024
  if (mib < 10) return `${mib.toFixed(1)} MiB`
  return mib < 1000 ? `${mib.toFixed(0)} MiB` : `${(mib / 1024).toFixed(1)} GiB`
}

/** Takes from the widest of those that may shrink until all fit, or none can give more. */
function shrink(widths: number[], columns: number): void {
  const total = () => widths.reduce((sum, one) => sum + one, 0) + gap * (widths.length - 1)
  const widthOf = (column: number) => widths[column] ?? 0
  for (let over = total() - columns; over > 0; over -= 1) {
    const candidates = shrinkable.filter(({ column, least }) => widthOf(column) > least)
    const widest = candidates.sort((a, b) => widthOf(b.column) - widthOf(a.column))[0]
    if (widest === undefined) return
    widths[widest.column] = widthOf(widest.column) - 1
  }
}
