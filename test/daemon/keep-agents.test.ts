import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { createAndWait, get, makeLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })

const waitMs = { timeout: 60_000, interval: 50 }

async function build(lab: Lab, projects: readonly string[]): Promise<void> {
  const daemon = await lab.start()
  for (const project of projects) {
    const answer = await createAndWait(daemon, { project_name: project, repo_url: lab.repository })
    expect(answer).toMatchObject({ status: 200, json: { status: 'success' } })
  }
  await daemon.stop(0)
}

const eventsOf = (lab: Lab, project: string) => join(lab.home.sessions, `${project}-dev`, 'agent-events')

/** As if Claude Code had met a limit so long ago; its pane holds `cat`. */
async function limit(lab: Lab, project: string, minutesAgo: number): Promise<void> {
  const record = join(lab.home.sessions, `${project}-dev.yaml`)
  await writeFile(record, (await readFile(record, 'utf8')).replace('kind: command', 'kind: claude'))
  const at = Date.now() - minutesAgo * 60_000
  await writeFile(eventsOf(lab, project), `${(at - 1000).toString()} started\n${at.toString()} limited\n`)
}

it('an agent whose limit is over is told to go on, once, and one whose limit is not is left alone', async () => {
  const lab = await makeLab()
  await build(lab, ['over', 'parked'])
  await limit(lab, 'over', 16)
  await limit(lab, 'parked', 5)
  const daemon = await lab.start()
  for (const project of ['over', 'parked']) {
    const answer = await get(daemon, `/sessions/${project}-dev`)
    expect(answer).toMatchObject({ json: { agent: { status: 'limited', detail: 'rate limit' } } })
  }
  const sends = async () => (await lab.jobs('failed')).filter((job) => job['action'] === 'send')
  await vi.waitFor(async () => {
    expect(await sends()).toHaveLength(1)
  }, waitMs)
  // Until it has looked twice more.
  await sleep(11_000)
  expect(await sends()).toMatchObject([
    {
      project_name: 'over',
      text: 'The limit that ended the last turn is over. Go on with the work from where it stands.',
    },
  ])
  expect(lab.log.filter(({ message }) => message.startsWith('the limit of an agent is over'))).toHaveLength(1)
})

it('the log tells of an agent that crashes, and of one that does so again and again', async () => {
  const lab = await makeLab()
  await build(lab, ['shop'])
  await appendFile(eventsOf(lab, 'shop'), `${(Date.now() - 1000).toString()} resuming 1 5\n`)
  await sleep(50)
  await lab.start()
  await sleep(500)
  await appendFile(
    eventsOf(lab, 'shop'),
    `${Date.now().toString()} resuming 3 120\n${Date.now().toString()} given-up 3\n`,
  )
  const words = () =>
    lab.log.flatMap(({ level, message, fields }) => (message.includes('crash') ? [{ level, message, fields }] : []))
  await expect.poll(() => words().length, waitMs).toBeGreaterThanOrEqual(2)
  expect(words()).toMatchObject([
    { level: 'warn', fields: { session: 'shop-dev', time: '3', inSeconds: '120' } },
    { level: 'error', message: 'an agent crashes again and again; it is not started again by itself' },
  ])
})
