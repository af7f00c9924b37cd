import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { agentLaunch } from '../../src/agent/agent.js'
import { environmentFile } from '../../src/agent/environment.js'
import { readAgentEvents, waitForAgentEvent } from '../../src/agent/events.js'
import type { AgentConfig, AgentFacts } from '../../src/agent/launch.js'
import { paneCommand } from '../../src/agent/pane.js'
import { agentStatus } from '../../src/agent/status.js'
import { installClaudeCode } from '../support/claude-code.js'
import { messagesApi, type MessagesApi } from '../support/messages-api.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux } from '../support/tmux.js'

/** Claude Code as it is configured by default. */
export const dontAsk: Extract<AgentConfig, { kind: 'claude' }> = {
  kind: 'claude',
  command: ['claude'],
  permissionMode: 'dontAsk',
  allow: ['Read', 'Glob', 'Grep', 'Edit', 'Write', 'Bash'],
  deny: [],
  repositorySettings: 'ignore',
}

/** One project with the real Claude Code, a home of its own, and the stub to talk to. */
export interface Workplace {
  readonly facts: AgentFacts
  readonly api: MessagesApi
  /** Where Claude Code 2.1.330 keeps the conversation. */
  readonly conversationFile: string
  /** Starts the agent's pane as the daemon does. */
  readonly begin: (config: AgentConfig, facts?: Partial<AgentFacts>) => Promise<void>
  /** The same, and waits until it is ready. */
  readonly start: (config: AgentConfig, facts?: Partial<AgentFacts>) => Promise<void>
  /** Ends the session as a reboot does. */
  readonly end: () => Promise<void>
  readonly keys: (...keys: readonly string[]) => Promise<void>
  readonly screen: () => Promise<string>
  readonly status: () => Promise<string>
  /** Waits up to 20 s. @throws with what the pane shows where it is not so by then. */
  readonly until: (what: string, isSo: () => boolean | Promise<boolean>) => Promise<void>
}

/** Makes it, with this tracker; the calling test's end takes all of it away. */
export async function workplace(tracker: string): Promise<Workplace> {
  const claude = await installClaudeCode()
  const folder = await temporaryFolder()
  const home = join(folder, 'home')
  const temporary = join(folder, 'tmp')
  const sessionFolder = join(folder, 'session')
  const workingCopy = join(folder, 'test-app')
  for (const made of [home, temporary, sessionFolder, workingCopy]) await mkdir(made, { mode: 0o700 })
  await promisify(execFile)('git', ['init', '--quiet'], { cwd: workingCopy, timeout: 10_000 })
  const trackerFile = join(workingCopy, 'PROGRESS_TRACKER.md')
  await writeFile(trackerFile, tracker)
  const api = await messagesApi()
  const server = privateTmux()
  const screen = () => server.capture('=dev:')
  const facts: AgentFacts = {
    sessionFolder,
    workingCopy,
    conversationId: randomUUID(),
    start: 'new',
    tracker: {
      path: trackerFile,
      bytes: Buffer.byteLength(tracker),
      systemPromptFile: trackerFile,
      conversation: 'none',
    },
    nodePath: process.execPath,
    resumeAttempts: 0,
  }
  const environment = environmentFile({
    HOME: home,
    SHELL: '/bin/sh',
    TMPDIR: temporary,
    PATH: [dirname(claude), process.env['PATH'] ?? ''].join(delimiter),
    CLAUDE_CONFIG_DIR: join(home, 'claude'),
    ANTHROPIC_BASE_URL: api.url,
    ANTHROPIC_API_KEY: 'sk-ant-test-0123456789-abcdefghijklmnopqrstuvwxyz',
    CLAUDE_CODE_MAX_RETRIES: '0',
    // Nothing but the stub is reached.
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_DISABLE_OFFICIAL_MARKETPLACE_AUTOINSTALL: '1',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    NO_PROXY: '127.0.0.1',
  })
  await writeFile(join(sessionFolder, 'environment-agent'), environment, { mode: 0o600 })
  const begin = async (config: AgentConfig, more: Partial<AgentFacts> = {}) => {
    const launch = agentLaunch(config, { ...facts, ...more })
    for (const file of launch.files) await writeFile(join(sessionFolder, file.name), file.text, { mode: file.mode })
    const command = paneCommand({ ...launch, sessionFolder, role: 'agent' })
    await server.tmux('new-session', '-d', '-s', 'dev', '-x', '160', '-y', '50', '-c', workingCopy, '--', ...command)
  }
  return {
    facts,
    api,
    conversationFile: join(
      home,
      'claude',
      'projects',
      workingCopy.replaceAll(/[^A-Za-z0-9]/g, '-'),
      `${facts.conversationId}.jsonl`,
    ),
    screen,
    begin,
    start: async (config, more) => {
      const since = new Date()
      await begin(config, more)
      const names = ['session-start', 'exited', 'missing'] as const
      const ready = await waitForAgentEvent(sessionFolder, names, { timeoutMs: 20_000, since })
      expect(ready?.name, await screen()).toBe('session-start')
    },
    end: async () => {
      await server.tmux('kill-session', '-t', '=dev')
      // It was the last one: the server ends with it, and a client that meets it then fails.
      const isThere = () =>
        server.tmux('list-sessions').then(
          () => true,
          (error: unknown) => !/no server running|No such file/.test(String(error)),
        )
      while (await isThere()) await sleep(20)
    },
    keys: async (...keys) => {
      await server.tmux('send-keys', '-t', '=dev:', ...keys)
    },
    status: async () => {
      const { status, detail } = agentStatus(await readAgentEvents(sessionFolder), { kind: 'alive' }, 'claude')
      return detail === undefined ? status : `${status}: ${detail}`
    },
    until: async (what, isSo) => {
      const deadline = Date.now() + 20_000
      while (!(await isSo())) {
        if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}\n${await screen()}`)
        await sleep(50)
      }
    },
  }
}
