import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test, vi } from 'vitest'
import { installClaudeCode } from '../support/claude-code.js'
import { messagesApi, type Answer, type MessagesApi } from '../support/messages-api.js'
import { makeBareRepository } from '../support/repositories.js'
import { claudeEnvironment, keyFileOf } from './claude.js'
import { startLab, type Lab } from './lab.js'

vi.setConfig({ testTimeout: 240_000 })

beforeAll(async () => {
  await installClaudeCode()
}, 320_000)

const name = 'test-app-dev'
/** From the program's own sign to the answer of GET /sessions/NAME. */
const shownMs = 2000

interface Place {
  readonly lab: Lab
  readonly api: MessagesApi
  /** Waits until the status is shown, says how long after the program's own sign, and gives its `until`. */
  readonly shows: (status: string, detail?: string) => Promise<string | undefined>
  readonly keys: (...keys: readonly string[]) => Promise<void>
  readonly type: (line: string) => Promise<void>
}

/** A session with the real Claude Code; `credential` is the variable that it pays by. */
async function place(credential: string, answers: readonly Answer[]): Promise<Place> {
  const api = await messagesApi()
  const claude = await claudeEnvironment(api)
  api.answerWith(...answers)
  const lab = await startLab(({ folder }) => ({
    environment: claude.variables,
    config: {
      environment: [...claude.names, { [credential]: { file: keyFileOf(folder) } }],
      agents: { claude: { kind: 'claude', permission_mode: 'manual', allow: [] } },
    },
  }))
  await writeFile(keyFileOf(lab.folder), 'sk-ant-e2e-0123456789-abcdefghijklmnopqrstuvwxyz\n', { mode: 0o600 })
  await makeBareRepository(join(lab.served, 'app.git'), { 'README.md': '# App\n' })
  const built = await lab.build({ project_name: 'test-app', repo_url: `${lab.git.url}/app.git`, tracker: '# Plan\n' })
  expect(built.result?.status).toBe('created')
  // Its first sign may come before the job has been put to rest.
  const beganMs = Date.now()
  const keys = async (...given: readonly string[]) => {
    await lab.tmux.tmux('send-keys', '-t', `=${name}:.0`, ...given)
  }
  return {
    lab,
    api,
    keys,
    async shows(status, detail) {
      const what = detail === undefined ? status : `${status}: ${detail}`
      let found: Awaited<ReturnType<Lab['session']>>
      const shown = lab.until(name, what, async () => {
        found = await lab.session(name)
        return found?.agent.status === status && found.agent.detail === detail
      })
      await shown.catch(async (error: unknown) => {
        const events = await readFile(join(lab.base, 'state', 'sessions', name, 'agent-events'), 'utf8')
        const screen = await lab.screen(name, 'agent')
        throw new Error(`shown: ${JSON.stringify(found?.agent)}\n${events}\n${screen}`, { cause: error })
      })
      const delayMs = Date.now() - Math.max(beganMs, Date.parse(found?.agent.since ?? ''))
      console.log(`${what}: shown ${delayMs.toString()} ms after the program’s sign`)
      expect(delayMs, what).toBeLessThanOrEqual(shownMs)
      return found?.agent.until
    },
    async type(line) {
      await keys('-l', line)
      // What comes together with its Enter is taken for something pasted.
      await lab.until(name, line, async () => (await lab.screen(name, 'agent')).includes(line))
      await sleep(500)
      await keys('Enter')
    },
  }
}

test('the status of the real Claude Code is shown within 2 s, whatever it comes to', async () => {
  const run = (command: string): Answer => ({ kind: 'tool', name: 'Bash', input: { command, description: 'x' } })
  const { lab, api, shows, keys, type } = await place('ANTHROPIC_API_KEY', [
    { kind: 'text', text: 'begun', delayMs: 4000 },
    run('touch made && sleep 5'),
    { kind: 'text', text: 'done' },
    run('touch refused'),
    { kind: 'text', text: 'slow', delayMs: 60_000 },
    { kind: 'error', status: 401, type: 'authentication_error' },
    { kind: 'error', status: 429, type: 'rate_limit_error', headers: { 'retry-after': '600' } },
  ])
  const asked = async () => {
    const question = 'Do you want to proceed'
    await lab.until(name, question, async () => (await lab.screen(name, 'agent')).includes(question))
    // What is pressed as soon as it is to be seen, it does not take.
    await sleep(1500)
  }
  await shows('working')
  await shows('waiting')
  await type('use a tool')
  await shows('waiting', 'approval')
  await asked()
  await keys('Enter')
  // No hook tells so while the tool runs.
  await shows('working')
  await shows('waiting')
  await type('use another tool')
  await shows('waiting', 'approval')
  await asked()
  await keys('Escape')
  await shows('waiting', 'interrupted')
  await type('think for long')
  await shows('working')
  // Its hook comes before the call, which else the next prompt would have the answer of.
  await lab.until(name, 'a call', () => api.requests.some(({ user }) => user.includes('think for long')))
  await keys('Escape')
  await shows('waiting', 'interrupted')
  await sleep(500)
  await keys('C-u')
  await type('fail')
  await shows('waiting', 'api failure')
  await type('/model')
  await shows('waiting', 'dialog')
  await keys('Escape')
  await lab.until(name, 'no dialog', async () => (await lab.session(name))?.agent.detail === 'api failure')
  await type('one more')
  const until = await shows('limited', 'rate limit')
  expect(Date.parse(until ?? '')).toBeGreaterThan(Date.now() + 600_000)
  await type('/exit')
  expect(await shows('exited', 'code 0')).toBeUndefined()
  // Nor is it started again by itself.
  await sleep(7000)
  expect((await lab.session(name))?.agent).toMatchObject({ status: 'exited', detail: 'code 0' })
})

test('an agent that was killed goes on with its conversation in its own pane', async () => {
  const { lab, api, shows } = await place('ANTHROPIC_API_KEY', [{ kind: 'text', text: 'said before the end' }])
  await shows('waiting')
  const pane = await lab.tmux.tmux('list-panes', '-t', `=${name}:`, '-F', '#{pane_id} #{pane_pid}')
  const conversations = join(lab.home, '.claude', 'projects')
  await lab.until(name, 'what was said is kept', async () => {
    const files = (await readdir(conversations, { recursive: true })).filter((file) => file.endsWith('.jsonl'))
    const texts = await Promise.all(files.map((file) => readFile(join(conversations, file), 'utf8')))
    return texts.some((text) => text.includes('said before the end'))
  })
  const note = await readFile(join(lab.base, 'state', 'sessions', name, 'claude-process'), 'utf8')
  process.kill(Number(note.split('\n')[0]), 'SIGKILL')
  await shows('exited', 'code 137')
  await lab.until(name, 'when it is started again', async () => (await lab.session(name))?.agent.until !== undefined)
  // What was said before goes along, then the prompt of the new start.
  const ofRestart = () => api.requests.find(({ user }) => user.includes('This session was started again.'))
  await lab.until(name, 'a request', () => ofRestart() !== undefined)
  const resumed = ofRestart()
  expect(resumed?.user).toMatch(
    /Then continue the work from where the tracker says[^]*This session was started again\./,
  )
  await shows('waiting')
  expect(await lab.screen(name, 'agent')).toContain('said before the end')
  expect(await lab.tmux.tmux('list-panes', '-t', `=${name}:`, '-F', '#{pane_id} #{pane_pid}')).toBe(pane)
  expect(lab.daemon.log()).toContain('an agent has crashed; it is started again')
})

test('a usage limit is shown with its end', async () => {
  const end = Math.floor(Date.now() / 1000) + 3600
  const headers = {
    'anthropic-ratelimit-unified-status': 'rejected',
    'anthropic-ratelimit-unified-reset': end.toString(),
    'anthropic-ratelimit-unified-representative-claim': 'five_hour',
  }
  const { shows } = await place('CLAUDE_CODE_OAUTH_TOKEN', [
    { kind: 'error', status: 429, type: 'rate_limit_error', headers },
  ])
  expect(await shows('limited', 'usage limit')).toBe(new Date(end * 1000).toISOString())
})
