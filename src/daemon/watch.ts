import { basename } from 'node:path'
import { watch } from 'chokidar'
import type { Logger } from '../support/log.js'

/** Says when something in a folder may have changed. Events get lost, so the periodic look decides. */
export interface Watcher {
  close(): Promise<void>
}

/**
 * Watches folders, not their files: everything in them is ignored, so that chokidar 5 does not take one inotify
 * watch a file, and its `raw` events, which come all the same, are the hints.
 */
export function watchFolders(folders: readonly string[], hint: () => void, log: Logger): Watcher {
  const watched = new Set(folders)
  const watcher = watch([...folders], { ignored: (path) => !watched.has(path), ignoreInitial: true, depth: 0 })
  watcher.on('raw', (_event: string, path: unknown) => {
    // A hidden file is one under way: the rename that publishes it comes with its own event.
    if (typeof path !== 'string' || !basename(path).startsWith('.')) hint()
  })
  watcher.on('error', (error) => {
    log.warn('watching the inbox failed; the periodic look goes on', { error })
  })
  return { close: () => watcher.close() }
}
