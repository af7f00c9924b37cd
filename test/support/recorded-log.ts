import type { LogFields, Logger } from '../../src/support/log.js'

export interface LoggedLine {
  readonly level: keyof Logger
  readonly message: string
  readonly fields: LogFields
}

/** A logger that appends to a list. */
export function recordedLog(lines: LoggedLine[]): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields: LogFields = {}) => {
      lines.push({ level, message, fields })
    }
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') }
}
