import { createHmac } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { homeAt, type Home } from '../../src/config/home.js'
import { configSchema, type Config } from '../../src/config/schema.js'
import { closeServer, listen, type ListenLimits } from '../../src/daemon/listen.js'
import { queuePosition } from '../../src/job/position.js'
import { createSpool, type Spool } from '../../src/job/spool.js'
import { loadRules } from '../../src/receiver/github/rules.js'
import { createApp } from '../../src/receiver/app.js'
import type { Secrets } from '../../src/receiver/authenticate.js'
import { trustedProxies } from '../../src/receiver/caller-address.js'
import type { ReceiverPorts } from '../../src/receiver/ports.js'
import { createRateLimit } from '../../src/receiver/rate-limit.js'
import { sessionNameOf } from '../../src/session/name.js'
import { checkJob } from '../../src/session/plan.js'
import { jobFileFields } from '../support/job-file.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'
import { temporaryFolder } from '../support/temporary.js'

/** GitHub's documented example of a signature. */
export const githubExample = {
  secret: "It's a Secret to Everybody",
  body: 'Hello, World!',
  signature: 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
}

export const noSecrets: Secrets = { github_secrets: [], tokens: [], basic: [] }
export const secrets: Secrets = {
  github_secrets: [githubExample.secret, 'the-older-secret'],
  tokens: ['a-token-of-somebody'],
  basic: [{ user: 'ada', password: 'engine:1843' }],
}
export const bearer = { authorization: 'Bearer a-token-of-somebody' }

export const job = { project_name: 'test-app', repo_url: 'https://github.com/acme/test-app.git' }

/** A receiver on loopback whose inbox is real; nothing works its jobs off. */
export interface Receiver {
  readonly url: string
  readonly port: number
  readonly home: Home
  readonly spool: Spool
  readonly log: readonly LoggedLine[]
  readonly stopping: AbortController
  /** Names in the inbox, hidden ones too. */
  inbox(): Promise<string[]>
  /** The only job of the inbox, as its file says. */
  onlyJob(): Promise<Record<string, unknown>>
}

export interface ReceiverSettings {
  readonly secrets?: Secrets
  readonly host?: string
  readonly limits?: Partial<ReceiverPorts['limits']>
  readonly requestsPerMinute?: number
  readonly trusted?: readonly string[]
  readonly listen?: ListenLimits
  readonly ports?: Partial<ReceiverPorts>
  readonly config?: Config
}

/** Starts one; the calling test's end stops it. */
export async function startReceiver(settings: ReceiverSettings = {}): Promise<Receiver> {
  const home = homeAt(await temporaryFolder())
  for (const folder of [home.inbox, home.active, home.done, home.failed]) await mkdir(folder, { recursive: true })
  const spool = createSpool(home)
  const log: LoggedLine[] = []
  const config = settings.config ?? configSchema.parse({ agents: { claude: { kind: 'claude' } } })
  const stopping = new AbortController()
  const ports: ReceiverPorts = {
    secrets: settings.secrets ?? secrets,
    isTrustedProxy: trustedProxies(settings.trusted ?? []),
    rateLimit: createRateLimit(settings.requestsPerMinute ?? 0),
    limits: { signedBytes: 25 * 1024 * 1024, otherBytes: 1024 * 1024, queuedJobs: 0, ...settings.limits },
    checkJob: (one) => Promise.resolve(checkJob(one, config, ['default'])),
    drop: async (one, origin, key) =>
      key === undefined
        ? { id: await spool.drop(one, origin), duplicate: false }
        : await spool.dropOnce(key, one, origin),
    pending: (project) => spool.pending(project),
    standingJob: () => Promise.resolve(undefined),
    github: { rules: await loadRules('default'), policy: config.github },
    queuedJobs: async () => (await spool.list('queued')).length,
    findJob: (id) => spool.find(id),
    position: (id) => queuePosition(home, id),
    stepOf: () => undefined,
    stopping: stopping.signal,
    whenSettled: (id, signal) => spool.whenSettled(id, signal),
    sessions: () => Promise.resolve([]),
    session: () => Promise.resolve(undefined),
    sessionName: sessionNameOf,
    attachCommand: (name) => `tmux attach -t ${name}`,
    notReady: () => Promise.resolve(undefined),
    log: recordedLog(log),
    ...settings.ports,
  }
  const host = settings.host ?? '127.0.0.1'
  const answer = createApp(ports).callback()
  const handle: RequestListener = (request, response) => void answer(request, response)
  const { server, url } = await listen(handle, { host, port: 0 }, ports.log, settings.listen)
  onTestFinished(() => closeServer(server, 0))
  const inbox = () => readdir(home.inbox)
  return {
    url,
    port: Number(new URL(url).port),
    home,
    spool,
    log,
    stopping,
    inbox,
    async onlyJob() {
      const [name, ...others] = await inbox()
      if (name === undefined || others.length > 0) throw new Error(`the inbox holds ${(await inbox()).join(', ')}`)
      return jobFileFields(await readFile(join(home.inbox, name)))
    },
  }
}

/** `sha256=…` over the body. */
export function sign(body: string | Uint8Array, secret = githubExample.secret): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}
