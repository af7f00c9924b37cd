import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test, vi } from 'vitest'
import { installClaudeCode } from '../support/claude-code.js'
import { messagesApi } from '../support/messages-api.js'
import { makeBareRepository } from '../support/repositories.js'
import { claudeEnvironment, dialog, keyFileOf } from './claude.js'
import { startLab } from './lab.js'

vi.setConfig({ testTimeout: 120_000 })

beforeAll(async () => {
  await installClaudeCode()
}, 320_000)

test('after the death of the tmux server the real Claude Code goes on with its conversation', async () => {
  const api = await messagesApi()
  const claude = await claudeEnvironment(api)
  const lab = await startLab(({ folder }) => ({
    environment: claude.variables,
    config: { environment: [...claude.names, { ANTHROPIC_API_KEY: { file: keyFileOf(folder) } }] },
  }))
  await writeFile(keyFileOf(lab.folder), 'sk-ant-e2e-0123456789-abcdefghijklmnopqrstuvwxyz\n', { mode: 0o600 })
  await makeBareRepository(join(lab.served, 'app.git'), { 'README.md': '# App\n' })
  api.answerWith({ kind: 'text', text: 'said before the end' }, { kind: 'text', text: 'said after it' })
  const name = 'test-app-dev'
  const isWaiting = async () => (await lab.session(name))?.agent.status === 'waiting'
  const built = await lab.build({
    project_name: 'test-app',
    repo_url: `${lab.git.url}/app.git`,
    tracker: '# The plan of old\n',
  })
  expect(built.result?.status).toBe('created')
  await lab.until(name, 'the agent waits', isWaiting)
  const conversations = join(lab.home, '.claude', 'projects')
  await lab.until(name, 'what was said is kept', async () => {
    const files = (await readdir(conversations, { recursive: true })).filter((file) => file.endsWith('.jsonl'))
    const texts = await Promise.all(files.map((file) => readFile(join(conversations, file), 'utf8')))
    return texts.some((text) => text.includes('said before the end'))
  })
  const before = api.requests.length

  process.kill(Number(await lab.tmux.tmux('display-message', '-p', '#{pid}')), 'SIGKILL')
  await lab.until(name, 'the session is gone', async () => (await lab.session(name))?.session === 'gone')
  await writeFile(join(lab.projects, 'test-app', 'PROGRESS_TRACKER.md'), '# The plan, half done\n')
  // As if the machine had been booted since. The server must be the daemon's, for its HOME.
  const record = join(lab.base, 'state', 'sessions', `${name}.yaml`)
  await writeFile(record, (await readFile(record, 'utf8')).replace(/boot_id: .*/, 'boot_id: of-an-earlier-boot'))

  await lab.until(name, 'a request', () => api.requests.length > before)
  const resumed = api.requests[before]
  // What was said before goes along, then the prompt of the new start.
  expect(resumed?.user).toMatch(
    /Then continue the work from where the tracker says[^]*This session was started again\./,
  )
  await lab.until(name, 'the agent waits', isWaiting)
  await lab.until(name, 'the answer', async () => (await lab.screen(name, 'agent')).includes('said after it'))
  const screen = await lab.screen(name, 'agent')
  expect(screen).toContain('said before the end')
  expect(screen).not.toMatch(dialog)
  const session = await lab.session(name)
  expect(session).toMatchObject({ session: 'standing', agent: { status: 'waiting' } })
  expect(session?.panes.map(({ role }) => role)).toEqual(['agent', 'terminal', 'files', 'apps'])
})
