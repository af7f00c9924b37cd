import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { packageRoot } from '../support/package.js'

/** The folders under the base, `DEVORCH_HOME`. */
export interface Home {
  readonly base: string
  readonly inbox: string
  readonly active: string
  readonly done: string
  readonly failed: string
  readonly sessions: string
  readonly mirrors: string
  /** Records of removed sessions; their working copies lie beside where they stood. */
  readonly trash: string
  /** What was told on GitHub's issues. */
  readonly reports: string
  /** Switches of people for the daemon: `paused`, `cancel-JOB`. */
  readonly control: string
  readonly logs: string
  readonly templates: string
  readonly layouts: string
}

export function homeAt(base: string): Home {
  const state = join(base, 'state')
  return {
    base,
    inbox: join(base, 'inbox'),
    active: join(state, 'active'),
    done: join(state, 'done'),
    failed: join(state, 'failed'),
    sessions: join(state, 'sessions'),
    mirrors: join(state, 'mirrors'),
    trash: join(state, 'trash'),
    reports: join(state, 'reports'),
    control: join(state, 'control'),
    logs: join(base, 'logs'),
    templates: join(base, 'templates'),
    layouts: join(base, 'layouts'),
  }
}

/** Where layouts are: those that are shipped, and the home's, which have precedence. */
export function layoutFoldersOf(home: Home): readonly string[] {
  return [...new Set([join(packageRoot, 'layouts'), home.layouts])]
}

/** The base in force: the option, else `DEVORCH_HOME`, else the checkout, else `/var/lib/dev-orchestrator`. */
export async function findHome(
  option: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Home> {
  const given = option ?? environment['DEVORCH_HOME']
  if (given !== undefined && given !== '') return homeAt(resolve(expandTilde(given)))
  return homeAt((await isCheckout()) ? packageRoot : '/var/lib/dev-orchestrator')
}

async function isCheckout(): Promise<boolean> {
  try {
    await access(join(packageRoot, 'src', 'main.ts'))
    return true
  } catch {
    return false
  }
}

/** `~/x` in the home of the user who runs this; everything else as it is. */
export function expandTilde(path: string): string {
  if (path === '~') return homedir()
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/** A path of the configuration: `~` expanded, relative ones against the base. */
export function configuredPath(path: string, home: Home): string {
  const expanded = expandTilde(path)
  return isAbsolute(expanded) ? resolve(expanded) : resolve(home.base, expanded)
}
