import { Problem } from '../support/problem.js'

/** One word for a POSIX shell, whatever is in it, except NUL, which no argument can hold. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** Names that some `/bin/sh` refuses to assign, which would end the pane (bash 5.2 manual, Bash Variables). */
const readOnlyNames = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID'])

/**
 * The text of `SESSION_FOLDER/environment`, which pane.sh sources: one `export NAME='value'` each, values
 * byte-exact. It holds secrets: publish it with mode 0600.
 * @throws Problem where a name is no shell variable's, or a value holds NUL.
 */
export function environmentFile(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `export ${checkedName(name)}=${shellWord(checkedValue(name, value))}\n`)
    .join('')
}

function checkedName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !readOnlyNames.has(name)) return name
  throw new Problem({
    doing: 'write the environment of the panes',
    because: `${JSON.stringify(name)} is no name for a variable`,
    remedy: 'use letters, digits and underscores, not starting with a digit, and none of the shell’s own names',
    field: 'environment',
  })
}

function checkedValue(name: string, value: string): string {
  if (!value.includes('\0')) return value
  throw new Problem({
    doing: 'write the environment of the panes',
    because: `the value of ${name} holds a NUL character`,
    remedy: 'give a text without NUL',
    field: 'environment',
  })
}
