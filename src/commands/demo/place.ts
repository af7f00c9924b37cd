import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { join, relative, resolve } from 'node:path'
import { stringify } from 'yaml'
import { homeAt, type Home } from '../../config/home.js'
import { packageRoot } from '../../support/package.js'
import { publish } from '../../support/files.js'
import { codeOf, Problem } from '../../support/problem.js'

/** Where the demo keeps everything that it makes. */
export interface DemoPlace {
  readonly folder: string
  readonly home: Home
  readonly projects: string
  /** The repository that the webhook names: a bare one, such as a server has. */
  readonly repository: string
}

/** The tmux server of the demo, apart from the user's own: `tmux -L devorch-demo`. */
export const demoSocketName = 'devorch-demo'

/** Says that the demo made the folder, so that it may remove it. */
const markerName = '.made-by-devorch-demo'

/** `.demo/` in the checkout, or what `DEVORCH_DEMO_DIR` names. */
export function demoPlace(environment: Readonly<Record<string, string | undefined>>): DemoPlace {
  const given = environment['DEVORCH_DEMO_DIR']
  const folder = given === undefined || given === '' ? join(packageRoot, '.demo') : resolve(given)
  return {
    folder,
    home: homeAt(join(folder, 'home')),
    projects: join(folder, 'projects'),
    repository: join(folder, 'repositories', 'demo-app.git'),
  }
}

/** The environment without what would lead the demo's daemon to another home or address. */
export function demoEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith('DEVORCH_') && !['CREDENTIALS_DIRECTORY', 'NOTIFY_SOCKET'].includes(name),
    ),
  )
}

/**
 * Makes the folder and the demo's config.yaml.
 * @returns the secret with which the webhook is signed
 * @throws Problem where something else is in the place
 */
export async function makePlace(place: DemoPlace): Promise<string> {
  const { folder, home } = place
  await mkdir(folder, { recursive: true })
  if ((await holds(folder)) === 'something-else') {
    throw new Problem({
      doing: `use ${folder} for the demo`,
      because: 'the folder is not empty and the demo did not make it',
      remedy: 'move it away, or name another one with DEVORCH_DEMO_DIR',
    })
  }
  await publish(join(folder, markerName), 'Made by `devorch demo`; `devorch demo --clean` removes this folder.\n')
  await mkdir(home.base, { recursive: true, mode: 0o700 })
  const secret = randomBytes(24).toString('base64url')
  await publish(join(home.base, 'config.yaml'), configText(place, secret))
  return secret
}

/** Removes the whole folder. @returns false where there was none. @throws Problem where the demo did not make it */
export async function removePlace(place: DemoPlace): Promise<boolean> {
  switch (await holds(place.folder)) {
    case 'nothing':
      return false
    case 'demo':
      await rm(place.folder, { recursive: true, maxRetries: 5, retryDelay: 100 })
      return true
    case 'something-else':
      throw new Problem({
        doing: `remove ${place.folder}`,
        because: 'the demo did not make it',
        remedy: 'remove it by hand where that is what you want',
      })
  }
}

/** A path as a person in this folder would write it. */
export function shown(path: string): string {
  const near = relative(process.cwd(), path)
  return near.startsWith('..') || near === '' ? path : near
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

async function holds(folder: string): Promise<'nothing' | 'demo' | 'something-else'> {
  try {
    const names = await readdir(folder)
    if (names.includes(markerName)) return 'demo'
    return names.length === 0 ? 'nothing' : 'something-else'
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'nothing'
    throw error
  }
}

function configText(place: DemoPlace, secret: string): string {
  const config = {
    server: { port: 0 },
    auth: { github_secrets: [secret] },
    projects_dir: place.projects,
    repositories: { protocols: ['file'] },
    worker: { min_free_memory_mb: 0 },
    tmux: { socket_name: demoSocketName },
  }
  return `# The demo's own; see docs/configuration.md for every key.\n${stringify(config, { lineWidth: 0 })}`
}
