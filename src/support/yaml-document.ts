import { Composer, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, YAMLParseError } from 'yaml'
import type { CST, Document, Node } from 'yaml'
import type { z } from 'zod'
import { fieldProblems, type FieldProblem } from './field-problem.js'
import { printable } from './text.js'

/** A YAML text that was understood: the value, and the document with its comments, for writing it back. */
export type YamlResult<T> =
  | { readonly ok: true; readonly value: T; readonly document: Document }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] }

/**
 * Parses one YAML 1.2 document against a schema, with the place of everything that is wrong. Duplicate keys,
 * unknown tags, several documents, NUL bytes, more than 20 uses of aliases, deep nesting and thousands of fields
 * are refused, so that a document of a megabyte takes less than a tenth of a second, whatever is in it.
 * @param keysAt the keys known at a path, so that an unknown one can name the nearest
 */
export function parseYaml<T>(
  bytes: Uint8Array | string,
  schema: z.ZodType<T>,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): YamlResult<T> {
  const text = typeof bytes === 'string' ? bytes : decode(bytes)
  if (text === undefined) return whole('is not UTF-8 text', 'save the file as UTF-8')
  if (text.includes('\0')) return whole('contains a NUL byte', 'the file is damaged or not text; write it again')
  const lines = new LineCounter()
  const tokens = tokensOf(text, lines)
  if (!Array.isArray(tokens)) return tokens
  let document: Document.Parsed
  let value: unknown
  try {
    document = compose(tokens, text.length)
    const [first] = [...document.errors, ...document.warnings]
    if (first !== undefined) {
      const { line, col } = lines.linePos(first.pos[0])
      const message = `is not valid YAML: ${printable(first.message.split('\n')[0] ?? '', 120)}`
      return { ok: false, problems: [{ field: '', message, remedy: yamlRemedy(first.code), line, column: col }] }
    }
    value = document.toJS({ maxAliasCount: 20 })
  } catch (error) {
    if (error instanceof ReferenceError && error.message.startsWith('Unresolved alias')) {
      return whole('uses an alias (*) before its anchor (&)', 'write the value out, or quote it where it is text')
    }
    if (error instanceof RangeError || error instanceof ReferenceError) {
      return whole('uses too many aliases or levels', 'write the values out')
    }
    throw error
  }
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data, document }
  const sourceAt = (path: readonly PropertyKey[]): string | undefined => {
    const node: unknown = document.getIn(path, true)
    return isScalar(node) && node.value !== null && typeof node.value !== 'string' ? node.source : undefined
  }
  const problems = fieldProblems(result.error, keysAt, sourceAt).map(({ path, ...problem }) => {
    const offset = offsetOf(document, path)
    if (offset === undefined) return problem
    const { line, col } = lines.linePos(offset)
    return { ...problem, line, column: col }
  })
  return { ok: false, problems }
}

function whole(message: string, remedy: string): { ok: false; problems: FieldProblem[] } {
  return { ok: false, problems: [{ field: '', message, remedy }] }
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Tokens of structure; a long text is one token. */
const maxTokens = 10_000
const maxDepth = 100
/** A long text is one token, but each of its lines takes its time. */
const maxLines = 100_000

/**
 * Looks at the tokens before the document is composed: that step of yaml 2.9 is recursive (`- - - …` ends the whole
 * process, not only the call, when a regular expression is compiled at the end of the stack), and compares every
 * key of a map with every other.
 */
function tokensOf(text: string, lines: LineCounter): CST.Token[] | { ok: false; problems: FieldProblem[] } {
  if (text.split(/[\r\n]/, maxLines + 1).length > maxLines) {
    return whole(`has more than ${maxLines.toString()} lines`, 'shorten it')
  }
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const found: CST.Token[] = []
  let lexemes = 0
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1
    for (const token of parser.next(lexeme)) found.push(token)
    if (lexemes + found.length > maxTokens) {
      return whole('has thousands of fields or lines of comment', 'a document here needs a few')
    }
    if (parser.stack.length > maxDepth) {
      return whole('is nested too deeply', 'a document here needs two or three levels')
    }
  }
  found.push(...parser.end())
  return found
}

/** What parseDocument of yaml 2.9 does with its tokens, so that a text is taken apart once. */
function compose(tokens: readonly CST.Token[], length: number): Document.Parsed {
  const composer = new Composer({ prettyErrors: false, uniqueKeys: true, stringKeys: true })
  const [document, second] = composer.compose(tokens, true, length)
  if (document === undefined) throw new Error('the composer was to make a document of nothing')
  if (second !== undefined) {
    const message = 'Source contains multiple documents'
    const [from, to] = second.range
    document.errors.push(new YAMLParseError([from, to], 'MULTIPLE_DOCS', message))
  }
  return document
}

function yamlRemedy(code: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'indent with spaces, not tabs'
    case 'DUPLICATE_KEY':
      return 'keep one of the two'
    case 'MULTIPLE_DOCS':
      return 'one document a file: put each into a file of its own'
    default:
      return 'correct that line'
  }
}

/** Where in the text the value at a path stands: the key, where there is one; else the nearest thing above. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true)
    if (isSeq<Node>(parent)) {
      const item = parent.items[Number(path[length - 1])]
      if (item?.range) return item.range[0]
    }
    if (isMap<Node>(parent)) {
      const pair = parent.items.find((item) => String(item.key) === String(path[length - 1]))
      if (pair?.key.range) return pair.key.range[0]
    }
  }
  return document.contents?.range[0]
}
