import { basename } from 'node:path'
import { FSWatcher } from 'chokidar'
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
  const watcher = new FolderWatcher({ ignored: (path) => !watched.has(path), ignoreInitial: true, depth: 0 })
  watcher.add([...folders])
  watcher.on('raw', (_event: string, path: unknown) => {
    // A hidden file is one under way: the rename that publishes it comes with its own event.
    if (typeof path !== 'string' || !basename(path).startsWith('.')) hint()
  })
  watcher.on('error', (error) => {
    log.warn('watching the inbox failed; the periodic look goes on', { error })
  })
  return { close: () => watcher.close() }
}

/**
 * Does not read the folders: chokidar 5.0 lists a folder again at every event in it and asks for each file's state, over
 * and over while files come in, only to ignore them all.
 */
class FolderWatcher extends FSWatcher {
  override _readdirp(): undefined {
    return undefined
  }
}
