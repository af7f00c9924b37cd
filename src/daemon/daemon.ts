import { inboxTrouble } from './inbox-trouble.js'
import type { Home } from '../config/home.js'
import type { Config } from '../config/schema.js'
import { createWorker } from '../job/worker.js'
import { createApp } from '../receiver/app.js'
import { hasSecrets } from '../receiver/authenticate.js'
import { trustedProxies } from '../receiver/caller-address.js'
import { loadRules } from '../receiver/github/rules.js'
import type { ReceiverPorts } from '../receiver/ports.js'
import { createRateLimit } from '../receiver/rate-limit.js'
import { attachCommand } from '../session/build.js'
import { parseSessionName, sessionNameOf } from '../session/name.js'
import { standingJob } from '../session/standing-job.js'
import { checkJob } from '../session/plan.js'
import { viewSession, viewSessions } from '../session/view.js'
import type { Logger } from '../support/log.js'
import { assemble, makeFolders, type Workshop } from './assemble.js'
import { checkOneFilesystem, takeHome } from './claim-home.js'
import { heldBecause, readLoad } from './hold-back.js'
import { keepSessions } from './keep-sessions.js'
import { closeServer, listen, refuseOpenAddress, type ListenLimits } from './listen.js'
import { performJob } from './perform.js'
import { watchFolders } from './watch.js'

export interface DaemonOptions {
  readonly home: Home
  readonly config: Config
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  /** A test shortens them. */
  readonly listenLimits?: ListenLimits
}

/** A daemon that listens and works. */
export interface Daemon {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /** Stops in the reverse of the order of starting; running jobs get `graceMs`. Sessions go on. */
  stop(graceMs: number): Promise<void>
}

/** Starts everything, or nothing. @throws Problem */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { home, config, log } = options
  const releases: (() => Promise<void>)[] = []
  const release = async () => {
    for (const one of releases.splice(0).reverse()) await one()
  }
  try {
    const rules = await loadRules(config.github.rules)
    refuseOpenAddress(config.server.host, hasSecrets(config.auth))
    await makeFolders(home)
    const lock = await takeHome(home, options.environment)
    releases.push(() => lock.release())
    await checkOneFilesystem(home)

    const workshop = assemble(home, config, options.environment, log)
    const worker = createDaemonWorker(workshop, log)
    // Before the worker, so that a port that is taken is told before a job is begun, and calls are answered, also those
    // that wait for an outcome, while the running jobs end.
    const stopping = new AbortController()
    const app = createApp(receiverPorts(workshop, rules, stopping.signal, log))
    const { server, url } = await listen(app, config.server, log, options.listenLimits)
    releases.push(async () => {
      stopping.abort()
      await closeServer(server, 5000)
    })
    const watcher = watchFolders([home.inbox, home.control], worker.hint, log)
    releases.push(() => watcher.close())
    let graceMs = 0
    releases.push(() => worker.stop(graceMs))
    await worker.start()
    const keeper = keepSessions(workshop, log)
    releases.push(keeper.stop)
    log.info('ready', { url, home: home.base, authentication: hasSecrets(config.auth) ? 'required' : 'same user only' })
    return {
      url,
      async stop(grace) {
        graceMs = grace
        log.info('stopping', { running: worker.running() })
        await release()
        log.info('stopped')
      },
    }
  } catch (error) {
    await release()
    throw error
  }
}

function createDaemonWorker(workshop: Workshop, log: Logger): ReturnType<typeof createWorker> {
  const { config, control, tools } = workshop
  return createWorker({
    spool: workshop.spool,
    inbox: workshop.inbox,
    perform: (record, signal) => performJob(record, tools, signal),
    holdBack: async (action, creating) => heldBecause(action, await readLoad(workshop, creating), config.worker),
    cancelled: { list: () => control.cancelRequests(), clear: (id) => control.clearCancel(id) },
    concurrency: config.worker.concurrency,
    attempts: config.worker.attempts,
    rescanMs: config.inbox.rescan_ms,
    log,
  })
}

function receiverPorts(
  workshop: Workshop,
  rules: ReceiverPorts['github']['rules'],
  stopping: AbortSignal,
  log: Logger,
): ReceiverPorts {
  const { config, home, spool, tools } = workshop
  return {
    secrets: config.auth,
    isTrustedProxy: trustedProxies(config.server.trusted_proxies),
    stopping,
    rateLimit: createRateLimit(config.limits.requests_per_minute),
    limits: {
      signedBytes: Math.floor(config.limits.body_mb * 1024 * 1024),
      otherBytes: Math.floor(Math.min(config.limits.body_mb, 1) * 1024 * 1024),
      queuedJobs: config.limits.queued_jobs,
    },
    checkJob: (job) => checkJob(job, config),
    drop: async (job, origin, key) =>
      key === undefined
        ? { id: await spool.drop(job, origin), duplicate: false }
        : await spool.dropOnce(key, job, origin),
    pending: (project) => spool.pending(project),
    standingJob: (job) => standingJob(job, config, tools),
    github: { rules, policy: config.github },
    queuedJobs: () => spool.queued(),
    findJob: (id) => spool.find(id),
    whenSettled: (id, signal) => spool.whenSettled(id, signal),
    sessions: () => viewSessions(tools),
    async session(name) {
      const known = parseSessionName(name)
      return known === undefined ? undefined : await viewSession(known, tools)
    },
    sessionName: sessionNameOf,
    attachCommand: (name) => attachCommand(name, tools),
    notReady: () => inboxTrouble(home.inbox),
    log,
  }
}
