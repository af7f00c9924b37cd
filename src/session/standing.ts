import { Problem } from '../support/problem.js'
import type { Tmux } from '../tmux/tmux.js'
import type { LivePane } from '../tmux/types.js'
import type { SessionName } from './name.js'

/** What stands on the tmux server under a name. */
export type Standing =
  | { readonly kind: 'none' }
  /** `jobId` null: a person's own session, which is never adopted and never ended. */
  | { readonly kind: 'session'; readonly jobId: string | null; readonly panes: readonly LivePane[] }

/** @throws Problem, transient, where tmux gives no answer: that is not "no session". */
export async function findStanding(tmux: Tmux, name: SessionName): Promise<Standing> {
  const listing = await tmux.listPanes()
  switch (listing.kind) {
    case 'no-server':
      return { kind: 'none' }
    case 'unknown':
      throw new Problem({
        doing: 'ask tmux for its sessions',
        because: listing.because,
        remedy: 'see whether `tmux ls` answers',
        transient: true,
      })
    case 'panes': {
      const panes = listing.panes.filter((pane) => pane.sessionName === name)
      const [first] = panes
      return first === undefined ? { kind: 'none' } : { kind: 'session', jobId: first.jobId, panes }
    }
  }
}
