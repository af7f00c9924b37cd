import { Problem } from '../support/problem.js'
import { wrongVariableName } from '../support/variable-name.js'

/** One word for a POSIX shell, whatever is in it, except NUL, which no argument can hold. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * The text of a file that pane.sh sources: one `export NAME='value'` each, values
 * byte-exact. It holds secrets: publish it with mode 0600.
 * @throws Problem where a name is no shell variable's, or a value holds NUL.
 */
export function environmentFile(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `export ${checkedName(name)}=${shellWord(checkedValue(name, value))}\n`)
    .join('')
}

function checkedName(name: string): string {
  const wrong = wrongVariableName(name)
  if (wrong === undefined) return name
  throw new Problem({
    doing: 'write the environment of the panes',
    because: `${JSON.stringify(name)} ${wrong.because}`,
    remedy: wrong.remedy,
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
