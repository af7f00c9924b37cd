/**
 * What the input box of an agent does with a text beyond taking it (Claude Code 2.1.330): at the beginning `/` is a command
 * of its own, also behind white space, `!` one of the shell, `@` a file to be read, and `#` and `&` have had meanings of theirs.
 */
export function isInputCommand(text: string): boolean {
  return /^\s*[/!#@&]/.test(text)
}

/** The text as it is pasted, so that the Enter behind it submits it: behind `\` it would be a line break (Claude Code 2.1.330). */
export function submittable(text: string): string {
  return text.endsWith('\\') ? `${text} ` : text
}
