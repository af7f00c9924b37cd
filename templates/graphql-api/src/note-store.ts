export interface Note {
  readonly id: string
  readonly text: string
}

/** Keeps notes in memory. Put a database behind the same two methods. */
export class NoteStore {
  readonly #notes: Note[] = []

  all(): readonly Note[] {
    return this.#notes
  }

  add(text: string): Note {
    const note = { id: String(this.#notes.length + 1), text }
    this.#notes.push(note)
    return note
  }
}
