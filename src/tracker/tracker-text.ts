/** The tracker's file name, in the root of the working copy. */
export const trackerName = 'PROGRESS_TRACKER.md'

/** The most that a tracker may hold, in bytes. */
export const maxTrackerBytes = 1024 * 1024

/** A tracker, and how far to trust it. */
export interface TrackerText {
  readonly from: 'inline' | 'url' | 'template' | 'composed' | 'repository'
  readonly text: string
  /** True: may be given to the agent as instructions. False: into the conversation only, worded as data. */
  readonly trusted: boolean
}
