import { isInputCommand } from '../agent/input.js'
import type { Origin } from '../job/job.js'
import type { FieldProblem } from '../support/field-problem.js'
import { printable } from '../support/text.js'

/** The largest text that is put before an agent, in bytes of UTF-8. */
const maxBytes = 64 * 1024

/** A text that may be put before an agent. */
export type Message =
  { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: FieldProblem }

/**
 * A text for an agent: line ends become `\n`, and white space at its end goes. What a terminal takes for more than text is
 * refused: ESC above all, since `ESC [ 201 ~` would end the paste, and what follows were keys.
 */
export function messageOf(given: string): Message {
  const text = given.replace(/\r\n?/g, '\n').trimEnd()
  const refused = (message: string, remedy: string): Message => ({
    ok: false,
    problem: { field: 'text', message, remedy },
  })
  if (text.trim() === '') return refused('is blank', 'write what the agent is to be told')
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    const remedy = 'put it into a file of the working copy, and send a line that names the file'
    return refused(`has ${bytes.toString()} bytes, more than ${maxBytes.toString()}`, remedy)
  }
  // eslint-disable-next-line no-control-regex -- finding control characters is the purpose
  const at = text.search(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  if (at !== -1) {
    const line = text.slice(0, at).split('\n').length.toString()
    return refused(`has the control character ${printable(text.charAt(at))} in line ${line}`, 'send plain text')
  }
  return { ok: true, text }
}

/**
 * The text of a job. What came by HTTP or as a file is text and never a command of the agent's input; a comment is told with
 * who wrote it where, so that it can't be one.
 */
export function messageOfJob(given: string, { kind, sender, subject }: Origin): Message {
  const message = messageOf(given)
  if (!message.ok) return message
  if (kind === 'github') {
    const head = `Comment by ${printable(sender ?? 'somebody', 60)} on ${printable(subject ?? 'the issue', 150)}:`
    return { ok: true, text: `${head}\n\n${message.text}` }
  }
  if (!isInputCommand(message.text)) return message
  const because = `begins with ${message.text.trimStart().charAt(0)}, which the agent could take for a command`
  const remedy = 'begin with a word; commands can be sent by a person only: devorch send NAME TEXT'
  return { ok: false, problem: { field: 'text', message: because, remedy } }
}
