import { programFile } from '../support/package.js'
import { printable } from '../support/text.js'

/** What runs in one pane. */
export interface PaneRequest {
  /** Absolute. */
  readonly sessionFolder: string
  readonly role: 'agent' | 'terminal' | 'files' | 'apps' | 'none'
  /** The program that must be on PATH; empty: nothing is checked. */
  readonly needs: string
  readonly installHint: string
  /** Empty: the pane is a login shell. */
  readonly program: readonly string[]
  /** How often an agent that crashed is started again by itself. Default 0. */
  readonly resumeAttempts?: number
  /** Of a layout's pane; undefined: none of the files named `pane-…` belong to it. */
  readonly own?: OwnPane
}

/** What a layout gives one pane beyond its program. */
export interface OwnPane {
  /** `pane-3`: how the names of its files in the session folder begin. */
  readonly name: string
  /** What follows where its lines have ended well: `shell`, as in a terminal, or `ask`, as for any program. */
  readonly ended: 'ask' | 'shell'
}

/** The argument array of a pane's process: pane.sh and what it runs. None but the program's own arguments is empty. */
export function paneCommand(request: PaneRequest): readonly string[] {
  return [
    '/bin/sh',
    programFile('agent/pane.sh'),
    request.sessionFolder,
    request.role,
    request.needs === '' ? '-' : request.needs,
    request.installHint === '' ? '-' : printable(request.installHint),
    ...((request.resumeAttempts ?? 0) === 0 ? [] : ['--resume', String(request.resumeAttempts)]),
    ...(request.own === undefined ? [] : ['--pane', request.own.name, request.own.ended]),
    ...request.program,
  ]
}
