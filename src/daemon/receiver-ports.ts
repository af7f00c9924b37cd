import type { RequestListener } from 'node:http'
import { queuePosition } from '../job/position.js'
import { createApp } from '../receiver/app.js'
import { trustedProxies } from '../receiver/caller-address.js'
import type { ReceiverPorts } from '../receiver/ports.js'
import { createRateLimit } from '../receiver/rate-limit.js'
import { attachCommand } from '../session/attach-command.js'
import { layoutNames } from '../session/layouts.js'
import { parseSessionName, sessionNameOf } from '../session/name.js'
import { checkJob } from '../session/plan.js'
import { standingJob } from '../session/standing-job.js'
import { viewSession, viewSessions } from '../session/view.js'
import type { Logger } from '../support/log.js'
import type { Workshop } from './assemble.js'
import { createMountCheck, inboxTrouble } from './inbox-trouble.js'
import type { Progress } from './progress.js'

/** What the receiver needs of the daemon, besides its configuration. */
export interface ReceiverParts {
  readonly workshop: Workshop
  readonly rules: ReceiverPorts['github']['rules']
  readonly progress: Progress
  readonly stopping: AbortSignal
  readonly log: Logger
}

/** Answers calls under the configuration that is in force now; after a reload another one is made. */
export function requestHandler(parts: ReceiverParts): RequestListener {
  const handle = createApp(receiverPorts(parts)).callback()
  return (request, response) => void handle(request, response)
}

function receiverPorts({ workshop, rules, progress, stopping, log }: ReceiverParts): ReceiverPorts {
  const { config, home, spool, tools } = workshop
  const refuseOtherMount = createMountCheck(home.inbox, home.active)
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
    checkJob: async (job) => checkJob(job, config, await layoutNames(job, tools)),
    drop: async (job, origin, key) => {
      await refuseOtherMount()
      return key === undefined
        ? { id: await spool.drop(job, origin), duplicate: false }
        : await spool.dropOnce(key, job, origin)
    },
    pending: (project) => spool.pending(project),
    standingJob: (job) => standingJob(job, config, tools),
    github: { rules, policy: config.github },
    queuedJobs: () => spool.queued(),
    findJob: (id) => spool.find(id),
    position: (id) => queuePosition(home, id),
    stepOf: (id) => progress.stepOf(id),
    whenSettled: (id, signal) => spool.whenSettled(id, signal),
    sessions: () => viewSessions(tools),
    async session(name) {
      const known = parseSessionName(name)
      return known === undefined ? undefined : await viewSession(known, tools)
    },
    sessionName: sessionNameOf,
    attachCommand: (name) => attachCommand(name, tools),
    notReady: () => inboxTrouble(home.inbox, home.active),
    log,
  }
}
