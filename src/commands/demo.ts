import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { loadConfig } from '../config/load.js'
import type { Config } from '../config/schema.js'
import { assemble, makeFolders, type Workshop } from '../daemon/assemble.js'
import { startDaemon } from '../daemon/daemon.js'
import type { JobResult } from '../job/result.js'
import { parseSessionName } from '../session/name.js'
import { viewSession } from '../session/view.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { createLog } from '../support/log.js'
import { Problem } from '../support/problem.js'
import { childEnvironment, run } from '../support/process.js'
import { redactor } from '../support/redact.js'
import type { CommandContext, ExitCode } from './context.js'
import { cleanDemo, freeProjectName, standingSessions } from './demo/earlier.js'
import { formatPanes, settledPanes } from './demo/panes.js'
import { demoEnvironment, demoPlace, exists, makePlace, shown, type DemoPlace } from './demo/place.js'
import { makeRepository } from './demo/repository.js'
import { describeResult } from './demo/result.js'
import { postWebhook, type Accepted } from './demo/webhook.js'
import { findProgram } from './doctor/programs.js'

const pollMs = 10
const jobTimeoutMs = 180_000
const stopGraceMs = 5000

/** `devorch demo`: the main job once, from a signed webhook to a session with four panes, on a throw-away home. */
export async function demo(context: CommandContext, clean: boolean): Promise<ExitCode> {
  if (context.home !== undefined) {
    context.complain('the demo makes a home of its own; leave --home out')
    return 2
  }
  const place = demoPlace(context.environment)
  if (clean) return await cleanDemo(context, place)
  if (!(await programsAreThere(context))) return 1

  context.print(`Everything that this demo makes is in ${shown(place.folder)} and on a tmux server of its own.`)
  if ((await findProgram('claude', context.environment)) !== undefined)
    context.print('Claude Code is installed, so it is started as always: with your login, on the demo’s project.')
  context.print('')
  const environment = demoEnvironment(context.environment)
  const secret = await makePlace(place)
  const config = await demoConfig(place, environment)
  await makeFolders(place.home)
  const made = await makeRepository(place.repository, childEnvironment(environment), context.signal)
  say(context, 'repository', `${shown(place.repository)}${made === 'made' ? '' : ', of an earlier demo'}`)

  const log = createLog({
    level: config.log.level,
    days: config.log.days,
    folder: place.home.logs,
    redact: redactor([secret]),
    journald: false,
    silent: true,
  })
  try {
    const workshop = assemble(place.home, config, environment, log)
    const daemon = await startDaemon({ home: place.home, config, environment, log })
    try {
      say(context, 'daemon', `${daemon.url}, home ${shown(place.home.base)}`)
      return await perform(context, place, workshop, { url: daemon.url, secret })
    } finally {
      await daemon.stop(stopGraceMs)
    }
  } finally {
    await log.close()
  }
}

async function perform(
  context: CommandContext,
  place: DemoPlace,
  workshop: Workshop,
  daemon: { readonly url: string; readonly secret: string },
): Promise<ExitCode> {
  const standing = await standingSessions(workshop.tools.tmux)
  if (standing.size > 0) say(context, 'earlier', `${[...standing.values()].join(', ')} stays as it is`)
  const project = await freeProjectName(place, standing)
  const job = {
    project_name: project,
    repo_url: pathToFileURL(place.repository).href,
    template_hint: 'node-cli',
    requirements_summary: 'A command-line tool that counts words',
  }
  const accepted = await postWebhook(daemon.url, job, daemon.secret)
  say(context, 'webhook', 'POST /create-session with X-Hub-Signature-256: 202, the job is on disk')
  const result = await follow(context, place, workshop, accepted, project)
  if (result === undefined) return 1
  if (result.status === 'failed' || result.status === 'cancelled' || result.status === 'duplicate') {
    context.complain(result.status === 'duplicate' ? result.message : result.error.message)
    return 1
  }
  say(context, 'session', result.session)
  for (const [heading, text] of describeResult(result)) say(context, heading, text)
  context.print('')
  await showPanes(context, workshop, result.session)
  const attach = result.attach_command ?? ''
  context.print('The daemon stops now, and the session goes on without it.')
  context.print('')
  say(context, 'look at it', `${attach}   (leave it with Ctrl-b d)`)
  say(context, 'remove it all', 'npm run demo -- --clean')
  return 0
}

/** Tells where the job's file goes until it rests; undefined where it does not come to rest in time, or was stopped. */
async function follow(
  context: CommandContext,
  place: DemoPlace,
  workshop: Workshop,
  accepted: Accepted,
  project: string,
): Promise<JobResult | undefined> {
  const begunMs = performance.now()
  const tell = (heading: string, path: string) => {
    const seconds = ((performance.now() - begunMs) / 1000).toFixed(2)
    say(context, heading, `${shown(path)}  ${seconds} s`)
  }
  const { home, spool } = workshop
  const folders = { queued: home.inbox, active: home.active, done: home.done, failed: home.failed }
  const workingCopy = join(place.projects, project)
  let last: keyof typeof folders | undefined
  let cloned = false
  while (performance.now() - begunMs < jobTimeoutMs && !context.signal.aborted) {
    if (!cloned && (await exists(workingCopy))) {
      cloned = true
      tell('working copy', workingCopy)
    }
    const job = await spool.find(accepted.jobId)
    if (job !== undefined && job.state !== last) {
      last = job.state
      tell(job.state === 'queued' ? 'job' : '  now in', join(folders[job.state], `${job.id}.yaml`))
    }
    // The result is written before the file's last move.
    if (job !== undefined && ['done', 'failed'].includes(job.state)) return job.result
    await delay(pollMs)
  }
  context.complain(
    context.signal.aborted
      ? 'stopped; `npm run demo -- --clean` removes what there is'
      : `the job has not ended within ${(jobTimeoutMs / 1000).toString()} s; see the log in ${shown(home.logs)}`,
  )
  return undefined
}

async function showPanes(context: CommandContext, workshop: Workshop, session: string): Promise<void> {
  const name = parseSessionName(session)
  const view = name === undefined ? undefined : await viewSession(name, workshop.tools)
  if (view === undefined) return
  const panes = await settledPanes(view.panes, workshop.tools.tmux, context.signal)
  for (const line of formatPanes(panes, { lines: 16, width: 110 })) context.print(line)
}

function say(context: CommandContext, heading: string, text: string): void {
  context.print(`${heading.padEnd(15)}${text}`)
}

async function demoConfig(place: DemoPlace, environment: CommandContext['environment']): Promise<Config> {
  const result = await loadConfig(place.home, environment)
  if (result.ok) return result.config
  throw new Problem({
    doing: `read ${result.file}`,
    because: result.problems.map(formatFieldProblem).join('; '),
    remedy: 'begin anew: npm run demo -- --clean',
  })
}

/** What is not there is named with the command that installs it; ranger can be done without. */
async function programsAreThere(context: CommandContext): Promise<boolean> {
  const env = childEnvironment(context.environment)
  const missing: string[] = []
  for (const [program, argument] of Object.entries({ git: '--version', tmux: '-V', ranger: '--version' })) {
    const result = await run(program, [argument], { env, timeoutMs: 10_000 })
    if (result.ended === 'missing') missing.push(program)
  }
  if (missing.length === 0) return true
  const install = `${process.getuid?.() === 0 ? '' : 'sudo '}apt-get install -y ${missing.join(' ')}`
  if (missing.every((program) => program === 'ranger')) {
    context.print(`note: ranger is not installed, so its pane will be a shell; to install it: ${install}`)
    return true
  }
  context.complain(`the demo needs ${missing.join(' and ')}; to install: ${install}`)
  return false
}
