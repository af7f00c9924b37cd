import { createHmac } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { parseJobFile } from '../../src/job/job.js'
import { startDaemonProcess, type DaemonProcess } from '../support/daemon-process.js'
import { makeLab, type Lab } from './lab.js'

const root = join(import.meta.dirname, '..', '..')
const secret = 'secret-of-the-burst'
const connections = 32
const deliveries = 2000

/** `devorch serve`, ended with the test. */
async function serve(lab: Lab): Promise<DaemonProcess> {
  const config = lab.settings({ auth: { github_secrets: [secret] }, repositories: {} })
  const daemon = await startDaemonProcess({ root, home: lab.home.base, config, environment: lab.environment })
  onTestFinished(() => daemon.stop('SIGKILL'))
  return daemon
}

interface Answered {
  readonly httpStatus: number
  readonly status: string
  readonly job_id: string
}

/** Sends all, over so many connections that stay open. @returns of each delivery the answer, where there was one */
async function sendAll(
  daemon: DaemonProcess,
  onAnswer: (answers: number) => void = () => undefined,
): Promise<Map<string, Answered>> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const answers = new Map<string, Answered>()
  const waiting = Array.from({ length: deliveries }, (_, number) => number + 1).reverse()
  const sender = async () => {
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      const answer = await deliver(daemon, agent, number).catch(() => undefined)
      if (answer === undefined) continue
      answers.set(deliveryOf(number), answer)
      onAnswer(answers.size)
    }
  }
  try {
    await Promise.all(Array.from({ length: connections }, sender))
  } finally {
    agent.destroy()
  }
  return answers
}

function deliveryOf(number: number): string {
  return `burst-${number.toString()}`
}

/** An issue that was labelled: each is another one. */
function deliver(daemon: DaemonProcess, agent: Agent, number: number): Promise<Answered> {
  const body = JSON.stringify({
    action: 'labeled',
    issue: { number, title: 'Totals are wrong', body: 'See the cart.\n', state: 'open', author_association: 'OWNER' },
    label: { name: 'dev-session' },
    repository: { name: 'shop', full_name: 'acme/shop', clone_url: 'https://github.com/acme/shop.git' },
    sender: { login: 'ann', type: 'User' },
  })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'x-github-event': 'issues',
    'x-github-delivery': deliveryOf(number),
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  }
  return new Promise((resolve, reject) => {
    const outgoing = request(`${daemon.url}/create-session`, { method: 'POST', agent, headers, timeout: 20_000 })
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in time')))
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => (text += chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { status, job_id } = JSON.parse(text) as Omit<Answered, 'httpStatus'>
        resolve({ httpStatus: response.statusCode ?? 0, status, job_id })
      })
    })
    outgoing.end(body)
  })
}

/** The ids of the jobs in a folder by their delivery. @throws where a visible file is no whole job */
async function jobsIn(folder: string): Promise<Map<string, string[]>> {
  const jobs = new Map<string, string[]>()
  for (const name of (await readdir(folder)).filter((one) => !one.startsWith('.'))) {
    const text = await readFile(join(folder, name), 'utf8')
    const parsed = parseJobFile(text)
    if (!parsed.ok || !text.endsWith('\n...\n')) throw new Error(`${name} is not whole:\n${text}`)
    const { job_id: id = '', origin } = parsed.value
    if (name !== `${id}.yaml`) throw new Error(`${name} is the file of ${id}`)
    const delivery = origin?.delivery_id ?? ''
    jobs.set(delivery, [...(jobs.get(delivery) ?? []), id])
  }
  return jobs
}

it(
  'of a burst that the daemon is killed in, every delivery that was acknowledged is on disk, and all sent again are once',
  { timeout: 120_000 },
  async () => {
    const lab = await makeLab()
    // Nothing is to move while it is counted.
    await mkdir(lab.home.control, { recursive: true })
    await writeFile(join(lab.home.control, 'paused'), '')

    const first = await serve(lab)
    let killed: Promise<void> | undefined
    const acknowledged = await sendAll(first, (answers) => {
      if (answers >= deliveries / 2) killed ??= first.stop('SIGKILL')
    })
    await killed
    expect(acknowledged.size).toBeGreaterThanOrEqual(deliveries / 2)
    expect(acknowledged.size).toBeLessThan(deliveries)
    const stored = await jobsIn(lab.home.inbox)
    for (const [delivery, answer] of acknowledged) {
      expect(answer, delivery).toMatchObject({ httpStatus: 202, status: 'queued' })
      expect(stored.get(delivery), delivery).toEqual([answer.job_id])
    }

    const again = await sendAll(await serve(lab))
    expect(again.size).toBe(deliveries)
    for (const [delivery, answer] of again) {
      const [before] = stored.get(delivery) ?? []
      expect(answer, delivery).toMatchObject(
        before === undefined ? { httpStatus: 202, status: 'queued' } : { status: 'duplicate', job_id: before },
      )
    }
    const jobs = await jobsIn(lab.home.inbox)
    expect([...jobs.values()].filter((ids) => ids.length !== 1)).toEqual([])
    expect(jobs.size).toBe(deliveries)
    for (const state of ['active', 'done', 'failed'] as const) {
      expect(await readdir(lab.home[state]), state).toEqual([])
    }
    // What the killed process was writing was swept.
    expect((await readdir(lab.home.inbox)).filter((name) => name.startsWith('.'))).toEqual([])
  },
)
