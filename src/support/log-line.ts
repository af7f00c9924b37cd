import type { Redact } from './redact.js'
import { printable } from './text.js'

/** Deeper than this nothing is written; a value that holds itself ends here too. */
const maxDepth = 6

/** A value as plain JSON without secrets, whatever it was: writing a log line must not throw. */
export function scrub(value: unknown, redact: Redact, depth = 0): unknown {
  if (typeof value === 'string') return redact(value)
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Error) return redact(value.stack ?? value.message)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'no date' : value.toISOString()
  if (typeof value !== 'object' || value === null) return value
  if (depth === maxDepth) return '…'
  if (Array.isArray(value)) return value.map((item) => scrub(item, redact, depth + 1))
  if (value instanceof Uint8Array) return `${value.length.toString()} bytes`
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, scrub(item, redact, depth + 1)]))
}

/** A line for a person, of fields that were scrubbed. @param at an ISO time @returns it without the line feed */
export function humanLine(
  at: string,
  level: string,
  message: string,
  fields: Readonly<Record<string, unknown>>,
): string {
  return `${at} ${level.padEnd(5)} ${humanText(message, fields)}`
}

/** The same without time and level: `job failed jobId=… error=…`. */
export function humanText(message: string, fields: Readonly<Record<string, unknown>>): string {
  return `${message}${Object.entries(fields).map(humanField).join('')}`
}

function humanField([key, value]: [string, unknown]): string {
  if (value === undefined) return ''
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const first = key === 'error' ? (text.split('\n')[0] ?? '') : text
  return ` ${key}=${printable(/^[\w./:@-]+$/.test(first) ? first : JSON.stringify(first), 500)}`
}
