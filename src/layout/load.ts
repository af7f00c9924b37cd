import type { FieldProblem } from '../support/field-problem.js'
import { readBounded } from '../support/files.js'
import { layoutEndings, namedFiles } from '../support/named-files.js'
import type { Layout } from './layout.js'
import { parseLayout } from './parse.js'

/** A layout by its name, or why it can't be had. */
export type LoadedLayout =
  | { readonly kind: 'layout'; readonly layout: Layout; readonly file: string }
  | { readonly kind: 'unknown'; readonly known: readonly string[] }
  | { readonly kind: 'broken'; readonly file: string; readonly problems: readonly FieldProblem[] }

const maxBytes = 256 * 1024

/**
 * Reads a layout. The name may come from outside: it is looked up among the files that there are, and is no path.
 * @param folders the one of lowest precedence first
 */
export async function loadLayout(folders: readonly string[], name: string): Promise<LoadedLayout> {
  const files = await namedFiles(folders, layoutEndings)
  const file = files.get(name)
  if (file === undefined) return { kind: 'unknown', known: [...files.keys()].sort() }
  const broken = (message: string, remedy: string): LoadedLayout => ({
    kind: 'broken',
    file,
    problems: [{ field: '', message, remedy }],
  })
  const read = await readBounded(file, maxBytes)
  switch (read.kind) {
    case 'missing':
      return { kind: 'unknown', known: [...files.keys()].sort() }
    case 'odd':
      return broken(`is ${read.what}`, 'make it a plain file')
    case 'too-large':
      return broken('is larger than 256 KiB', 'shorten it')
    case 'file': {
      const parsed = parseIfChanged(file, read.bytes)
      if (parsed.ok) return { kind: 'layout', layout: parsed.layout, file }
      return { kind: 'broken', file, problems: parsed.problems }
    }
  }
}

/** By the file, what was last read of it. */
const lastRead = new Map<string, { readonly bytes: Buffer; readonly parsed: ReturnType<typeof parseLayout> }>()

/** The same for the same bytes: each job reads its layout, and parsing it takes longer than all else that it is asked for. */
function parseIfChanged(file: string, bytes: Buffer): ReturnType<typeof parseLayout> {
  const before = lastRead.get(file)
  if (before?.bytes.equals(bytes) === true) return before.parsed
  const parsed = parseLayout(bytes)
  lastRead.set(file, { bytes, parsed })
  return parsed
}
