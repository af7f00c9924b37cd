import { Problem } from '../support/problem.js'
import type { Tmux } from '../tmux/tmux.js'
import type { LivePane, TmuxServer } from '../tmux/types.js'
import type { SessionName } from './name.js'

/** What stands on the tmux server under a name. */
export type Standing =
  | { readonly kind: 'none' }
  /** `jobId` null: a person's own session, which is never adopted and never ended. */
  | { readonly kind: 'session'; readonly jobId: string | null; readonly panes: readonly LivePane[] }

/** @throws Problem, transient, where tmux gives no answer: that is not "no session". */
export async function findStanding(tmux: Tmux, name: SessionName): Promise<Standing> {
  const panes = (await listPanes(tmux)).panes.filter((pane) => pane.sessionName === name)
  const [first] = panes
  return first === undefined ? { kind: 'none' } : { kind: 'session', jobId: first.jobId, panes }
}

/** The panes of all sessions; none where there is no server. @throws Problem, transient, where tmux gives no answer */
export async function listPanes(
  tmux: Tmux,
): Promise<{ readonly server: TmuxServer | undefined; readonly panes: readonly LivePane[] }> {
  const listing = await tmux.listPanes()
  switch (listing.kind) {
    case 'no-server':
      return { server: undefined, panes: [] }
    case 'unknown':
      throw new Problem({
        doing: 'ask tmux for its sessions',
        because: listing.because,
        remedy: 'see whether `tmux ls` answers',
        transient: true,
      })
    case 'panes':
      return listing
  }
}

/** A session of that name which the daemon did not make is a person's: it is neither adopted nor ended. */
export class NotOurs extends Problem {
  constructor(name: SessionName) {
    super({
      doing: `create the session ${name}`,
      because: 'a tmux session of that name stands which dev-orchestrator did not make',
      remedy: 'choose another project_name, or rename that session: tmux rename-session',
      field: 'project_name',
    })
  }
}
