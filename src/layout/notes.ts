import { nearest, printable } from '../support/text.js'
import { layoutKeys, type RawLayout } from './schema.js'

const maxNotes = 20

/** What a file asks for and does not get, a line each: keys that are unknown, or that only tmuxp acts on. */
export function notesOf(raw: RawLayout): string[] {
  const notes: string[] = []
  const look = (value: object, known: readonly string[], where: string): void => {
    for (const key of Object.keys(value)) {
      if (known.includes(key)) continue
      const [near] = nearest(key, known, 1)
      const hint = near === undefined ? '' : `; did you mean ${near}?`
      notes.push(`${where}${printable(key, 80)} is not known and passed over${hint}`)
    }
  }
  if (raw.before_script !== undefined) notes.push('before_script is not run: a layout opens panes and nothing else')
  if (raw.plugins !== undefined) notes.push('plugins are programs of tmuxp’s own and are not loaded')
  look(raw, layoutKeys.layout, '')
  raw.windows.forEach((window, index) => {
    const where = `windows.${index.toString()}.`
    look(window, layoutKeys.window, where)
    window.panes.forEach((pane, at) => {
      look(pane, layoutKeys.pane, `${where}panes.${at.toString()}.`)
      for (const command of pane.shell_command) {
        look(command, layoutKeys.command, `${where}panes.${at.toString()}.shell_command.`)
      }
    })
  })
  return notes.length > maxNotes ? [...notes.slice(0, maxNotes), 'and more of the kind'] : notes
}
