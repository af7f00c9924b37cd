import { readdir } from 'node:fs/promises'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { readAgentEvents } from '../agent/events.js'
import { viewSession } from '../session/view.js'
import { printable } from '../support/text.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { findSession } from './session-argument.js'

/** `devorch logs NAME`: what happened to a session, in order; with a pane's role, what that pane shows. */
export async function logs(context: CommandContext, given: string, role: string | undefined): Promise<ExitCode> {
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given)
  if (name === undefined) return 1
  const session = await viewSession(name, workshop.tools)
  if (session === undefined) return 1
  if (role !== undefined) {
    const pane = session.panes.find((one) => one.role === role)
    if (pane === undefined) {
      context.complain(
        `the session has no pane for "${role}"; it has ${session.panes.map((one) => one.role).join(', ')}`,
      )
      return 1
    }
    context.print(await workshop.tools.tmux.capturePane(pane.id))
    return 0
  }
  const lines = await linesAbout(workshop.home.logs, session.job_id)
  const events = await readAgentEvents(workshop.tools.registry.folderOf(name))
  lines.push(
    ...events.map((event) => ({
      at: event.at.toISOString(),
      text: `agent ${event.name}${event.detail === undefined ? '' : ` ${printable(event.detail)}`}`,
    })),
  )
  for (const line of lines.sort((a, b) => (a.at < b.at ? -1 : 1))) context.print(`${line.at} ${line.text}`)
  return 0
}

/** The daemon's log lines that carry the job's id. */
async function linesAbout(folder: string, jobId: string): Promise<{ at: string; text: string }[]> {
  const found: { at: string; text: string }[] = []
  const files = (await readdir(folder)).filter((name) => name.endsWith('.jsonl')).sort()
  for (const file of files) {
    for await (const line of createInterface({ input: createReadStream(join(folder, file)) })) {
      if (!line.includes(jobId)) continue
      const entry = parse(line)
      if (entry === undefined) continue
      const { level, message, timestamp, ...fields } = entry
      const words = Object.entries(fields).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      found.push({
        at: String(timestamp),
        text: printable(`${String(level)} ${String(message)} ${words.join(' ')}`, 400),
      })
    }
  }
  return found
}

/** A line that was torn by a crash is passed over. */
function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
