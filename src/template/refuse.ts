import { Problem } from '../support/problem.js'
import { printable } from '../support/text.js'

/** Why a template cannot be applied, as a failure of the job's field. `because` may hold text from outside. */
export function refusal(
  id: string,
  because: string,
  remedy: string,
  more: { readonly cause?: unknown; readonly transient?: boolean } = {},
): Problem {
  return new Problem({
    doing: `apply template ${printable(id, 80)}`,
    because: printable(because, 500),
    remedy,
    field: 'template_hint',
    ...more,
  })
}

/** Throws where the caller's signal or the time limit has ended the work. */
export function checkTime(id: string, signal: AbortSignal): void {
  if (!signal.aborted) return
  const late = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
  throw late
    ? refusal(id, 'it took too long', 'make the template smaller', { transient: true })
    : refusal(id, 'it was stopped', 'run the job again', { transient: true })
}
