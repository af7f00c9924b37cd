import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { loadConfig } from '../config/load.js'
import type { Home } from '../config/home.js'
import type { Config } from '../config/schema.js'
import { startDaemon } from '../daemon/daemon.js'
import { formatFieldProblem } from '../support/field-problem.js'
import { createLog } from '../support/log.js'
import { knownSecrets } from '../support/redact.js'
import { isJournal } from '../systemd/journal.js'
import { loadHome, type CommandContext, type ExitCode } from './context.js'

/** Below TimeoutStopSec= of dev-orchestrator.service, with the calls under way and what ends slowly. */
const stopGraceMs = 20_000

/** `devorch serve`: runs the daemon until SIGTERM or SIGINT; SIGHUP has it read its configuration again. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const { home, config } = found
  const secrets = knownSecrets(secretsOf(config))
  // winston-daily-rotate-file 5.0 would make it open to everybody. Where it can't be made the log says so.
  await mkdir(home.logs, { recursive: true, mode: 0o700 }).catch(() => undefined)
  const log = createLog({
    level: config.log.level,
    days: config.log.days,
    folder: home.logs,
    redact: secrets.redact,
    journald: await isJournal(context.environment),
  })
  const load = async (): Promise<Config | undefined> => {
    const next = await readAgain(home, context, (file, problem) => {
      log.error('configuration refused; the one before stays in force', { file, problem })
    })
    // Before anything could be said of the new secrets; the old ones stay out of the log too.
    if (next !== undefined) secrets.add(secretsOf(next))
    return next
  }
  try {
    const starting = startDaemon({ home, config, environment: context.environment, log, secrets })
    // Where a person watches, the end of the terminal ends the daemon, as before.
    if (!context.isTerminal) {
      listenForReloads(context, async () => {
        const inForce = await (await starting).reload(load)
        if (inForce !== undefined) log.setLevel(inForce.log.level)
      })
    }
    const daemon = await starting
    if (context.isTerminal)
      context.print(`listening on ${daemon.url}, inbox ${home.inbox}; Ctrl-C stops, sessions go on`)
    if (!context.signal.aborted) await once(context.signal, 'abort')
    await daemon.stop(stopGraceMs, context.hurry)
    return 0
  } finally {
    await log.close()
  }
}

/** One reload after another. One that fails has said so; where the daemon did not start there is nothing to reload. */
function listenForReloads(context: CommandContext, reload: () => Promise<unknown>): void {
  let last: Promise<unknown> = Promise.resolve()
  context.onHangup(() => {
    last = last.then(() => (context.signal.aborted ? undefined : reload())).catch(() => undefined)
  })
}

/** The configuration as it is now; undefined where it is wrong, of which each problem is told. */
async function readAgain(
  home: Home,
  context: CommandContext,
  tell: (file: string, problem: string) => void,
): Promise<Config | undefined> {
  const result = await loadConfig(home, context.environment)
  if (result.ok) return result.config
  for (const problem of result.problems) tell(result.file, formatFieldProblem(problem))
  return undefined
}

function secretsOf(config: Config): string[] {
  const { github_secrets: githubSecrets, tokens, basic } = config.auth
  return [...githubSecrets, ...tokens, ...basic.map(({ password }) => password)]
}
