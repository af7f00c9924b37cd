import { once } from 'node:events'
import { startDaemon } from '../daemon/daemon.js'
import { createLog } from '../support/log.js'
import { redactor } from '../support/redact.js'
import { loadHome, type CommandContext, type ExitCode } from './context.js'

/** Below systemd's default TimeoutStopSec of 90 s. */
const stopGraceMs = 20_000

/** `devorch serve`: runs the daemon until SIGTERM or SIGINT. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  const found = await loadHome(context)
  if (found === undefined) return 1
  const { home, config } = found
  const { github_secrets: githubSecrets, tokens, basic } = config.auth
  const log = createLog({
    level: config.log.level,
    days: config.log.days,
    folder: home.logs,
    redact: redactor([...githubSecrets, ...tokens, ...basic.map(({ password }) => password)]),
    journald: context.environment['JOURNAL_STREAM'] !== undefined,
  })
  try {
    const daemon = await startDaemon({ home, config, environment: context.environment, log })
    if (context.isTerminal)
      context.print(`listening on ${daemon.url}, inbox ${home.inbox}; Ctrl-C stops, sessions go on`)
    if (!context.signal.aborted) await once(context.signal, 'abort')
    await daemon.stop(stopGraceMs, context.hurry)
    return 0
  } finally {
    await log.close()
  }
}
