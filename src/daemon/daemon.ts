import { access, constants, link, open, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Home } from '../config/home.js'
import type { Config } from '../config/schema.js'
import { createWorker } from '../job/worker.js'
import { createApp } from '../receiver/app.js'
import { hasSecrets } from '../receiver/authenticate.js'
import type { ReceiverPorts } from '../receiver/ports.js'
import { createRateLimit } from '../receiver/rate-limit.js'
import { attachCommand } from '../session/build.js'
import { parseSessionName, sessionNameOf } from '../session/name.js'
import { checkJob } from '../session/plan.js'
import { viewSession, viewSessions } from '../session/view.js'
import { lockFile } from '../support/lock.js'
import type { Logger } from '../support/log.js'
import { codeOf, messageOf, Problem } from '../support/problem.js'
import { childEnvironment } from '../support/process.js'
import { assemble, makeFolders, type Workshop } from './assemble.js'
import { heldBecause, readLoad } from './hold-back.js'
import { closeServer, listen, refuseOpenAddress } from './listen.js'
import { performJob } from './perform.js'
import { watchFolders } from './watch.js'

export interface DaemonOptions {
  readonly home: Home
  readonly config: Config
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly log: Logger
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
    refuseOpenAddress(config.server.host, hasSecrets(config.auth))
    await makeFolders(home)
    const lock = await takeHome(home, options.environment)
    releases.push(() => lock.release())
    await checkOneFilesystem(home)

    const workshop = assemble(home, config, options.environment, log)
    const worker = createDaemonWorker(workshop, log)
    const watcher = watchFolders([home.inbox, home.control], worker.hint, log)
    releases.push(() => watcher.close())
    let graceMs = 0
    releases.push(() => worker.stop(graceMs))
    await worker.start()

    const app = createApp(receiverPorts(workshop, log))
    const { server, url } = await listen(app, config.server)
    releases.push(() => closeServer(server, 5000))
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
    holdBack: async (action, creating) =>
      heldBecause(action, await readLoad(control, tools.registry, creating), config.worker),
    cancelled: { list: () => control.cancelRequests(), clear: (id) => control.clearCancel(id) },
    concurrency: config.worker.concurrency,
    attempts: config.worker.attempts,
    rescanMs: config.inbox.rescan_ms,
    log,
  })
}

function receiverPorts(workshop: Workshop, log: Logger): ReceiverPorts {
  const { config, home, spool, tools } = workshop
  return {
    secrets: config.auth,
    rateLimit: createRateLimit(config.limits.requests_per_minute),
    limits: {
      signedBytes: config.limits.body_mb * 1024 * 1024,
      otherBytes: Math.min(config.limits.body_mb, 1) * 1024 * 1024,
      queuedJobs: config.limits.queued_jobs,
    },
    checkJob: (job) => checkJob(job, config),
    drop: (job, origin) => spool.drop(job, origin),
    queuedJobs: async () => (await spool.list('queued')).length,
    findJob: (id) => spool.find(id),
    whenSettled: (id, signal) => spool.whenSettled(id, signal),
    sessions: () => viewSessions(tools),
    async session(name) {
      const known = parseSessionName(name)
      return known === undefined ? undefined : await viewSession(known, tools)
    },
    sessionName: sessionNameOf,
    attachCommand: (name) => attachCommand(name, tools),
    async notReady() {
      try {
        await access(home.inbox, constants.W_OK)
        return undefined
      } catch (error) {
        return `the inbox can't be written: ${messageOf(error)}`
      }
    },
    log,
  }
}

/** Two daemons on one home would both work on the same jobs. */
async function takeHome(home: Home, environment: DaemonOptions['environment']): Promise<{ release(): Promise<void> }> {
  const path = join(home.control, '.daemon.lock')
  const lock = await lockFile(path, { waitMs: 0, environment: childEnvironment(environment) })
  if (lock !== 'held') return lock
  throw new Problem({
    doing: `start on ${home.base}`,
    because: 'another daemon runs on this home',
    remedy: 'stop that one first (systemctl stop dev-orchestrator), or give this one another --home',
  })
}

/** Every step of a job is a rename, so inbox and state must be on one filesystem; also two bind mounts are two. */
async function checkOneFilesystem(home: Home): Promise<void> {
  const probe = join(home.inbox, `.probe-${process.pid.toString()}`)
  await (await open(probe, 'w', 0o600)).close()
  try {
    for (const folder of [home.active, home.done, home.failed]) {
      const there = join(folder, `.probe-${process.pid.toString()}`)
      await rename(probe, there)
      await link(there, probe)
      await unlink(there)
    }
  } catch (error) {
    if (codeOf(error) !== 'EXDEV') throw error
    throw new Problem({
      doing: `start on ${home.base}`,
      because: 'inbox/ and state/ are not on one filesystem, or are two mounts of it',
      remedy: 'put both on one, under one mount; link the folder that people drop into from elsewhere',
      cause: error,
    })
  } finally {
    await unlink(probe)
  }
}
