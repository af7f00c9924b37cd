import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf } from '../../src/support/problem.js'
import { httpCall, postJson } from '../support/http-call.js'
import { mountTmpfs } from '../support/mount.js'
import { bearer, job, startReceiver, type Receiver } from './receiver.js'

const create = (receiver: Receiver) => `${receiver.url}/create-session`

describe('a full disk', () => {
  it('answers 503, leaves nothing half-written, and takes the job once there is room', async (test) => {
    const receiver = await startReceiver()
    const { inbox } = receiver.home
    const refusal = await mountTmpfs(inbox, '16k')
    if (refusal !== undefined) test.skip(refusal)
    const filler = join(inbox, 'filler')
    const full = await writeFile(filler, Buffer.alloc(12 * 1024))
      .then(() => writeFile(`${filler}2`, Buffer.alloc(9999)))
      .catch(codeOf)
    expect(full).toBe('ENOSPC')
    const answer = await postJson(create(receiver), job, bearer)
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '60' } })
    expect(answer.text).toContain('ENOSPC')
    expect((await receiver.inbox()).sort()).toEqual(['filler', 'filler2'])
    await rm(filler)
    await rm(`${filler}2`)
    expect(await postJson(create(receiver), job, bearer)).toMatchObject({ status: 202 })
    expect(await receiver.inbox()).toHaveLength(1)
  })
})

describe('Prefer: wait', () => {
  /** Settles the only job once it stands in the inbox. */
  async function settleOnce(receiver: Receiver, good: boolean): Promise<void> {
    for (;;) {
      const [name] = (await receiver.inbox()).filter((one) => one.endsWith('.yaml'))
      if (name !== undefined) {
        const claim = await receiver.spool.claim(name)
        if (claim.kind !== 'claimed') throw new Error(claim.kind)
        const finished_at = new Date().toISOString()
        await receiver.spool.settle(
          claim.record,
          good
            ? { status: 'created', session: 'test-app-dev', attach_command: 'tmux attach -t test-app-dev', finished_at }
            : { status: 'failed', finished_at, error: { message: 'clone it: no such host; check repo_url' } },
        )
        return
      }
      await new Promise((done) => setTimeout(done, 20))
    }
  }

  it('answers 200 once the session stands', async () => {
    const receiver = await startReceiver()
    const waiting = postJson(create(receiver), job, { ...bearer, prefer: 'respond-async, wait=20' })
    await settleOnce(receiver, true)
    expect(await waiting).toMatchObject({
      status: 200,
      json: {
        status: 'success',
        session: 'test-app-dev',
        attach_command: 'tmux attach -t test-app-dev',
        job: { state: 'done' },
      },
    })
  })

  it('answers 500 with the reason where it failed', async () => {
    const receiver = await startReceiver()
    const waiting = postJson(create(receiver), job, { ...bearer, prefer: 'wait=20' })
    await settleOnce(receiver, false)
    expect(await waiting).toMatchObject({
      status: 500,
      json: { status: 'error', message: 'clone it: no such host; check repo_url' },
    })
  })

  it('answers 202 when the time is over', async () => {
    const receiver = await startReceiver()
    const begunMs = performance.now()
    expect(await postJson(create(receiver), job, { ...bearer, prefer: 'wait=1' })).toMatchObject({ status: 202 })
    expect(performance.now() - begunMs).toBeGreaterThan(950)
  })

  it('answers 202 when the daemon ends', async () => {
    const receiver = await startReceiver()
    const waiting = postJson(create(receiver), job, { ...bearer, prefer: 'wait=300' })
    setTimeout(() => {
      receiver.stopping.abort()
    }, 200)
    expect(await waiting).toMatchObject({ status: 202 })
  })

  it('stops waiting when the caller goes, and the job stays', async () => {
    let waiting = 0
    const receiver = await startReceiver({
      ports: {
        async whenSettled(id, signal) {
          waiting += 1
          try {
            return await receiver.spool.whenSettled(id, signal)
          } finally {
            waiting -= 1
          }
        },
      },
    })
    const call = new AbortController()
    const body = JSON.stringify(job)
    const headers = { ...bearer, 'content-type': 'application/json', prefer: 'wait=300' }
    const outcome = httpCall(create(receiver), { body, headers, signal: call.signal }).catch(() => 'gone')
    await expect.poll(() => waiting).toBe(1)
    call.abort()
    expect(await outcome).toBe('gone')
    await expect.poll(() => waiting).toBe(0)
    expect(await receiver.inbox()).toHaveLength(1)
  })

  it.each(['wait=0', 'wait=-1', 'wait=abc', 'await=9', 'wait', 'return=minimal'])(
    'does not wait for %s',
    async (prefer) => {
      const receiver = await startReceiver()
      expect(await postJson(create(receiver), job, { ...bearer, prefer })).toMatchObject({ status: 202 })
    },
  )
})
