import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { configSchema } from '../../src/config/schema.js'
import { createHousekeeping } from '../../src/daemon/housekeeping.js'
import { newJobId } from '../../src/job/id.js'
import { childEnvironment } from '../../src/support/process.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'
import { makeLab, type Lab } from './lab.js'

async function oldRecord(lab: Lab, state: 'done' | 'failed'): Promise<void> {
  const at = new Date(Date.now() - 91 * 24 * 60 * 60 * 1000)
  const file = join(lab.home[state], `${newJobId('shop', at)}.yaml`)
  await mkdir(lab.home[state], { recursive: true })
  await writeFile(file, '')
  await utimes(file, at, at)
}

const kept = async (lab: Lab) => (await readdir(lab.home.done)).length + (await readdir(lab.home.failed)).length

test('a daemon removes what is too old after its start, and says how much', async () => {
  const lab = await makeLab()
  await oldRecord(lab, 'done')
  await oldRecord(lab, 'done')
  await oldRecord(lab, 'failed')
  await lab.start()
  await vi.waitFor(() => {
    expect(lab.log.filter(({ message }) => message.startsWith('removed what'))).toMatchObject([
      { level: 'info', fields: { done: 2, failed: 1, mirrors: 0 } },
    ])
  }, 20_000)
  expect(await kept(lab)).toBe(0)
  const messages = lab.log.map(({ message }) => message)
  expect(messages.indexOf('ready')).toBeLessThan(messages.indexOf('removed what is not kept any longer'))
})

test('it is done again after a while, after many jobs, and after a round that failed', async () => {
  const lab = await makeLab()
  const lines: LoggedLine[] = []
  const config = configSchema.parse(lab.settings())
  const start = async (everyMs: number) => {
    const house = createHousekeeping({
      workshop: { config, tools: { environment: childEnvironment(lab.environment) } },
      ...{ home: lab.home, log: recordedLog(lines), everyMs },
    })
    onTestFinished(house.stop)
    house.start()
    return await Promise.resolve(house)
  }
  // There are no folders yet.
  const often = await start(50)
  await vi.waitFor(() => {
    expect(lines.map(({ level }) => level)).toContain('warn')
  }, 20_000)
  for (const folder of [lab.home.failed, lab.home.mirrors]) await mkdir(folder, { recursive: true })
  await oldRecord(lab, 'done')
  await vi.waitFor(async () => {
    expect(await kept(lab)).toBe(0)
  }, 20_000)
  await often.stop()

  const seldom = await start(3_600_000)
  await vi.waitFor(async () => {
    await oldRecord(lab, 'failed')
    for (let job = 0; job < 1000; job += 1) seldom.jobEnded()
    await vi.waitFor(async () => {
      expect(await kept(lab)).toBe(0)
    }, 1000)
  }, 20_000)
  await seldom.stop()
  await oldRecord(lab, 'failed')
  for (let job = 0; job < 1000; job += 1) seldom.jobEnded()
  expect(await kept(lab)).toBe(1)
})
