import { findHome } from '../config/home.js'
import { newestJobMs } from '../job/find.js'
import { loadConfig } from '../config/load.js'
import { printable } from '../support/text.js'
import type { CommandContext, ExitCode } from './context.js'
import { checkAgents, probeAgents } from './doctor/agents.js'
import type { Check } from './doctor/check.js'
import { checkConfig, checkDaemon, probeDaemon } from './doctor/daemon.js'
import { checkEnvironment, probeEnvironment } from './doctor/environment.js'
import { checkFolders, probeFolders } from './doctor/folders.js'
import { checkGithub, probeGithub } from './doctor/github.js'
import { checkInstallation, probeInstallation } from './doctor/installation.js'
import { checkMachine, probeMachine } from './doctor/machine.js'

/** `devorch doctor`: looks at the machine, the home and the configuration, and says what to mend; changes nothing. */
export async function doctor(context: CommandContext, json: boolean): Promise<ExitCode> {
  const { environment } = context
  const home = await findHome(context.home, environment)
  const loaded = await loadConfig(home, environment)
  const config = loaded.ok ? loaded.config : undefined
  const disks = { home: home.base, ...(config === undefined ? {} : { projects: config.projects_dir }) }
  const installation = await probeInstallation(home, environment)
  const newestJob = await newestJobMs(home)
  const [machine, folders, agents, daemon, github, secrets] = await Promise.all([
    probeMachine(environment, config, disks, newestJob),
    probeFolders(home, config?.projects_dir, installation?.groupGid),
    config === undefined ? [] : probeAgents(config, environment),
    loaded.ok ? probeDaemon(home, loaded, environment) : undefined,
    config === undefined ? undefined : probeGithub(config),
    config === undefined ? [] : probeEnvironment(config, environment),
  ])
  const checks = [
    ...checkMachine(machine, config?.worker.min_free_memory_mb ?? 0),
    ...checkConfig(loaded, daemon?.configMode),
    ...checkFolders(folders),
    ...(loaded.ok && daemon !== undefined ? checkDaemon(daemon, loaded, installation) : []),
    ...(installation === undefined ? [] : checkInstallation(installation)),
    ...checkGithub(github),
    ...checkEnvironment(secrets),
    ...checkAgents(agents),
  ]
  if (json) context.print(JSON.stringify(checks, undefined, 2))
  else for (const line of formatChecks(checks)) context.print(line)
  return checks.some((check) => check.level === 'FAIL') ? 1 : 0
}

/** A line each, with a further one for the remedy, and a count at the end. Pure. */
function formatChecks(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map((check) => check.subject.length))
  const lines = checks.flatMap((check) => {
    const line = `${check.level.padEnd(4)}  ${printable(check.subject, 60).padEnd(width)}  ${printable(check.finding, 300)}`
    return check.level === 'OK' ? [line] : [line, `${' '.repeat(width + 6)}  → ${printable(check.remedy, 300)}`]
  })
  const count = (level: Check['level']) => checks.filter((check) => check.level === level).length.toString()
  return [...lines, '', `${count('FAIL')} to mend, ${count('WARN')} to know, ${count('OK')} in order`]
}
