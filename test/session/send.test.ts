import { appendFile, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { performJob } from '../../src/daemon/perform.js'
import type { JobRecord } from '../../src/job/record.js'
import type { JobResult } from '../../src/job/result.js'
import { sessionNameOf } from '../../src/session/name.js'
import { readSendNote, writeSendNote } from '../../src/session/send-note.js'
import { pasted, rawReader, type RawReader } from '../support/raw-reader.js'
import { temporaryFolder } from '../support/temporary.js'
import { startLab, type Lab } from './lab.js'

const name = sessionNameOf('shop')
const patient = { timeout: 20_000 }

interface Place extends Lab {
  readonly reader: RawReader
  readonly sessionFolder: string
  /** Says that the agent came to this, as its hooks do. */
  readonly say: (...events: readonly string[]) => Promise<void>
  readonly job: (text: string, more?: Partial<JobRecord>) => JobRecord
  readonly send: (text: string, more?: Partial<JobRecord>) => Promise<JobResult>
}

/** A session whose agent keeps every byte; of the kind `claude`, it takes what it gets at the key Enter. */
async function place(kind: 'claude' | 'command', agent: Record<string, unknown> = {}): Promise<Place> {
  const kept = await temporaryFolder()
  const reader = rawReader(kept, kind === 'claude' ? join(kept, 'session') : undefined)
  const lab = await startLab({
    agents: { cat: { kind: 'command', command: reader.command, ...agent } },
    sessions: { resume_attempts: 0 },
  })
  await lab.build()
  const { registry } = lab.workshop.tools
  const sessionFolder = registry.folderOf(name)
  await symlink(sessionFolder, join(kept, 'session'))
  const record = await registry.read(name)
  if (record === undefined) throw new Error('no record')
  await registry.write(name, { ...record, agent: { ...record.agent, kind } })
  await expect.poll(() => reader.bytes(), patient).toBe('')
  const job = (text: string, more: Partial<JobRecord> = {}) => lab.record({ action: 'send', text }, more)
  return {
    ...lab,
    reader,
    sessionFolder,
    job,
    say: async (...events) => {
      for (const event of events) {
        await appendFile(join(sessionFolder, 'agent-events'), `${Date.now().toString()} ${event}\n`)
      }
    },
    send: (text, more) => performJob(job(text, more), lab.workshop.tools, new AbortController().signal),
  }
}

describe('an agent of the kind command', () => {
  test('gets the text as a paste, and Enter', async () => {
    const { send, reader } = await place('command')
    expect(await send('run\n  the tests;\n')).toMatchObject({
      status: 'sent',
      session: 'shop-dev',
      delivery: 'entered',
    })
    await expect.poll(() => reader.bytes(), patient).toBe(`${pasted('run\n  the tests;')}\r`)
  })

  test('gets nothing where the configuration says so', async () => {
    const { send, reader } = await place('command', { send: false })
    await expect(send('text')).rejects.toThrow(/its agent takes no text \(agents\.cat\.send\)/)
    expect(await reader.bytes()).toBe('')
  })

  test('gets the texts of two senders at once one after the other', async () => {
    const { send, reader } = await place('command')
    const texts = ['first '.repeat(500).trim(), 'second', 'third\nline']
    await Promise.all(texts.map((text) => send(text)))
    const all = texts.map((text) => `${pasted(text)}\r`)
    await expect.poll(async () => (await reader.bytes())?.length, patient).toBe(all.join('').length)
    const received = await reader.bytes()
    for (const one of all) expect(received).toContain(one)
  })

  test('has ended: the shell in its pane gets nothing', async () => {
    const lab = await place('command')
    const pid = await lab.tmux.tmux('list-panes', '-t', '=shop-dev:', '-F', '#{pane_pid}')
    const children = await readFile(
      `/proc/${pid.split('\n')[0] ?? ''}/task/${pid.split('\n')[0] ?? ''}/children`,
      'utf8',
    )
    process.kill(Number(children.trim()), 'SIGKILL')
    const events = () => readFile(join(lab.sessionFolder, 'agent-events'), 'utf8')
    await expect.poll(events, patient).toContain('exited 137')
    await expect(lab.send('rm -rf ~')).rejects.toThrow(/its agent has ended \(code 137\).*devorch restart shop-dev/)
    expect(await lab.tmux.capture('=shop-dev:.0')).not.toContain('rm -rf')
  })

  test('whose pane was closed, whose session does not stand, or that nobody knows: each says so', async () => {
    const lab = await place('command')
    const panes = await lab.tmux.tmux('list-panes', '-t', '=shop-dev:', '-F', '#{pane_id}')
    await lab.tmux.tmux('kill-pane', '-t', panes.split('\n')[0] ?? '')
    await expect(lab.send('text')).rejects.toThrow(/its agent's pane was closed/)
    await lab.tmux.tmux('kill-session', '-t', '=shop-dev')
    await expect(lab.send('text')).rejects.toThrow(/it does not stand/)
    await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
    await expect(lab.send('text')).rejects.toThrow(/dev-orchestrator did not make/)
    await lab.workshop.tools.registry.remove(name)
    await expect(lab.send('text')).rejects.toThrow(/knows no such session/)
    expect((await lab.tmux.capture('=shop-dev:')).trim()).toBe('')
  })
})

describe('Claude Code', () => {
  test('that waits for a prompt takes it', async () => {
    const { say, send, reader } = await place('claude')
    await say('session-start', 'working', 'waiting')
    expect(await send('go on')).toMatchObject({ status: 'sent', delivery: 'taken' })
    expect(await reader.bytes()).toBe(`${pasted('go on')}\r`)
  })

  test('that is at work has it queued', async () => {
    const { say, send } = await place('claude')
    await say('session-start', 'working')
    expect(await send('and the docs')).toMatchObject({ status: 'sent', delivery: 'queued' })
  })

  test('that is starting is waited for', async () => {
    const { say, send, reader } = await place('claude')
    const sent = send('go on')
    await sleep(500)
    expect(await reader.bytes()).toBe('')
    await say('session-start', 'working', 'waiting')
    expect(await sent).toMatchObject({ delivery: 'taken' })
  })

  test('that starts for good, since a dialog is open, says so', async () => {
    const lab = await place('claude')
    const job = lab.job('text')
    const sent = performJob(job, lab.workshop.tools, AbortSignal.timeout(1000))
    await expect(sent).rejects.toThrow(/still starting, or asks something at its start/)
    expect(await lab.reader.bytes()).toBe('')
  })

  test('that waits for an approval gets nothing', async () => {
    const { say, send, reader } = await place('claude')
    await say('session-start', 'working', 'approval')
    await expect(send('yes')).rejects.toThrow(/waits for an approval; answer it first: tmux .*attach/)
    expect(await reader.bytes()).toBe('')
  })

  test('that asks for an approval while the text comes gets no Enter', async () => {
    const { say, send, reader } = await place('claude')
    await say('session-start', 'working')
    const sent = send('yes').catch((error: unknown) => error)
    await expect.poll(() => reader.bytes(), { ...patient, interval: 5 }).toBe(pasted('yes'))
    await say('approval')
    expect(String(await sent)).toMatch(/waits for an approval by now, so Enter was not pressed/)
    await sleep(300)
    expect(await reader.bytes()).toBe(pasted('yes'))
  })
})

describe('a job that was cut off', () => {
  test('before anything was sent, sends', async () => {
    const { send, reader } = await place('command')
    expect(await send('text', { attempts: 2 })).toMatchObject({ status: 'sent' })
    await expect.poll(() => reader.bytes(), patient).toBe(`${pasted('text')}\r`)
  })

  test.each(['begun', 'entered'] as const)('once it was %s, does not send again', async (state) => {
    const lab = await place('command')
    const job = lab.job('text', { attempts: 2 })
    await writeSendNote(lab.sessionFolder, job.id, state)
    const again = performJob(job, lab.workshop.tools, new AbortController().signal)
    if (state === 'entered') expect(await again).toMatchObject({ status: 'sent', delivery: 'entered' })
    else await expect(again).rejects.toThrow(/not sent twice.*devorch retry/)
    await sleep(500)
    expect(await lab.reader.bytes()).toBe('')
  })

  test('leaves a note of how far it came, which another job’s text replaces', async () => {
    const lab = await place('command')
    const [first, second] = [lab.job('one'), lab.job('two', { id: lab.job('x').id })]
    await performJob(first, lab.workshop.tools, new AbortController().signal)
    expect(await readSendNote(lab.sessionFolder, first.id)).toBe('entered')
    await performJob(second, lab.workshop.tools, new AbortController().signal)
    expect(await readSendNote(lab.sessionFolder, first.id)).toBeUndefined()
  })
})
