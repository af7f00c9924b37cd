import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { jobFileFields } from '../support/job-file.js'
import { git } from '../support/repositories.js'
import { until, type Client } from './client.js'
import type { Place } from './place.js'
import type { Scenario } from './scenarios.js'

/** What a round came to: what is wrong, a line each, and what is compared with the round in which nothing was killed. */
export interface Findings {
  readonly violations: readonly string[]
  readonly jobs: number
  /** Of each file of the working copies the path and a digest. */
  readonly contents: readonly string[]
}

/** Looks at everything that a scenario leaves, once the daemon has nothing to do any more. */
export async function check(scenario: Scenario, client: Client, kills: number, contents?: readonly string[]) {
  const { place } = client
  const violations: string[] = []
  const records = await readRecords(place, violations)
  checkWishes(scenario, client, records, violations)
  await checkSessions(scenario, place, records, violations)
  await checkStarts(scenario, place, kills, violations)
  const found = await checkProjects(scenario, place, violations)
  if (contents !== undefined) compare(contents, found, violations)
  return { violations, jobs: records.length, contents: found } satisfies Findings
}

interface RecordFile {
  readonly state: string
  readonly name: string
  readonly text: string
  /** `result.status`, or `raw`. */
  readonly status: string
}

async function readRecords(place: Place, violations: string[]): Promise<RecordFile[]> {
  const records: RecordFile[] = []
  for (const state of ['inbox', 'active', 'done', 'failed'] as const) {
    for (const name of (await readdir(place.home[state])).sort()) {
      const text = await readFile(join(place.home[state], name), 'utf8')
      if (name.endsWith('.raw')) {
        records.push({ state, name, text, status: 'raw' })
        continue
      }
      const status = statusOf(name, text)
      records.push({ state, name, text, status })
      const resting = state === 'done' || state === 'failed'
      if (!resting || status === '?') violations.push(`${state}/${name} is no settled job:\n${text}`)
    }
  }
  return records
}

/** `?`: the file is no whole record of the job that it is named for. */
function statusOf(name: string, text: string): string {
  try {
    const { job_id: id, result } = jobFileFields(Buffer.from(text))
    if (name !== `${String(id)}.yaml` || typeof result !== 'object' || result === null) return '?'
    return 'status' in result ? String(result.status) : '?'
  } catch {
    return '?'
  }
}

/** Each job is there once, and ended as it had to. */
function checkWishes(scenario: Scenario, client: Client, records: readonly RecordFile[], violations: string[]): void {
  let files = 0
  for (const { marker, ends } of scenario.wishes) {
    const ended = records.filter(({ text }) => text.includes(marker))
    files += ends.length + ends.filter((end) => end === 'raw').length
    const statuses = ended.map(({ status }) => status).join(' ')
    if (statuses === ends.join(' ')) continue
    const told = ended.map(({ state, name, text }) => `${state}/${name}:\n${text}`).join('\n')
    violations.push(`${marker}: ${statuses === '' ? 'no file' : statuses}, not ${ends.join(' ')}\n${told}`)
  }
  if (records.length !== files) {
    const names = records.map(({ state, name }) => `${state}/${name}`).join(', ')
    violations.push(`${records.length.toString()} files in the queue's folders, not ${files.toString()}: ${names}`)
  }
  for (const [what, id] of client.acknowledged) {
    if (!records.some(({ name }) => name === `${id}.yaml`))
      violations.push(`${what}: ${id} was acknowledged and is gone`)
  }
}

/** The sessions that tmux, the registry and the scenario know are the same, and whole. */
async function checkSessions(
  scenario: Scenario,
  place: Place,
  records: readonly RecordFile[],
  violations: string[],
): Promise<void> {
  const wanted = scenario.sessions.map((project) => `${project}-dev`).join(' ')
  const listed = await place.tmux('list-sessions', '-F', '#{session_name} #{session_windows} #{@devorch_job}')
  const sessions = listed.split('\n').map((line) => line.split(' '))
  const standing = sessions.map(([name]) => name).sort()
  if (standing.join(' ') !== wanted) violations.push(`the sessions ${standing.join(' ')} stand, not ${wanted}`)
  const names = (await readdir(place.home.sessions)).filter((name) => name.endsWith('.yaml')).sort()
  const known = names.map((name) => name.slice(0, -'.yaml'.length)).join(' ')
  if (known !== wanted) violations.push(`the registry knows ${known}, not ${wanted}`)
  for (const [name = '', windows = '', jobId = ''] of sessions) {
    const panes = (await place.tmux('list-panes', '-s', '-t', `=${name}:`, '-F', '#{@devorch_role}')).split('\n')
    if (windows !== '1' || panes.sort().join(' ') !== 'agent apps files terminal')
      violations.push(`${name} has ${windows} windows with the panes ${panes.join(' ')}`)
    if (!records.some((record) => record.name === `${jobId}.yaml` && record.state === 'done'))
      violations.push(`${name} is of the job ${jobId}, which is not done`)
    const record = await readFile(join(place.home.sessions, `${name}.yaml`), 'utf8').catch(() => '')
    if (!record.includes(`job_id: ${jobId}\n`)) violations.push(`${name}: tmux and the registry name another job`)
  }
}

/** An agent was started once for each session that was made, and no session was made twice. */
async function checkStarts(scenario: Scenario, place: Place, kills: number, violations: string[]): Promise<void> {
  for (const project of scenario.sessions) {
    const most = scenario.starts?.[project] ?? 1
    const read = async () =>
      (await readFile(place.starts, 'utf8')).split('\n').filter((line) => line.startsWith(`${project} `))
    // The pane begins on its own after tmux has answered.
    await until(async () => (await read()).length >= most, `the agent of ${project} starts`).catch(() => undefined)
    const starts = await read()
    // A session that is asked for more than once may be made anew by each attempt at it.
    const allowed = most === 1 ? 1 : most + kills
    if (starts.length < most || starts.length > allowed || new Set(starts).size !== starts.length)
      violations.push(`the agent of ${project} was started ${starts.length.toString()} times: ${starts.join(', ')}`)
    const id = await place.tmux('display-message', '-p', '-t', `=${project}-dev:`, '#{pid},#{session_id}')
    if (!starts.includes(`${project} ${id.replace('$', '')}`))
      violations.push(`no agent was started in ${project}-dev (${id})`)
  }
}

/** The working copies are whole; @returns what is in them */
async function checkProjects(scenario: Scenario, place: Place, violations: string[]): Promise<string[]> {
  const trash = await checkTrash(scenario, place, violations)
  const names = (await readdir(place.projects)).filter((name) => !name.startsWith(trashPrefix)).sort()
  if (names.join(' ') !== scenario.projects.join(' '))
    violations.push(`the projects are ${names.join(' ')}, not ${scenario.projects.join(' ')}`)
  const projects = [...names.map((name) => ({ project: name, folder: join(place.projects, name) })), ...trash]
  const found: string[] = []
  const mirrors = (await readdir(place.home.mirrors)).filter((name) => name.endsWith('.git'))
  const repositories = [
    ...projects.map(({ folder }) => folder),
    ...mirrors.map((name) => join(place.home.mirrors, name)),
  ]
  for (const folder of repositories) {
    try {
      const told = await git(folder, 'fsck', '--full', '--no-dangling', '--no-progress')
      if (told !== '') violations.push(`${folder}: git fsck said ${told}`)
    } catch (error) {
      violations.push(`${folder} is no whole repository: ${String(error)}`)
    }
  }
  for (const { project, folder } of projects) {
    const changed = await git(folder, 'status', '--porcelain', '--untracked-files=no').catch(String)
    if (changed !== '') violations.push(`${project} is not as it was committed:\n${changed}`)
    for (const path of await filesIn(folder)) {
      if (path.startsWith('.git/')) continue
      const digest = createHash('sha256')
        .update(await readFile(join(folder, path)))
        .digest('hex')
      // What stands in it of the round's own name differs.
      const own = path === 'PROGRESS_TRACKER.md' && scenario.name === 'retries'
      found.push(`${project}/${path} ${own ? 'a tracker' : digest.slice(0, 12)}`)
    }
    const exclude = await readFile(join(folder, '.git', 'info', 'exclude'), 'utf8').catch(() => '')
    if (exclude.split('PROGRESS_TRACKER.md').length !== 2)
      violations.push(`${project}: .git/info/exclude is ${exclude}`)
  }
  return found.sort()
}

const trashPrefix = '.devorch-trash-'

/** What was removed is in the trash whole, and nothing of it runs. @returns the working copies there */
async function checkTrash(
  scenario: Scenario,
  place: Place,
  violations: string[],
): Promise<{ readonly project: string; readonly folder: string }[]> {
  const wanted = (scenario.trash ?? []).join(' ')
  const ids = (await readdir(place.projects)).filter((name) => name.startsWith(trashPrefix))
  const copies = ids.sort().map((name) => ({ id: name.slice(trashPrefix.length), folder: join(place.projects, name) }))
  const projects = copies.map(({ id, folder }) => ({ project: id.slice(20, -17), folder }))
  const told = projects.map(({ project }) => project).join(' ')
  if (told !== wanted) violations.push(`the working copies in the trash are ${told}, not ${wanted}`)
  const kept = (await readdir(place.home.trash)).sort().join(' ')
  const expected = copies.flatMap(({ id }) => [id, `${id}.yaml`]).join(' ')
  if (kept !== expected) violations.push(`state/trash holds ${kept}, not ${expected}`)
  for (const { id } of copies) {
    const record = await readFile(join(place.home.trash, `${id}.yaml`), 'utf8').catch(() => '')
    if (!record.includes(`job_id: ${id}\n`) || !record.includes('\nremoved:\n'))
      violations.push(`the record of ${id} in the trash is:\n${record}`)
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      if (environment.includes(`DEVORCH_JOB=${id}\0`)) violations.push(`process ${pid} of ${id} goes on`)
    }
  }
  return projects
}

function compare(expected: readonly string[], found: readonly string[], violations: string[]): void {
  for (const line of expected) if (!found.includes(line)) violations.push(`missing or changed: ${line}`)
  for (const line of found) if (!expected.includes(line)) violations.push(`too much or changed: ${line}`)
}

/** Names that only what is under way has. */
const temporary = /\.tmp$|\.new$|\.claimed\.|^\.devorch-(?!trash-[^.]*$)|^tmp_|^cancel-|^devorch-mirror$/

/** What is to be there only while a daemon is at it, a line each: to be asked once all of them have ended. */
export async function findLeftovers(place: Place): Promise<string[]> {
  const found: string[] = []
  for (const folder of [place.home.base, place.projects]) {
    for (const path of await filesIn(folder, true)) {
      const parts = path.split('/')
      const git = parts.some((part) => part === '.git' || part.endsWith('.git'))
      if (parts.some((part) => temporary.test(part)) || (git && path.endsWith('.lock') && parts.length > 3))
        found.push(`left behind: ${join(relative(place.folder, folder), path)}`)
    }
  }
  return found
}

async function filesIn(folder: string, folders = false): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => folders || !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
