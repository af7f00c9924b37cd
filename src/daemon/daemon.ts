import type { Home } from '../config/home.js'
import type { Config } from '../config/schema.js'
import { createWorker, type Worker } from '../job/worker.js'
import { hasSecrets } from '../receiver/authenticate.js'
import { trustedProxies } from '../receiver/caller-address.js'
import { loadRules } from '../receiver/github/rules.js'
import type { Logger } from '../support/log.js'
import type { KnownSecrets } from '../support/redact.js'
import { systemProblem } from '../support/system-problem.js'
import { inheritedSocket } from '../systemd/inherited-socket.js'
import { createNotifier } from '../systemd/notify.js'
import { assemble, makeFolders, reconfigure, type Workshop } from './assemble.js'
import { checkOneFilesystem, takeHome } from './claim-home.js'
import { expireSessions } from './expire-sessions.js'
import { heldBecause, readLoad } from './hold-back.js'
import { createHousekeeping, type Housekeeping } from './housekeeping.js'
import { keepAgents } from './keep-agents.js'
import { keepFigures } from './keep-figures.js'
import { keepSessions } from './keep-sessions.js'
import { keepTrash } from './keep-trash.js'
import { closeServer, listen, refuseOpenAddress, type ListenLimits } from './listen.js'
import { performJob } from './perform.js'
import { createProgress, type Progress } from './progress.js'
import { requestHandler } from './receiver-ports.js'
import { reportIssues, type IssueReporter, type ReportTimes } from './report-issues.js'
import { supervise, type Supervision } from './supervise.js'
import { sweepLeftovers } from './sweep.js'
import { watchFolders } from './watch.js'

export interface DaemonOptions {
  readonly home: Home
  readonly config: Config
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  /** Of which the log shows none; what is read for panes is added. */
  readonly secrets?: KnownSecrets
  /** A test shortens them. */
  readonly listenLimits?: ListenLimits
  /** The same. */
  readonly reportTimes?: ReportTimes
}

/** A daemon that listens and works. */
export interface Daemon {
  /** `http://127.0.0.1:8080` */
  readonly url: string
  /**
   * Puts the configuration that `load` gives in force, without dropping a call or a job: what is under way ends under the
   * one before. Resolves to undefined where it was refused and the one before stands, which `load` or this has logged then.
   */
  reload(load: () => Promise<Config | undefined>): Promise<Config | undefined>
  /** Stops in the reverse of the order of starting; running jobs get `graceMs`, or until `hurry`. Sessions go on. */
  stop(graceMs: number, hurry?: AbortSignal): Promise<void>
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
    const inherited = inheritedSocket(options.environment)
    if (inherited === undefined) refuseOpenAddress(config.server.host, hasSecrets(config.auth))
    await makeFolders(home)
    const lock = await takeHome(home, options.environment)
    releases.push(() => lock.release())
    await checkOneFilesystem(home)

    const workshop = assemble(home, config, options.environment, log, options.secrets)
    const progress = createProgress()
    const housekeeping = createHousekeeping({ home, workshop, log })
    const reporter = reportIssues(workshop, log, options.reportTimes)
    const supervision = supervise(
      createNotifier(options.environment, log),
      workshop,
      () => worker.running().length,
      log,
    )
    const worker = createDaemonWorker({ workshop, progress, housekeeping, reporter, supervision, log })
    // Before the worker, so that a port that is taken is told before a job is begun, and calls are answered, also those
    // that wait for an outcome, while the running jobs end.
    const stopping = new AbortController()
    let handle = requestHandler({ workshop, rules, progress, stopping: stopping.signal, log })
    const { server, url, host } = await listen(
      (request, response) => {
        handle(request, response)
      },
      inherited === undefined ? { host: config.server.host, port: config.server.port } : { fd: inherited },
      log,
      options.listenLimits,
    )
    releases.push(async () => {
      stopping.abort()
      await closeServer(server, 5000)
    })
    refuseOpenAddress(host, hasSecrets(config.auth))
    const watcher = watchFolders([home.inbox, home.control], worker.hint, log)
    releases.push(() => watcher.close())
    let graceMs = 0
    let hurry: AbortSignal | undefined
    releases.push(() => worker.stop(graceMs, hurry))
    await sweepLeftovers(home, config.projects_dir, log)
    await worker.start()
    const keeper = keepSessions(workshop, log)
    releases.push(keeper.stop)
    const agents = keepAgents(workshop, log)
    releases.push(agents.stop)
    const expiring = expireSessions(workshop, log)
    releases.push(expiring.stop)
    await supervision.ready()
    log.info('ready', { url, home: home.base, authentication: hasSecrets(config.auth) ? 'required' : 'same user only' })
    // After all else, since none of it is urgent: a start takes no longer with a hundred thousand records.
    releases.push(housekeeping.stop)
    housekeeping.start()
    const trash = keepTrash(workshop, log)
    releases.push(trash.stop)
    const figures = keepFigures(workshop, log, () => worker.running().length > 0)
    releases.push(figures.stop)
    releases.push(reporter.stop)
    reporter.start()
    const looked = lookAtTemplates(workshop, log)
    releases.push(() => looked)

    const apply = async (next: Config): Promise<void> => {
      const before = workshop.config
      const nextRules = await loadRules(next.github.rules)
      refuseOpenAddress(host, hasSecrets(next.auth))
      // What it can't mean is refused by a throw, before anything is changed.
      trustedProxies(next.server.trusted_proxies)
      reconfigure(workshop, next)
      handle = requestHandler({ workshop, rules: nextRules, progress, stopping: stopping.signal, log })
      worker.hint()
      const waiting =
        inherited === undefined ? needRestart(before, next) : needRestart({ ...before, server: next.server }, next)
      if (waiting.length > 0) log.warn('settings that take a restart have changed', { settings: waiting })
    }
    return {
      url,
      async reload(load) {
        await supervision.reloading()
        try {
          const next = await load()
          if (next === undefined) return undefined
          await apply(next)
          log.info('configuration reloaded')
          return next
        } catch (error) {
          log.error('configuration refused; the one before stays in force', { error })
          return undefined
        } finally {
          await supervision.ready()
        }
      },
      async stop(grace, hurrying) {
        graceMs = grace
        hurry = hurrying
        await supervision.stopping()
        log.info('stopping', { running: worker.running() })
        await release()
        log.info('stopped')
      },
    }
  } catch (error) {
    await release()
    throw systemProblem(`start on ${home.base}`, error) ?? error
  }
}

/** So that the first job finds them read, and their code loaded: an upgrade replaces the parts of the program beneath us. */
async function lookAtTemplates(workshop: Workshop, log: Logger): Promise<void> {
  try {
    await workshop.tools.loadCatalogue()
  } catch (error) {
    log.warn('templates could not be read; tried again with the first job', { error })
  }
}

/** The settings of two configurations that differ and that the running daemon can't change. */
function needRestart(before: Config, next: Config): string[] {
  return [
    ...(before.server.host === next.server.host ? [] : ['server.host']),
    ...(before.server.port === next.server.port ? [] : ['server.port']),
    ...(before.log.days === next.log.days ? [] : ['log.days']),
  ]
}

interface WorkerParts {
  readonly workshop: Workshop
  readonly progress: Progress
  readonly housekeeping: Housekeeping
  readonly reporter: IssueReporter
  readonly supervision: Supervision
  readonly log: Logger
}

function createDaemonWorker({ workshop, progress, housekeeping, reporter, supervision, log }: WorkerParts): Worker {
  const { control } = workshop
  return createWorker({
    spool: workshop.spool,
    inbox: workshop.inbox,
    perform: (record, signal) =>
      progress
        .follow(record.id, (onStep) => performJob(record, workshop.tools, signal, onStep))
        .finally(() => {
          housekeeping.jobEnded()
          reporter.jobEnded()
        }),
    holdBack: async (action, creating) =>
      heldBecause(action, await readLoad(workshop, creating), workshop.config.worker),
    cancelled: { list: () => control.cancelRequests(), clear: (id) => control.clearCancel(id) },
    get concurrency() {
      return workshop.config.worker.concurrency
    },
    get attempts() {
      return workshop.config.worker.attempts
    },
    get rescanMs() {
      return Math.min(workshop.config.inbox.rescan_ms, supervision.lookWithinMs)
    },
    onLook: () => {
      supervision.looked()
    },
    log,
  })
}
