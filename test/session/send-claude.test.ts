import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { readAgentEvents } from '../../src/agent/events.js'
import { agentStatus } from '../../src/agent/status.js'
import type { JobResult } from '../../src/job/result.js'
import { messageOf } from '../../src/session/message.js'
import { sessionNameOf } from '../../src/session/name.js'
import { sendText } from '../../src/session/send.js'
import { claudeEnvironment, keyFileOf } from '../e2e/claude.js'
import { installClaudeCode } from '../support/claude-code.js'
import { messagesApi, type Answer, type MessagesApi } from '../support/messages-api.js'
import { temporaryFolder } from '../support/temporary.js'
import { startLab, type Lab } from './lab.js'

beforeAll(async () => {
  await installClaudeCode()
}, 320_000)

const patient = { timeout: 60_000, interval: 100 }
const long = { timeout: 240_000 }
const name = sessionNameOf('shop')

interface Place extends Lab {
  readonly api: MessagesApi
  readonly status: () => Promise<string>
  readonly send: (text: string) => Promise<JobResult>
}

/** A session with the real Claude Code, which talks to the stub. */
async function place(agent: Record<string, unknown> = {}, answers: readonly Answer[] = []): Promise<Place> {
  const api = await messagesApi()
  api.answerWith(...answers)
  const folder = await temporaryFolder()
  const { variables, names } = await claudeEnvironment(api)
  await writeFile(keyFileOf(folder), 'sk-ant-test-0123456789-abcdefghijklmnopqrstuvwxyz')
  const configFolder = join(folder, 'claude')
  const TMPDIR = join(folder, 'tmp')
  for (const made of [configFolder, TMPDIR]) await mkdir(made)
  const settings = {
    agents: { claude: { kind: 'claude', ...agent } },
    default_agent: 'claude',
    environment: [...names, 'PATH', 'CLAUDE_CONFIG_DIR', { ANTHROPIC_API_KEY: { file: keyFileOf(folder) } }],
  }
  const lab = await startLab(settings, { ...variables, TMPDIR, CLAUDE_CONFIG_DIR: configFolder, SHELL: '/bin/sh' })
  const { tools } = lab.workshop
  await lab.build({ tracker: '# Tracker\n' })
  return {
    ...lab,
    api,
    status: async () => {
      const events = await readAgentEvents(tools.registry.folderOf(name))
      const { status, detail } = agentStatus(events, { kind: 'alive' }, 'claude')
      return detail === undefined ? status : `${status}: ${detail}`
    },
    send: async (text) => {
      const message = messageOf(text)
      if (!message.ok) throw new Error(message.problem.message)
      return await sendText({ name, text: message.text, jobId: undefined }, tools, new AbortController().signal)
    },
  }
}

describe('the real Claude Code', () => {
  test('has the text byte-exact in its next request, whatever it is', long, async () => {
    const { api, send, status } = await place()
    await expect.poll(status, patient).toBe('waiting')
    const texts = [
      'é 進捗 🚀 👩‍👩‍👧 #{pid} #(touch x) $(id) `id` "quoted" \'too\' ;',
      'two\n\n  lines\n\twith a tab and an end;',
      'see @PROGRESS_TRACKER',
      '- a list\n- <b>tags</b> &amp; </tracker>\n# heading',
      Array.from({ length: 200 }, (_, line) => `${line.toString()}: ${'wörd '.repeat(10)}.`).join('\n'),
    ]
    for (const text of texts) {
      const before = api.requests.length
      expect(await send(text)).toMatchObject({ status: 'sent', delivery: 'taken' })
      await expect.poll(() => api.requests.length, patient).toBeGreaterThan(before)
      // Claude Code 2.1.330 turns a pasted tab into four spaces.
      expect(api.requests.at(-1)?.user).toContain(text.replaceAll('\t', '    '))
      await expect.poll(status, patient).toBe('waiting')
    }
    // The space behind it keeps the Enter from being a part of it.
    await send('ends with \\')
    await expect.poll(() => api.requests.at(-1)?.user, patient).toContain('ends with \\')
  })

  test('at work has it queued, and reads it next', long, async () => {
    const { api, send, status } = await place({}, [{ kind: 'text', text: 'slow', delayMs: 10_000 }])
    await expect.poll(() => api.requests.length, patient).toBe(1)
    expect(await send('and then\nthis')).toMatchObject({ delivery: 'queued' })
    await expect.poll(() => api.requests.at(-1)?.user, patient).toContain('and then\nthis')
    expect(api.requests[0]?.user).not.toContain('and then')
    await expect.poll(status, patient).toBe('waiting')
  })

  test('that waits for an approval is not told anything, and nothing is approved', long, async () => {
    const input = { command: 'touch approved', description: 'x' }
    const place_ = await place({ permission_mode: 'manual', allow: [] }, [{ kind: 'tool', name: 'Bash', input }])
    await expect.poll(place_.status, patient).toBe('waiting: approval')
    const before = place_.api.requests.length
    await expect(place_.send('1')).rejects.toThrow(/waits for an approval/)
    await sleep(1500)
    expect(place_.api.requests).toHaveLength(before)
    expect(await readdir(join(place_.folder, 'projects', 'shop'))).not.toContain('approved')
  })

  test('whose input holds a draft, is for the shell, or is behind a menu, is not told anything', long, async () => {
    const { api, send, status, tmux } = await place()
    await expect.poll(status, patient).toBe('waiting')
    const keys = (...given: string[]) => tmux.tmux('send-keys', '-t', '=shop-dev:.0', ...given)
    const before = api.requests.length
    for (const [typed, because] of [
      ['a draft', /somebody has typed into its input/],
      ['!', /commands of the shell/],
      ['/model', /a menu or a dialog is open/],
    ] as const) {
      await keys('-l', typed)
      await sleep(2000)
      if (typed === '/model') await keys('Enter')
      await sleep(2000)
      await expect(send('id')).rejects.toThrow(because)
      await keys(typed === '/model' ? 'Escape' : typed === '!' ? 'BSpace' : 'C-u')
      await sleep(2000)
    }
    expect(api.requests).toHaveLength(before)
    expect(await send('!echo from-$((40+2))')).toMatchObject({ delivery: 'entered' })
    await expect.poll(() => api.requests.at(-1)?.user, patient).toContain('from-42')
  })
})
