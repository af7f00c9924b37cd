declare const brand: unique symbol
/** A session's name: `[A-Za-z0-9_-]+`, so that tmux keeps and never expands it, and it is safe as a file name. */
export type SessionName = string & { readonly [brand]: 'SessionName' }

/** `test-app` → `test-app-dev`; what tmux would change (`.`) becomes `-`. */
export function sessionNameOf(projectName: string): SessionName {
  return `${projectName.replace(/[^A-Za-z0-9_-]/g, '-')}-dev` as SessionName
}

/** The text as a session name, or undefined: what is not shaped like one never becomes part of a path. */
export function parseSessionName(text: string): SessionName | undefined {
  return /^[A-Za-z0-9_-]{1,80}$/.test(text) ? (text as SessionName) : undefined
}
