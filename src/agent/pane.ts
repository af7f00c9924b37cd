import { fileURLToPath } from 'node:url'
import { printable } from '../support/text.js'

/** What runs in one pane. */
export interface PaneRequest {
  /** Absolute. */
  readonly sessionFolder: string
  readonly role: 'agent' | 'terminal' | 'files' | 'apps'
  /** The program that must be on PATH; empty: nothing is checked. */
  readonly needs: string
  readonly installHint: string
  /** Empty: the pane is a login shell. */
  readonly program: readonly string[]
}

/** The argument array of a pane's process: pane.sh and what it runs. None but the program's own arguments is empty. */
export function paneCommand(request: PaneRequest): readonly string[] {
  return [
    '/bin/sh',
    fileURLToPath(new URL('./pane.sh', import.meta.url)),
    request.sessionFolder,
    request.role,
    request.needs === '' ? '-' : request.needs,
    request.installHint === '' ? '-' : printable(request.installHint),
    ...request.program,
  ]
}
