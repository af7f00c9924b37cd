import type { LogFields, Logger } from './log.js'
import { humanLine, scrub } from './log-line.js'
import type { Redact } from './redact.js'

/** A logger for people who run one command: warnings and errors reach stderr, and nothing else does. */
export function quietLog(redact: Redact): Logger {
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}) => {
      const clean = scrub(fields, redact) as LogFields
      process.stderr.write(`${humanLine(new Date().toISOString(), level, redact(message), clean)}\n`)
    }
  return { error: at('error'), warn: at('warn'), info: () => undefined, debug: () => undefined }
}
