import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { homeAt } from '../../src/config/home.js'
import { configSchema } from '../../src/config/schema.js'
import { assemble, makeFolders, type Workshop } from '../../src/daemon/assemble.js'
import { newJobId } from '../../src/job/id.js'
import { parseJobBody, type Origin } from '../../src/job/job.js'
import type { JobRecord } from '../../src/job/record.js'
import type { JobResult } from '../../src/job/result.js'
import { buildSession } from '../../src/session/build.js'
import { makeRepository } from '../support/repositories.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux, type PrivateTmux } from '../support/tmux.js'

/** A home, a tmux server and a repository of the calling test's own; the agent is `cat`. */
export interface Lab {
  readonly folder: string
  readonly workshop: Workshop
  readonly tmux: PrivateTmux
  /** A repository with a README, and one without a commit. */
  readonly repository: string
  readonly emptyRepository: string
  /** Builds the session of a `create` job. Default: project `shop`, the repository, a trusted caller. */
  build(fields?: Record<string, unknown>, more?: Partial<JobRecord>): Promise<JobResult>
  record(fields?: Record<string, unknown>, more?: Partial<JobRecord>): JobRecord
}

export const caller: Origin = {
  kind: 'http',
  address: '127.0.0.1',
  delivery_id: null,
  subject: null,
  sender: null,
  trusted: true,
}

export async function startLab(
  settings: Record<string, unknown> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Lab> {
  const folder = await temporaryFolder()
  const tmux = privateTmux()
  const home = homeAt(join(folder, 'home'))
  await makeFolders(home)
  await mkdir(join(folder, 'user'))
  const config = configSchema.parse({
    projects_dir: join(folder, 'projects'),
    repositories: { protocols: ['file', 'http'], private_addresses: true },
    tmux: { socket_name: tmux.socketName },
    agents: { cat: { kind: 'command', command: ['cat'] } },
    default_agent: 'cat',
    // A template's `npm install` is of no concern here.
    watch: 'off',
    ...settings,
  })
  const log = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined }
  const own = { ...process.env, HOME: join(folder, 'user'), ...environment }
  const workshop = assemble(home, config, own, log)
  const repository = await makeRepository(join(folder, 'origin'), { 'README.md': '# Shop\n' })
  const emptyRepository = await makeRepository(join(folder, 'empty'))
  const record = (fields: Record<string, unknown> = {}, more: Partial<JobRecord> = {}): JobRecord => {
    const parsed = parseJobBody({ project_name: 'shop', repo_url: repository, ...fields })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const now = new Date()
    const { job } = parsed
    const known = { id: newJobId(job.project_name, now), job, origin: caller, receivedAt: now.toISOString() }
    return { ...known, attempts: 1, retryOf: undefined, file: undefined, result: undefined, ...more }
  }
  return {
    folder,
    workshop,
    tmux,
    repository,
    emptyRepository,
    record,
    build: (fields, more) =>
      buildSession(record(fields, more), workshop.tools, new AbortController().signal, () => Promise.resolve()),
  }
}
