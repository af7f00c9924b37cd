/** The tracker's file name, in the root of the working copy. */
export const trackerName = 'PROGRESS_TRACKER.md'

/** The most that a tracker may hold, in bytes. */
export const maxTrackerBytes = 1024 * 1024
