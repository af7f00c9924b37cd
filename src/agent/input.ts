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

/**
 * What a screen shows of the input box of Claude Code 2.1.330: a line that begins with `❯`, or `!` where it is for the shell,
 * between two rules near the end. Its menus, dialogs and transcript have none.
 * @param screen with its escape sequences, by which a faint proposal is told from what was typed
 */
export function inputBox(screen: string): 'empty' | 'text' | 'shell' | 'none' {
  const lines = screen.split('\n')
  const rules = lines.flatMap((line, at) => (/^\s*─{10,}/.test(plain(line)) ? [at] : []))
  const [first, last] = rules.slice(-2)
  if (first === undefined || last === undefined || last - first < 2) return 'none'
  const below = lines.slice(last + 1).filter((line) => plain(line).trim() !== '')
  const content = lines.slice(first + 1, last).join('\n')
  const prompt = plain(content).charAt(0)
  if (below.length > maxBelow || !['❯', '!'].includes(prompt)) return 'none'
  if (prompt === '!') return 'shell'
  return plain(content.replace(faint, '')).slice(1).trim() === '' ? 'empty' : 'text'
}

/** Lines below the box: the mode, and hints. */
const maxBelow = 5

// eslint-disable-next-line no-control-regex -- SGR (ECMA-48): faint, with the letter before it on which the cursor stands
const faint = /(?:\u001b\[7m.)?(?:\u001b\[[\d;]*m)*\u001b\[(?:0;)?2m[^\u001b\n]*/gu

function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- SGR (ECMA-48)
  return text.replace(/\u001b\[[\d;]*m/g, '')
}
