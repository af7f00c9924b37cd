import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DaemonProcess } from '../support/daemon-process.js'
import { httpCall, postJson } from '../support/http-call.js'
import { secret, token, type Place } from './place.js'

/** The daemon ended while it was being used. */
export class Gone extends Error {}

/**
 * Whoever uses the daemon. What was once done or answered is not done again, so that a scenario can be begun from its
 * first line after each start: what saw no answer is then sent once more.
 */
export class Client {
  private readonly kept = new Map<string, unknown>()
  private daemon: DaemonProcess | undefined
  /** The ids of the jobs that were acknowledged, by what asked for them. */
  readonly acknowledged = new Map<string, string>()

  constructor(readonly place: Place) {}

  use(daemon: DaemonProcess): void {
    this.daemon = daemon
  }

  /** A call with the fields of a job, under an idempotency key. @returns the job's id */
  async post(key: string, fields: Readonly<Record<string, unknown>>): Promise<string> {
    return await this.once(key, async () => {
      const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key }
      return this.noted(key, await this.call((url) => postJson(`${url}/create-session`, fields, headers)))
    })
  }

  /** A delivery of GitHub's: an issue was labelled. @returns the job's id */
  async deliver(delivery: string, issue: number, cloneUrl: string): Promise<string> {
    const body = JSON.stringify({
      action: 'labeled',
      issue: { number: issue, title: 'Totals are wrong', body: 'See the cart.\n', state: 'open' },
      label: { name: 'dev-session' },
      repository: { name: 'shop', full_name: 'acme/shop', clone_url: cloneUrl },
      sender: { login: 'ann', type: 'User' },
    })
    const headers = {
      'content-type': 'application/json',
      'x-github-event': 'issues',
      'x-github-delivery': delivery,
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    }
    return await this.once(delivery, async () =>
      this.noted(delivery, await this.call((url) => httpCall(`${url}/create-session`, { headers, body }))),
    )
  }

  /** The address of a repository whose server is out of order at the first call. */
  async flaky(): Promise<string> {
    return await this.once('flaky', () => this.place.ground.addFlaky(this.place.name))
  }

  /** Puts a file into the inbox, whole, as `mv` does. */
  async drop(name: string, text: string): Promise<void> {
    const { folder, home } = this.place
    await this.once(`drop ${name}`, async () => {
      await mkdir(home.inbox, { recursive: true })
      await writeFile(join(folder, name), text)
      await rename(join(folder, name), join(home.inbox, name))
    })
  }

  /** Puts a record of failed/ back into the inbox, with `mv`. */
  async putBack(id: string): Promise<void> {
    const { home } = this.place
    await this.once(`put back ${id}`, () => rename(join(home.failed, `${id}.yaml`), join(home.inbox, `${id}.yaml`)))
  }

  /** `devorch retry`, until it takes: a job whose settling is under way, or was cut off, is refused. @returns the new job */
  async retry(id: string): Promise<string> {
    return await this.once(`retry ${id}`, async () => {
      for (;;) {
        const { code, stdout } = await this.devorch('retry', id)
        if (code === 0) return stdout.trim()
        if (this.isGone()) throw new Gone('it is refused until the next start')
      }
    })
  }

  /** `devorch cancel`, once: what it says depends on how far an earlier one had come. */
  async cancel(id: string): Promise<void> {
    await this.once(`cancel ${id}`, () => this.devorch('cancel', id))
  }

  /** Runs `devorch`; one that waits for the daemon is ended where that ends. @returns the exit code and what it printed */
  private async devorch(...args: readonly string[]): Promise<{ readonly code: number; readonly stdout: string }> {
    const { environment, home, ground } = this.place
    const stop = new AbortController()
    const run = new Promise<{ code: number; stdout: string }>((resolve) => {
      const options = {
        env: { ...environment, DEVORCH_HOME: home.base },
        timeout: 30_000,
        killSignal: 'SIGKILL',
        signal: stop.signal,
      } as const
      execFile(process.execPath, [join(ground.root, 'dist', 'main.js'), ...args], options, (error, stdout) => {
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout })
      })
    })
    const watching = new AbortController()
    const gone = until(() => Promise.resolve(watching.signal.aborted || this.isGone()), 'devorch ends', 40_000)
    await (args[0] === 'cancel' ? Promise.race([run, gone]) : run)
    watching.abort()
    stop.abort()
    const result = await run
    if (result.code === -1) throw new Gone('devorch was ended')
    return result
  }

  /** Waits until a job rests in done/ or failed/. */
  async settled(id: string): Promise<void> {
    const { home } = this.place
    await this.wait(`${id} is settled`, async () => {
      const names = [...(await namesIn(home.done)), ...(await namesIn(home.failed))]
      return names.includes(`${id}.yaml`)
    })
  }

  /** Waits until the job is being worked on, or rests. */
  async begun(id: string): Promise<void> {
    const { home } = this.place
    await this.wait(`${id} is begun`, async () => {
      const names = [...(await namesIn(home.active)), ...(await namesIn(home.done)), ...(await namesIn(home.failed))]
      return names.includes(`${id}.yaml`)
    })
  }

  /** Waits until nothing is in the inbox or in work, and so many records rest. */
  async idle(records: number): Promise<void> {
    const { home } = this.place
    await this.wait(`${records.toString()} records rest and nothing else is there`, async () => {
      const [inbox, active, done, failed] = await Promise.all(
        [home.inbox, home.active, home.done, home.failed].map(namesIn),
      )
      const rest = [...(done ?? []), ...(failed ?? [])].filter((name) => name.endsWith('.yaml'))
      return inbox?.length === 0 && active?.length === 0 && rest.length >= records
    })
  }

  private async wait(what: string, holds: () => Promise<boolean>): Promise<void> {
    await until(async () => {
      if (await holds()) return true
      if (this.isGone()) throw new Gone()
      return false
    }, what)
  }

  private isGone(): boolean {
    return this.daemon?.hasEnded() !== false
  }

  private async once<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.kept.has(name)) return this.kept.get(name) as T
    const value = await work()
    this.kept.set(name, value)
    return value
  }

  private async call<T>(send: (url: string) => Promise<T>): Promise<T> {
    const { daemon } = this
    if (daemon === undefined) throw new Gone()
    try {
      return await send(daemon.url)
    } catch (error) {
      await until(() => Promise.resolve(this.isGone()), 'the daemon, which gave no answer, has ended', 2000).catch(
        () => {
          throw error
        },
      )
      throw new Gone('no answer', { cause: error })
    }
  }

  private noted(
    what: string,
    answer: { readonly status: number; readonly text: string; readonly json: unknown },
  ): string {
    const { json } = answer
    const id = typeof json === 'object' && json !== null && 'job_id' in json ? String(json.job_id) : undefined
    if (id === undefined) throw new Error(`${what}: ${answer.status.toString()} ${answer.text}`)
    this.acknowledged.set(what, id)
    return id
  }
}

/** The visible names of a folder. */
async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.') && name !== 'README.md')
}

/** Asks until it holds. @throws where it does not within the time */
export async function until(holds: () => Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it did not come to that ${what}`)
    await sleep(15)
  }
}
