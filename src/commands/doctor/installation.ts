import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../../config/home.js'
import { packageRoot, programFile } from '../../support/package.js'
import { codeOf } from '../../support/problem.js'
import { findGroup, findUser, unitStates, type UnitState } from '../install/ask.js'
import { lookAtFile } from '../install/facts.js'
import { fingerprint } from '../install/fingerprint.js'
import { credentialsFolder, hashOf, isInstalled, readManifest, type Manifest } from '../install/manifest.js'
import { dropInPath, unitNames, type UnitName } from '../install/unit-files.js'
import { fail, ok, warn, type Check } from './check.js'

type Environment = Readonly<Record<string, string | undefined>>

/** What is known of the service that `devorch install` made for a home. */
export interface InstallationFacts {
  readonly manifest: Manifest
  /** Files of the installation that are gone, and those that are not as install wrote them. */
  readonly missing: readonly string[]
  readonly changed: readonly string[]
  /** Of this program: whether it is the installed one, in the state in which the service was last started. */
  readonly isThisProgram: boolean
  readonly isUpToDate: boolean
  readonly units: Readonly<Record<UnitName, UnitState>>
  /** By the drop-in of the service. */
  readonly credentials: readonly { readonly name: string; readonly file: 'there' | 'missing' | 'unknown' }[]
  /** The number of the group that may drop jobs. */
  readonly groupGid: number | undefined
  /** Whether it is the user of the service who runs this. */
  readonly isServiceUser: boolean
}

/** Looks at the installation; undefined where this home has none. Root's secrets are not read. @throws Problem */
export async function probeInstallation(home: Home, environment: Environment): Promise<InstallationFacts | undefined> {
  const manifest = await readManifest()
  if (!isInstalled(manifest) || manifest.home !== home.base) return undefined
  const missing: string[] = []
  const changed: string[] = []
  for (const [path, hashes] of Object.entries(manifest.files)) {
    const found = await lookAtFile(path)
    if (found.kind === 'missing') missing.push(path)
    else if (found.kind === 'odd' || !hashes.includes(hashOf(found.text))) changed.push(path)
  }
  return {
    manifest,
    missing,
    changed,
    isThisProgram: manifest.main === programFile('main.js'),
    isUpToDate: manifest.program === (await fingerprint(packageRoot)),
    units: await unitStates(environment),
    credentials: await loadedCredentials(),
    groupGid: await findGroup(manifest.group.name, environment),
    isServiceUser: (await findUser(manifest.user, environment))?.uid === process.getuid?.(),
  }
}

/** Judges the installation. Pure. */
export function checkInstallation(facts: InstallationFacts): Check[] {
  return [checkFiles(facts), ...checkUnits(facts), checkUser(facts), checkCredentials(facts)]
}

function checkFiles({ manifest, missing, changed, isThisProgram, isUpToDate }: InstallationFacts): Check {
  const subject = 'installation'
  if (missing.length > 0) return fail(subject, `not there any more: ${missing.join(', ')}`, 'sudo devorch install')
  if (!isThisProgram)
    return warn(subject, `is of another program, ${manifest.main}`, `use that one: node ${manifest.main}`)
  if (changed.length > 0) {
    const remedy = 'put settings of your own into another drop-in (systemctl edit); an upgrade refuses to replace these'
    return warn(subject, `changed since install wrote them: ${changed.join(', ')}`, remedy)
  }
  return isUpToDate
    ? ok(subject, `version ${manifest.version}, for ${manifest.user}`)
    : warn(subject, 'the program has changed since the service was started', 'sudo devorch install')
}

function checkUnits({ units }: InstallationFacts): Check[] {
  return Object.values(unitNames).map((unit) => {
    const { active, enabled } = units[unit]
    if (!['active', 'reloading'].includes(active))
      return fail(unit, `is ${active}`, `see journalctl -u ${unit}, then: sudo systemctl start ${unit}`)
    return enabled === 'enabled'
      ? ok(unit, 'active, enabled')
      : warn(unit, `is active, but ${enabled}: it will not start at a boot`, `sudo systemctl enable ${unit}`)
  })
}

function checkUser({ manifest: { user }, isServiceUser }: InstallationFacts): Check {
  return isServiceUser
    ? ok('service user', `${user}; system units, so no lingering is needed`)
    : warn('service user', `is ${user}, and this is another`, `sudo -u ${user} -i devorch doctor`)
}

function checkCredentials({ credentials }: InstallationFacts): Check {
  const missing = credentials.filter(({ file }) => file === 'missing').map(({ name }) => name)
  if (missing.length > 0) {
    const what = `not in ${credentialsFolder}: ${missing.join(', ')}; the service can’t start without`
    return fail('credentials', what, 'put them back, or take them out with: sudo devorch install')
  }
  return ok('credentials', `${credentials.map(({ name }) => name).join(', ')}; handed over by systemd`)
}

async function loadedCredentials(): Promise<InstallationFacts['credentials']> {
  const dropIn = await lookAtFile(dropInPath(unitNames.service))
  if (dropIn.kind !== 'text') return []
  const names = [...dropIn.text.matchAll(/^LoadCredential=([^:\n]+):/gm)].flatMap(([, name]) => name ?? [])
  return await Promise.all(names.map(async (name) => ({ name, file: await isCredential(name) })))
}

/** Only root can look there. */
async function isCredential(name: string): Promise<'there' | 'missing' | 'unknown'> {
  try {
    await access(join(credentialsFolder, name))
    return 'there'
  } catch (error) {
    return codeOf(error) === 'ENOENT' ? 'missing' : 'unknown'
  }
}
