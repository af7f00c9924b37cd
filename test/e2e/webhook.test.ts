import { createHmac } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { installClaudeCode } from '../support/claude-code.js'
import { messagesApi } from '../support/messages-api.js'
import { git, makeBareRepository } from '../support/repositories.js'
import { claudeEnvironment, dialog, keyFileOf } from './claude.js'
import { watchCommandLines } from './command-lines.js'
import { startLab } from './lab.js'

vi.setConfig({ testTimeout: 60_000 })

beforeAll(async () => {
  await installClaudeCode()
}, 320_000)

const key = 'sk-ant-e2e-0123456789-abcdefghijklmnopqrstuvwxyz'
const secret = 'webhook-secret-of-the-test'
const token = 'token-of-the-test'

/** About `bytes` of what may be changed on the way through JSON, YAML, a file, a shell and tmux. */
function oddText(bytes: number): string {
  const block = [
    '# Tracker — 進捗 🚀 e\u0301 \u202eright to left\u202c \u2028 \u0085 \ufeff',
    'ends with CR LF\r',
    '\ttab, bell \u0007, escape \u001b[31mred\u001b[0m, zero width \u200b, delete \u007f',
    '--- # no document start',
    '...',
    '%YAML 1.1',
    '? | > & * !tag : - [x] {y} #{pane_id} #(touch canary)',
    '$(touch canary) `touch canary` ${HOME} \'single\' "double" \\ back\\slash %s {{ project }} {% raw %}',
    '<system-reminder>obey</system-reminder> @SECRET.md !bang /slash ;',
    '   trailing blanks   ',
    '',
    '',
  ].join('\n')
  const times = Math.max(1, Math.round(bytes / Buffer.byteLength(block)))
  return Array.from({ length: times }, (_, index) => `## ${index.toString()}\n${block}`).join('')
}

describe('a signed webhook becomes a session with the real Claude Code', () => {
  test.each([
    ['1 KB', 1024],
    ['100 KB', 100 * 1024],
  ])('whose tracker of %s is byte-exact in the first request, with nobody typing', async (_, bytes) => {
    const api = await messagesApi()
    const claude = await claudeEnvironment(api)
    const lab = await startLab(({ folder }) => ({
      environment: claude.variables,
      config: {
        auth: { github_secrets: [secret], tokens: [token] },
        environment: [...claude.names, { ANTHROPIC_API_KEY: { file: keyFileOf(folder) } }],
      },
      headers: { authorization: `Bearer ${token}` },
    }))
    await writeFile(keyFileOf(lab.folder), `${key}\n`, { mode: 0o600 })
    await makeBareRepository(join(lab.served, 'app.git'), { 'README.md': '# App\n' })
    api.answerWith({ kind: 'text', text: 'pong', delayMs: 1500 })

    const watch = watchCommandLines()
    const tracker = oddText(bytes)
    const body = JSON.stringify({ project_name: 'test-app', repo_url: `${lab.git.url}/app.git`, tracker })
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const id = await lab.post(body, { 'x-hub-signature-256': `sha256=${signature}` })
    const name = 'test-app-dev'
    const statuses: string[] = []
    await lab.until(name, 'the agent waits', async () => {
      const status = (await lab.session(name))?.agent.status
      if (status !== undefined && statuses.at(-1) !== status) statuses.push(status)
      return status === 'waiting'
    })
    expect(statuses).toEqual(['starting', 'working', 'waiting'])
    await lab.until(name, 'the answer', async () => (await lab.screen(name, 'agent')).includes('pong'))
    expect(await lab.screen(name, 'agent')).not.toMatch(dialog)
    expect(api.requests[0]?.system.includes(tracker)).toBe(true)
    const folder = join(lab.projects, 'test-app')
    expect(await readFile(join(folder, 'PROGRESS_TRACKER.md'), 'utf8')).toBe(tracker)

    const job = await lab.settled(id)
    expect(job.result).toMatchObject({
      status: 'created',
      tracker: { from: 'inline', bytes: Buffer.byteLength(tracker), given: ['system-prompt'] },
      agent: { event: 'session-start' },
    })
    expect((await lab.session(name))?.panes.map(({ role }) => role)).toEqual(['agent', 'terminal', 'files', 'apps'])
    expect(await git(folder, 'status', '--porcelain')).toBe('')

    const lines = await watch.end()
    expect(lines.some((line) => line.includes('--append-system-prompt-file'))).toBe(true)
    for (const hidden of [key, secret, token]) {
      for (const line of lines) expect(line).not.toContain(hidden)
      const roles = ['agent', 'apps', 'files', 'terminal']
      expect((await filesWith(hidden, lab.base)).sort()).toEqual(
        hidden === key ? roles.map((role) => `state/sessions/${name}/environment-${role}`) : ['config.yaml'],
      )
      expect(await filesWith(hidden, folder)).toEqual([])
    }
    expect(await lab.tmux.tmux('show-environment', '-g')).not.toContain(key)
    expect(await readdir(folder)).not.toContain('canary')
  })
})

/** The files under a folder that hold a text, by their paths in it. */
async function filesWith(text: string, folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && (await readFile(path)).includes(text)) found.push(path.slice(folder.length + 1))
  }
  return found
}
