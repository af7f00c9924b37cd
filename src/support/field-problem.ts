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

/** Turns what a schema found into problems; `keysAt` tells the keys known at a path, to name the nearest one. */
export function fieldProblems(
  error: z.ZodError,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): (FieldProblem & { readonly path: readonly PropertyKey[] })[] {
  return error.issues.flatMap((issue) => {
    const field = issue.path.map(String).join('.')
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => {
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
    const [message, remedy] = splitRemedy(issue.message)
    return [{ path: issue.path, field: printable(field, 80), message, remedy }]
  })
}

/** A schema's message may carry its remedy behind a semicolon: `must be a web address; write https://…`. */
function splitRemedy(message: string): [string, string] {
  const cut = message.indexOf('; ')
  return cut === -1 ? [message, 'correct the value'] : [message.slice(0, cut), message.slice(cut + 2)]
}
