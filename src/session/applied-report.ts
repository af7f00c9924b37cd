import type { Applied } from '../template/apply.js'

/** What a template did to a working copy, for the job's result. */
export interface AppliedReport {
  /** Paths, at most `maxListedPaths` of each kind; `counts` has all of them. */
  readonly created: readonly string[]
  readonly identical: readonly string[]
  /** Something else stood there, and stayed. */
  readonly skipped: readonly string[]
  readonly counts: { readonly created: number; readonly identical: number; readonly skipped: number }
}

/** A job's record is for people to read, and a template may have thousands of files. */
const maxListedPaths = 100

/** @param applied undefined where no template was applied */
export function appliedReport(applied: Applied | undefined): AppliedReport {
  const { created, identical, skipped } = applied ?? { created: [], identical: [], skipped: [] }
  return {
    created: created.slice(0, maxListedPaths),
    identical: identical.slice(0, maxListedPaths),
    skipped: skipped.slice(0, maxListedPaths),
    counts: { created: created.length, identical: identical.length, skipped: skipped.length },
  }
}
