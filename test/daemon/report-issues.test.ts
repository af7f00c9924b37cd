import { createHmac, randomUUID } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { configSchema } from '../../src/config/schema.js'
import { startDaemon } from '../../src/daemon/daemon.js'
import { startDaemonProcess } from '../support/daemon-process.js'
import { startGitServer } from '../support/git-server.js'
import { githubApi, githubToken, type GithubApi } from '../support/github-api.js'
import { httpCall, type Answer } from '../support/http-call.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'
import { makeBareRepository } from '../support/repositories.js'
import { makeLab, type Lab } from './lab.js'

const root = join(import.meta.dirname, '..', '..')
const secret = 'secret-of-the-webhook'
const times = { everyMs: 50, restMs: 1, turnsMs: 0, timeoutMs: 500, backoffMs: 50 }
const wait = { timeout: 20_000, interval: 50 }

interface Place {
  readonly lab: Lab
  readonly api: GithubApi
  /** In words of config.yaml. */
  readonly settings: Record<string, unknown>
  /** Lines of the daemons that were started here. */
  readonly log: readonly LoggedLine[]
  /** Starts a daemon that tells on issues; gives how to end it. */
  readonly start: (changes?: Record<string, unknown>) => Promise<{ readonly url: string; stop(): Promise<void> }>
  /** Delivers an event about issue 7 of acme/shop. */
  readonly deliver: (daemon: { readonly url: string }, event: 'labeled' | 'closed', name?: string) => Promise<Answer>
}

async function makePlace(): Promise<Place> {
  const lab = await makeLab()
  const served = join(lab.folder, 'served')
  await makeBareRepository(join(served, 'acme', 'shop.git'), { 'README.md': '# Shop\n' })
  const git = await startGitServer(served)
  onTestFinished(() => git.close())
  const api = await githubApi()
  const tokenFile = join(lab.folder, 'token')
  await writeFile(tokenFile, `${githubToken}\n`, { mode: 0o600 })
  const log: LoggedLine[] = []
  const settings = lab.settings({
    repositories: { protocols: ['http'], private_addresses: true },
    auth: { github_secrets: [secret] },
    worker: { min_free_memory_mb: 0, attempts: 1 },
    github: { token_file: tokenFile, api_url: api.url },
  })
  return {
    lab,
    api,
    settings,
    log,

    async start(changes = {}) {
      const config = configSchema.parse({ ...settings, ...changes })
      const { home, environment } = lab
      const daemon = await startDaemon({ home, config, environment, log: recordedLog(log), reportTimes: times })
      let stopping: Promise<void> | undefined
      const stop = () => (stopping ??= daemon.stop(5000))
      onTestFinished(stop)
      return { url: daemon.url, stop }
    },

    async deliver(daemon, action, name = 'acme/shop') {
      const owner = { login: 'ann', type: 'User' }
      const body = JSON.stringify({
        action,
        label: { name: 'dev-session' },
        issue: { number: 7, title: 'A cart', state: 'open', user: owner, author_association: 'OWNER', labels: [] },
        repository: { name: name.split('/')[1], full_name: name, clone_url: `${git.url}/${name}.git` },
        sender: owner,
      })
      return await httpCall(`${daemon.url}/create-session`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-github-event': 'issues',
          'x-github-delivery': randomUUID(),
          'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
        },
        body,
      })
    },
  }
}

/** Waits until the one comment there says something. */
async function says(api: GithubApi, text: string | RegExp): Promise<string> {
  await vi.waitFor(() => {
    expect(api.comments).toHaveLength(1)
    expect(api.comments[0]?.body).toMatch(text)
  }, wait)
  return api.comments[0]?.body ?? ''
}

const posts = (api: GithubApi) => api.calls.filter(({ line }) => line.startsWith('POST '))

test('one comment is created and then edited: ready, waiting, ready, closed, over a restart of the daemon', async () => {
  const { lab, api, log, start, deliver } = await makePlace()
  const toldClosed: unknown = expect.objectContaining({ said: 'closed' })
  const first = await start({ server: { port: 0, public_host: 'dev.example.com' } })
  expect(await deliver(first, 'labeled')).toMatchObject({ status: 202 })
  const ready = await says(api, 'is ready')
  const attach = `ssh -t dev.example.com tmux -L ${lab.tmux.socketName} attach -t shop-7-dev`
  expect(ready).toMatch(/^<!-- dev-orchestrator:[0-9a-f]{32} -->\n/)
  expect(ready).toContain(`\n${attach}\n`)
  expect(api.calls[0]).toMatchObject({
    line: 'POST /repos/acme/shop/issues/7/comments',
    authorization: `Bearer ${githubToken}`,
    userAgent: 'dev-orchestrator',
  })

  const events = join(lab.home.sessions, 'shop-7-dev', 'agent-events')
  await appendFile(events, `${Date.now().toString()} approval\n`)
  await says(api, 'waits for an approval')
  await first.stop()
  const second = await start()
  await appendFile(events, `${Date.now().toString()} working\n`)
  await says(api, 'is ready')
  expect(await deliver(second, 'closed')).toMatchObject({ status: 202 })
  await says(api, 'is closed')
  // The comment is there before the daemon has its answer and has noted it.
  await vi.waitFor(() => {
    expect(log).toContainEqual(expect.objectContaining({ message: 'told on the issue', fields: toldClosed }))
  }, wait)
  await second.stop()

  // A third daemon, and nothing new to tell.
  const calls = api.calls.length
  const third = await start()
  await vi.waitFor(async () => {
    expect(await readdir(lab.home.reports)).toHaveLength(1)
  }, wait)
  await new Promise((done) => setTimeout(done, 500))
  await third.stop()
  expect(api.calls).toHaveLength(calls)
  expect(posts(api)).toHaveLength(1)
  expect(new Set(api.bodies.map((body) => body.split('\n')[0])).size).toBe(1)

  // Labelled again: the same comment.
  const fourth = await start()
  expect(await deliver(fourth, 'labeled')).toMatchObject({ status: 202 })
  await says(api, 'is ready')
  expect(posts(api)).toHaveLength(1)
})

test('a failure is told with its reason, which is data and names neither secrets nor places of the machine', async () => {
  const { lab, api, start, deliver } = await makePlace()
  const daemon = await start()
  expect(await deliver(daemon, 'labeled', 'acme/none')).toMatchObject({ status: 202 })
  const body = await says(api, 'could not be built')
  expect(body).toMatch(/\n```text\n[^\n]+\n```\n$/)
  expect(body).not.toContain(lab.folder)
  expect(await readFile(join(lab.home.reports, (await readdir(lab.home.reports))[0] ?? ''), 'utf8')).not.toContain(
    githubToken,
  )
})

test('a daemon that is killed while it posts finds its comment after the restart', { timeout: 90_000 }, async () => {
  const { lab, api, settings, deliver } = await makePlace()
  const serve = async () => {
    const home = lab.home.base
    const daemon = await startDaemonProcess({ root, home, config: settings, environment: lab.environment })
    onTestFinished(() => daemon.stop('SIGKILL'))
    return daemon
  }
  api.failWith({ kind: 'stall' })
  const first = await serve()
  await deliver(first, 'labeled')
  await vi.waitFor(() => {
    expect(api.comments).toHaveLength(1)
  }, wait)
  await first.stop('SIGKILL')
  const commandLine = async (pid: number) => await readFile(`/proc/${pid.toString()}/cmdline`, 'utf8')
  const second = await serve()
  await vi.waitFor(() => {
    expect(api.calls.map(({ line }) => line.split(' ')[0])).toContain('PATCH')
  }, wait)
  await says(api, 'is ready')
  expect(posts(api)).toHaveLength(1)
  expect(await commandLine(second.pid)).not.toContain(githubToken)
  expect(first.log() + second.log()).not.toContain(githubToken)
})

test('GitHub that can not be reached fails no job; the newest state is told when it answers again', async () => {
  const { api, start, deliver, lab, log } = await makePlace()
  await api.down()
  const daemon = await start()
  await deliver(daemon, 'labeled')
  expect(await lab.settled(1)).toMatchObject([{ result: { status: 'created' } }])
  await deliver(daemon, 'closed')
  expect(await lab.settled(2)).toMatchObject([{}, { result: { status: 'destroyed' } }])
  await api.up()
  await says(api, 'is closed')
  expect(api.bodies).toHaveLength(1)
  const told = () => log.filter(({ message }) => message.includes('told on GitHub') || message.startsWith('GitHub '))
  // The stand-in has it before its answer is read.
  await expect
    .poll(() => told().at(-1), { timeout: 20_000 })
    .toMatchObject({ level: 'info', message: 'GitHub answers again' })
  expect(told().filter(({ level }) => level === 'warn')).toHaveLength(1)
  expect(JSON.stringify(log)).not.toContain(githubToken)
})

test('what GitHub limits is sent when its time has come', async () => {
  const { api, start, deliver, lab } = await makePlace()
  api.failWith({ kind: 'status', status: 403, headers: { 'retry-after': '2' } })
  const daemon = await start()
  await deliver(daemon, 'labeled')
  expect(await lab.settled(1)).toMatchObject([{ result: { status: 'created' } }])
  await says(api, 'is ready')
  const [limited, next] = api.calls
  expect((next?.atMs ?? 0) - (limited?.atMs ?? 0)).toBeGreaterThan(1900)
  expect(posts(api)).toHaveLength(2)
})

test('a comment that a person has deleted is not made again', async () => {
  const { api, start, deliver, lab } = await makePlace()
  const daemon = await start()
  await deliver(daemon, 'labeled')
  await says(api, 'is ready')
  api.comments.splice(0)
  await deliver(daemon, 'closed')
  await lab.settled(2)
  await vi.waitFor(() => {
    expect(api.calls.at(-1)?.line).toMatch(/^PATCH /)
  }, wait)
  await deliver(daemon, 'labeled')
  await lab.settled(3)
  await new Promise((done) => setTimeout(done, 500))
  expect(api.comments).toEqual([])
  expect(posts(api)).toHaveLength(1)
})

test('with comments turned off, without a token, and for issues of another server nothing is sent', async () => {
  const { lab, api, start, deliver } = await makePlace()
  const token = join(lab.folder, 'token')
  for (const github of [
    { token_file: token, api_url: api.url, comment: false },
    { token_file: null, api_url: api.url },
    { token_file: token, api_url: api.url.replace('127.0.0.1', 'localhost') },
  ]) {
    const daemon = await start({ github })
    await deliver(daemon, 'labeled')
    await lab.settled(1)
    await new Promise((done) => setTimeout(done, 300))
    await daemon.stop()
  }
  expect(api.calls).toEqual([])
})

test('a damaged report stops nobody', async () => {
  const { lab, api, start, deliver } = await makePlace()
  await mkdir(lab.home.reports, { recursive: true })
  await writeFile(join(lab.home.reports, `${'0'.repeat(32)}.yaml`), 'subject: [')
  const daemon = await start()
  await deliver(daemon, 'labeled')
  await says(api, 'is ready')
})
