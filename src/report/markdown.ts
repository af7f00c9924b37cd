import { printable } from '../support/text.js'

/** Longer than any reason of ours; one with a program's words in it is cut. */
const maxReason = 600

/**
 * A text as one that everybody may read: without secrets, and of the machine's paths the last part only. One line.
 * @param clean takes the known secrets out
 */
export function forEverybody(text: string, clean: (text: string) => string): string {
  const masked = clean(text)
    .replace(/\bfile:\/\/\S+/gi, 'file://…')
    // Not within an address (https://example.com/acme/shop), which has a letter or a slash before it.
    .replace(/(?<![\p{L}\p{N}/._~-])~?\/(?:[^\s/'"`,;:]+\/)+/gu, '…/')
  return printable(masked, maxReason)
}

/**
 * A block of code, within which nothing is Markdown or HTML, no name is mentioned and no issue linked: its fence is longer
 * than any row of backticks in it (CommonMark 0.31, 4.5).
 */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([row]) => row.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${text}\n${fence}`
}
