import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { supervise } from '../../src/daemon/supervise.js'
import { createSpool } from '../../src/job/spool.js'
import { sessionNameOf } from '../../src/session/name.js'
import type { Notifier } from '../../src/systemd/notify.js'
import { httpOrigin, makeFolders, makeJob } from '../job/place.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'

/** A supervision whose messages are kept, over a real queue. */
async function makeSupervision(watchdogMs: number | undefined) {
  const spool = createSpool(await makeFolders())
  const sent: string[] = []
  const lines: LoggedLine[] = []
  const known = { sessions: () => Promise.resolve([sessionNameOf('shop')]) }
  const notifier: Notifier = {
    watchdogMs,
    send: (...assignments) => {
      sent.push(...assignments)
      return Promise.resolve()
    },
  }
  const workshop = { spool, tools: { registry: { list: () => known.sessions() } } }
  return { spool, sent, lines, known, supervision: supervise(notifier, workshop, () => 0, recordedLog(lines)) }
}

describe('supervise', () => {
  it('gives a sign of life after a look, no oftener than a quarter of the time, and none by itself', async () => {
    const { sent, supervision } = await makeSupervision(2000)
    const signs = () => sent.filter((message) => message === 'WATCHDOG=1').length
    expect(supervision.lookWithinMs).toBe(500)
    await sleep(600)
    expect(signs()).toBe(0)
    supervision.looked()
    supervision.looked()
    expect(signs()).toBe(1)
    await sleep(600)
    expect(signs()).toBe(1)
    supervision.looked()
    expect(signs()).toBe(2)
  })

  it('tells the status before it is ready, again where it has changed, and what failed last but was not cancelled', async () => {
    const { spool, sent, known, supervision } = await makeSupervision(undefined)
    await supervision.ready()
    expect(sent).toEqual(['STATUS=1 session, 0 jobs queued, 0 running', 'READY=1'])
    sent.length = 0
    await supervision.ready()
    expect(sent).toEqual(['READY=1'])

    const error = { message: 'clone: no such host; check repo_url' }
    const settle = async (project: string, status: 'failed' | 'cancelled') => {
      const id = await spool.drop(makeJob(project), httpOrigin)
      const claim = await spool.claim(`${id}.yaml`)
      if (claim.kind !== 'claimed') throw new Error(claim.kind)
      await spool.settle(claim.record, { status, finished_at: '2026-11-22T21:04:32.000Z', error })
      return id
    }
    const failed = await settle('cart', 'failed')
    await settle('till', 'cancelled')
    known.sessions = () => Promise.resolve([sessionNameOf('shop'), sessionNameOf('cart')])
    await sleep(1100)
    sent.length = 0
    await supervision.ready()
    expect(sent).toEqual([
      `STATUS=2 sessions, 0 jobs queued, 0 running; last failure: ${failed}: ${error.message}`,
      'READY=1',
    ])
  })

  it('is ready also where the status line can not be made', async () => {
    const { sent, lines, known, supervision } = await makeSupervision(undefined)
    known.sessions = () => Promise.reject(new Error('no folder'))
    await supervision.ready()
    expect(sent).toEqual(['READY=1'])
    expect(lines).toMatchObject([{ level: 'warn', message: 'the status line could not be made' }])
  })
})
