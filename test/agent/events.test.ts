import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { readAgentEvents, waitForAgentEvent } from '../../src/agent/events.js'
import { run } from '../../src/support/process.js'
import { temporaryFolder } from '../support/temporary.js'

const names = async (folder: string) => (await readAgentEvents(folder)).map((event) => event.name)

describe('readAgentEvents', () => {
  test('reads names, times and details', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'agent-events'), '1000 started\n2000 missing npm install -g x\n3000 exited 7\n')
    expect(await readAgentEvents(folder)).toEqual([
      { at: new Date(1000), name: 'started' },
      { at: new Date(2000), name: 'missing', detail: 'npm install -g x' },
      { at: new Date(3000), name: 'exited', detail: '7' },
    ])
  })

  test('has none without a file', async () => {
    expect(await readAgentEvents(await temporaryFolder())).toEqual([])
  })

  test('leaves out a torn last line, lines that are no events and events it does not know', async () => {
    const folder = await temporaryFolder()
    const text = '1 started\nx\n\n2 nonsense\nno 3 working\n3 working\n\0\xff garbage\n4 wait'
    await writeFile(join(folder, 'agent-events'), text, 'latin1')
    expect(await names(folder)).toEqual(['started', 'working'])
    await appendFile(join(folder, 'agent-events'), 'ing\n')
    expect(await names(folder)).toEqual(['started', 'working', 'waiting'])
  })

  test('reads the last 64 KiB of a long file, from a whole line on', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'agent-events'), `1 started\n${'1795384020047 working\n'.repeat(10_000)}9 waiting\n`)
    const events = await readAgentEvents(folder)
    expect(events.length).toBe(Math.floor((64 * 1024 - '9 waiting\n'.length) / '1795384020047 working\n'.length) + 1)
    expect(events[0]).toEqual({ at: new Date(1795384020047), name: 'working' })
    expect(events.at(-1)?.name).toBe('waiting')
  })
})

describe('hook.sh', () => {
  const hook = fileURLToPath(new URL('../../src/agent/hook.sh', import.meta.url))
  const call = (folder: string, event: string, input = '{}') =>
    run('/bin/sh', [hook, folder, event], { timeoutMs: 10_000, env: { PATH: '/usr/bin:/bin' }, input })

  test('twenty at once write twenty whole lines with the present time', async () => {
    const folder = await temporaryFolder()
    const before = Date.now()
    const results = await Promise.all(Array.from({ length: 20 }, () => call(folder, 'working')))
    expect(results.every((result) => result.ended === 'exited' && result.code === 0)).toBe(true)
    const events = await readAgentEvents(folder)
    expect(events.map((event) => event.name)).toEqual(Array<string>(20).fill('working'))
    for (const event of events) {
      expect(event.at.getTime()).toBeGreaterThanOrEqual(before)
      expect(event.at.getTime()).toBeLessThanOrEqual(Date.now())
    }
  })

  test('reads all it is sent, says nothing and exits 0, also without the folder', async () => {
    const folder = await temporaryFolder()
    const result = await call(join(folder, 'gone'), 'working', 'x'.repeat(2_000_000))
    expect(result).toEqual({ ended: 'exited', code: 0, stdout: '', stderr: '' })
  })
})

describe('waitForAgentEvent', () => {
  test('resolves when the event comes, whether the file was there or not', async () => {
    const folder = await temporaryFolder()
    const waiting = waitForAgentEvent(folder, ['session-start', 'exited'], { timeoutMs: 5000 })
    await appendFile(join(folder, 'agent-events'), '1 started\n')
    await appendFile(join(folder, 'agent-events'), '2 exited 1\n')
    expect(await waiting).toEqual({ at: new Date(2), name: 'exited', detail: '1' })
  })

  test('takes no event of before', async () => {
    const folder = await temporaryFolder()
    await appendFile(join(folder, 'agent-events'), '1000 started\n2000 started\n')
    const found = await waitForAgentEvent(folder, ['started'], { timeoutMs: 1000, since: new Date(1500) })
    expect(found?.at).toEqual(new Date(2000))
    expect(await waitForAgentEvent(folder, ['started'], { timeoutMs: 20, since: new Date(2001) })).toBeUndefined()
  })

  test('gives up after its time', async () => {
    const folder = await temporaryFolder()
    const begun = performance.now()
    expect(await waitForAgentEvent(folder, ['started'], { timeoutMs: 100 })).toBeUndefined()
    expect(performance.now() - begun).toBeGreaterThanOrEqual(99)
  })

  test('gives up when it is told to', async () => {
    const folder = await temporaryFolder()
    const controller = new AbortController()
    const waiting = waitForAgentEvent(folder, ['started'], { timeoutMs: 20_000, signal: controller.signal })
    controller.abort()
    expect(await waiting).toBeUndefined()
  })

  test('says where the file can not be read', async () => {
    const folder = await temporaryFolder()
    await rm(folder, { recursive: true })
    await writeFile(folder, '')
    await expect(readAgentEvents(folder)).rejects.toMatchObject({ code: 'ENOTDIR' })
  })
})
