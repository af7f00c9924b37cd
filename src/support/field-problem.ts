import type { z } from 'zod'
import { nearest, printable } from './text.js'

/** One thing that is wrong with a document from outside, said to the person who can mend it. */
export interface FieldProblem {
  /** Path of the field, `auth.basic.0.user`; empty for the document as a whole. */
  readonly field: string
  /** What is wrong, naming the value where that helps (escaped, cut). */
  readonly message: string
  readonly remedy: string
  /** 1-based, where the document is text. */
  readonly line?: number
  readonly column?: number
}

/** `line 3, column 9: branch: must be text, got the number 1.1; quote it: branch: "1.10"` */
export function formatFieldProblem(problem: FieldProblem): string {
  const place =
    problem.line === undefined ? '' : `line ${problem.line.toString()}, column ${(problem.column ?? 1).toString()}: `
  const field = problem.field === '' ? '' : `${problem.field}: `
  return `${place}${field}${problem.message}; ${problem.remedy}`
}

/** A document of a million unknown keys is refused by naming the first of them. */
const maxUnknownKeys = 20

/**
 * Turns what a schema found into problems.
 * @param keysAt the keys known at a path, to name the nearest one
 * @param sourceAt how a value that is no text was written, `1.10`, where the document tells
 */
export function fieldProblems(
  error: z.ZodError,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
  sourceAt: (path: readonly PropertyKey[]) => string | undefined = () => undefined,
): (FieldProblem & { readonly path: readonly PropertyKey[] })[] {
  return error.issues.flatMap((issue) => {
    const field = issue.path.map(String).join('.')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.slice(0, maxUnknownKeys).map((key) => {
        const [near] = nearest(key, keysAt(issue.path), 1)
        const path = [...issue.path, key]
        return {
          path,
          field: printable(path.map(String).join('.'), 80),
          message: 'unknown field',
          remedy: near === undefined ? 'remove it' : `did you mean ${near}?`,
        }
      })
    }
    const written = issue.code === 'invalid_type' && issue.expected === 'string' ? sourceAt(issue.path) : undefined
    const [message, remedy] =
      written === undefined
        ? splitRemedy(wordsFor(issue))
        : [`must be text, got ${printable(written, 80)}`, `quote it: "${printable(written, 80)}"`]
    return [{ path: issue.path, field: printable(field, 80), message, remedy }]
  })
}

const mismatches: Readonly<Partial<Record<string, string>>> = {
  object: 'must be a group of fields; write lines like NAME: VALUE',
  record: 'must be a group of fields; write lines like NAME: VALUE',
  array: 'must be a list; write [one, two]',
  string: 'must be text; correct the value',
  number: 'must be a number; write digits without quotes',
  int: 'must be a whole number; write digits without quotes',
  boolean: 'must be true or false; write one of the two without quotes',
}

/** zod's own message names types of JavaScript; the schema's messages are taken as they are. */
function wordsFor(issue: z.core.$ZodIssue): string {
  // What is wrong with a key of a record is within.
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input: expected')) return issue.message
  return mismatches[issue.expected] ?? issue.message
}

/** A schema's message may carry its remedy behind a semicolon: `must be a web address; write https://…`. */
function splitRemedy(message: string): [string, string] {
  const cut = message.indexOf('; ')
  return cut === -1 ? [message, 'correct the value'] : [message.slice(0, cut), message.slice(cut + 2)]
}
