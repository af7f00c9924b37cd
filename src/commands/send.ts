import { buffer } from 'node:stream/consumers'
import { takeSession } from '../daemon/lock-session.js'
import { messageOf } from '../session/message.js'
import { sendText } from '../session/send.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { openWorkshop, type CommandContext, type ExitCode } from './context.js'
import { findSession } from './session-argument.js'

/** `devorch send NAME TEXT|-`: puts a text before the session's agent; a person may also send a command of its input. */
export async function send(
  context: CommandContext,
  given: { readonly name: string; readonly text: string; readonly json: boolean },
): Promise<ExitCode> {
  const text = given.text === '-' ? decoded(await buffer(process.stdin)) : given.text
  if (text === undefined) {
    context.complain('text: is not UTF-8; send plain text')
    return 1
  }
  const message = messageOf(text)
  if (!message.ok) {
    context.complain(formatFieldProblem(message.problem))
    return 1
  }
  const workshop = await openWorkshop(context)
  if (workshop === undefined) return 1
  const name = await findSession(context, workshop, given.name)
  if (name === undefined) return 1
  const { tools } = workshop
  const lock = await takeSession(name, tools, context.signal)
  try {
    const result = await sendText({ name, text: message.text, jobId: undefined }, tools, context.signal)
    context.print(given.json ? JSON.stringify(result, undefined, 2) : words(name, String(result['delivery'])))
    return 0
  } finally {
    await lock.release()
  }
}

function words(name: string, delivery: string): string {
  switch (delivery) {
    case 'taken':
      return `sent: the agent of ${name} works on it`
    case 'queued':
      return `sent: the agent of ${name} is at work, and reads it next`
    default:
      return `sent to the agent of ${name}`
  }
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
