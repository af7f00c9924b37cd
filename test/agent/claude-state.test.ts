import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readClaudeState, readLimitEnd, type ClaudeState } from '../../src/agent/claude-state.js'
import { childEnvironment, run } from '../../src/support/process.js'
import { temporaryFolder } from '../support/temporary.js'

const conversation = '0b5a3a52-8f3f-4c8e-9f0e-7c3f0a6f1d11'

/** A session's folder and a folder of configuration, as launcher and Claude Code leave them; the process is `sleep`. */
async function place() {
  const folder = await temporaryFolder()
  const configFolder = join(folder, 'it’s a config')
  await mkdir(join(configFolder, 'sessions'), { recursive: true })
  await mkdir(join(configFolder, 'projects', '-p'), { recursive: true })
  const child = spawn('sleep', ['600'])
  const end = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  onTestFinished(end)
  const pid = child.pid ?? 0
  const stat = await readFile(`/proc/${pid.toString()}/stat`, 'utf8')
  const procStart = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  const note = join(folder, 'claude-process')
  await writeFile(note, `${pid.toString()}\n${configFolder}\n`)
  const file = join(configFolder, 'sessions', `${pid.toString()}.json`)
  const sound = { pid, procStart, status: 'waiting', statusUpdatedAt: 5000, waitingFor: 'dialog open' }
  await writeFile(file, JSON.stringify({ ...sound, sessionId: conversation, version: '2.1.330' }))
  return { folder, configFolder, end, note, file, sound, read: () => readClaudeState(folder) }
}

test('what the program says of itself is read', async () => {
  const { configFolder, read } = await place()
  expect(await read()).toEqual({
    kind: 'told',
    status: 'waiting',
    since: new Date(5000),
    waitingFor: 'dialog open',
    sessionId: conversation,
    configFolder,
  })
})

test('a process that has ended is gone, whatever it left behind', async () => {
  const { end, read } = await place()
  await end()
  expect(await read()).toEqual({ kind: 'gone' })
})

test('nothing is taken from what is not there, is not about that process, or looks otherwise', async () => {
  const { note, file, sound, read } = await place()
  for (const text of [
    JSON.stringify({ ...sound, procStart: '1' }),
    JSON.stringify({ ...sound, pid: 1 }),
    JSON.stringify({ ...sound, status: 'dreaming' }),
    JSON.stringify({ ...sound, statusUpdatedAt: 1e300 }),
    JSON.stringify([sound]),
    '{"pid":',
    'x'.repeat(100_000),
  ]) {
    await writeFile(file, text)
    expect(await read(), text.slice(0, 80)).toBeUndefined()
  }
  await writeFile(file, JSON.stringify({ ...sound, waitingFor: 7, sessionId: '../../etc/passwd' }))
  expect(await read()).toMatchObject({ status: 'waiting', waitingFor: undefined, sessionId: undefined })
  await rm(file)
  await symlink('/etc/passwd', file)
  expect(await read()).toBeUndefined()
  await rm(file)
  expect((await run('mkfifo', [file], { timeoutMs: 5000, env: childEnvironment(process.env) })).ended).toBe('exited')
  expect(await read()).toBeUndefined()
  for (const text of ['', '1\nrelative\n', '-1\n/x\n', '1 2\n/x\n', '99999999999\n/x\n']) {
    await writeFile(note, text)
    expect(await read(), text).toBeUndefined()
  }
  await rm(note)
  expect(await read()).toBeUndefined()
})

const line = (fields: Record<string, unknown>) =>
  `${JSON.stringify({ isApiErrorMessage: true, timestamp: '2026-11-23T07:02:15.413Z', ...fields })}\n`
const metAt = new Date('2026-11-23T07:02:16.000Z')
const end = Date.parse('2026-11-23T09:00:00.000Z') / 1000

test('the end of a limit is what the conversation’s file tells', async () => {
  const { configFolder, read } = await place()
  const state = await read()
  const file = join(configFolder, 'projects', '-p', `${conversation}.jsonl`)
  const quotaLimits = { status: 'rejected', resetsAt: end, rateLimitType: 'five_hour' }
  expect(await readLimitEnd(state, metAt)).toBeUndefined()
  const old = line({ quotaLimits: { ...quotaLimits, resetsAt: 1 }, timestamp: '2026-11-22T07:02:15.413Z' })
  await writeFile(
    file,
    `${'x'.repeat(300_000)}\n${old}${line({ quotaLimits })}${line({ error: 'rate_limit' })}{"quotaLim`,
  )
  expect(await readLimitEnd(state, metAt)).toEqual(new Date(end * 1000))
  for (const text of [
    old,
    line({ quotaLimits: { ...quotaLimits, resetsAt: end + 40 * 86_400 } }),
    line({ quotaLimits: { ...quotaLimits, resetsAt: 'soon' } }),
    line({ quotaLimits, isApiErrorMessage: false }),
    line({ quotaLimits, timestamp: 'today' }),
  ]) {
    await writeFile(file, text)
    expect(await readLimitEnd(state, metAt), text).toBeUndefined()
  }
  await rm(file)
  expect((await run('mkfifo', [file], { timeoutMs: 5000, env: childEnvironment(process.env) })).ended).toBe('exited')
  expect(await readLimitEnd(state, metAt)).toBeUndefined()
  const gone: ClaudeState = { kind: 'gone' }
  expect(await readLimitEnd(gone, metAt)).toBeUndefined()
})
