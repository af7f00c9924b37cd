import { isAbsolute, join } from 'node:path'
import type { Layout, LayoutPane, LayoutWindow } from './layout.js'

/** What the paths and values of a layout are taken relative to. */
export interface Base {
  /** Absolute: the working copy, where tmuxp has the folder of its file or the current one. */
  readonly folder: string
  /** What `$NAME` stands for; `PWD` is the folder. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/**
 * `~`, `$NAME` and `${NAME}` as Python's os.path.expanduser and expandvars have them, by which tmuxp expands: an unknown
 * name is left as it is.
 */
export function expandText(text: string, base: Base): string {
  const { HOME: home } = base.variables
  const isHome = home !== undefined && (text === '~' || text.startsWith('~/'))
  const variables: Base['variables'] = { ...base.variables, PWD: base.folder }
  return (isHome ? `${home}${text.slice(1)}` : text).replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (written, bare: string | undefined, braced: string | undefined) => {
      const name = bare ?? braced ?? ''
      return (Object.hasOwn(variables, name) ? variables[name] : undefined) ?? written
    },
  )
}

/** The value of a variable or option: what begins with a dot is a path (tmuxp, loader.expand). */
export function expandValue(value: string, base: Base): string {
  const expanded = expandText(value, base)
  return expanded.startsWith('.') ? join(base.folder, expanded) : expanded
}

/**
 * The folder in which a pane begins, absolute. As in tmuxp, one that begins with a dot starts at that of the window, or
 * of the session; a window's other relative one at the session's; else it is relative to the base.
 */
export function folderOf(layout: Layout, window: LayoutWindow, pane: LayoutPane, base: Base): string {
  const ofSession = layout.startDirectory === undefined ? undefined : step(layout.startDirectory, base.folder, base)
  const windowsOwn = window.startDirectory === undefined ? undefined : expandText(window.startDirectory, base)
  const ofWindow = windowsOwn === undefined ? ofSession : resolveIn(ofSession ?? base.folder, windowsOwn)
  if (pane.startDirectory === undefined) return ofWindow ?? base.folder
  return step(pane.startDirectory, ofWindow ?? base.folder, base)
}

function step(path: string, parent: string, base: Base): string {
  const expanded = expandText(path, base)
  return resolveIn(expanded.startsWith('.') ? parent : base.folder, expanded)
}

function resolveIn(parent: string, path: string): string {
  return isAbsolute(path) ? path : join(parent, path)
}
