import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { configSchema } from '../../src/config/schema.js'
import { parseJobFile } from '../../src/job/job.js'
import { parseYaml } from '../../src/support/yaml-document.js'
import { startGitServer } from '../support/git-server.js'
import { makeBareRepository } from '../support/repositories.js'
import { privateTmux } from '../support/tmux.js'
import { makeWorkplace, root, runProgram } from './workplace.js'

const readme = await readFile(join(root, 'README.md'), 'utf8')
const example = 'https://github.com/octocat/Hello-World.git'

/** The code blocks of a language, in order. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].flatMap(([, name, body]) =>
    name === language && body !== undefined ? [body] : [],
  )
}

function block(language: string, containing: string): string {
  const found = blocks(readme, language).filter((body) => body.includes(containing))
  expect(found, `README.md has one block with ${containing}`).toHaveLength(1)
  return found[0] ?? ''
}

/** What must stand in the way of nobody: the checklist means port 8080 literally. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = await new Promise<boolean>((resolve) => {
    server.once('error', () => {
      resolve(false)
    })
    server.listen(port, '127.0.0.1', () => {
      resolve(true)
    })
  })
  await new Promise((done) => server.close(done))
  return free
}

test('the checklist, word for word but for the repository, which is on loopback here', async (context) => {
  if (!(await isFree(8080))) context.skip('another program listens on port 8080')
  const place = await makeWorkplace()
  await makeBareRepository(join(place.folder, 'served', 'Hello-World.git'), { README: 'Hello World!\n' })
  const server = await startGitServer(join(place.folder, 'served'))
  try {
    await place.serve({ server: {}, tmux: {} })
    const shell = (line: string) =>
      runProgram('sh', ['-c', line], { environment: place.environment, cwd: place.folder })
    const curl = block('sh', 'curl -X POST').replace(example, `${server.url}/Hello-World.git`)
    expect(curl).toContain('http://localhost:8080/create-session')
    const called = await shell(curl)
    expect(called.code).toBe(0)
    expect(JSON.parse(called.stdout)).toMatchObject({
      status: 'queued',
      session_name: 'test-app-dev',
      attach_command: 'tmux attach -t test-app-dev',
    })

    const list = block('sh', 'tmux ls | grep')
    await vi.waitFor(
      async () => {
        expect((await shell(list)).stdout).toMatch(/^test-app-dev: 1 windows/)
      },
      { timeout: 15_000, interval: 200 },
    )
    // A terminal to attach with: a pane of another tmux server.
    const terminal = privateTmux()
    const attach = block('sh', 'tmux attach').trim().split(' ')
    const inside = Object.entries({ ...place.environment, TERM: 'screen' }).map(([name, value]) => `${name}=${value}`)
    await terminal.tmux(
      'new-session',
      '-d',
      '-s',
      'person',
      '-x',
      '160',
      '-y',
      '40',
      '--',
      'env',
      '-i',
      ...inside,
      ...attach,
    )
    await vi.waitFor(
      async () => {
        const screen = await terminal.capture('=person:')
        // The tracker that was made, as ranger shows it; the borders of four panes; the session's status line.
        expect(screen).toContain('README')
        expect(screen).toContain('[test-app-')
        expect(screen.match(/├/g)).toHaveLength(2)
      },
      { timeout: 15_000, interval: 200 },
    )
  } finally {
    await server.close()
  }
})

test('with no configuration file at all the call of the README is taken in, word for word', async (context) => {
  if (!(await isFree(8080))) context.skip('another program listens on port 8080')
  const place = await makeWorkplace()
  // Held back, so that nothing beyond loopback is asked for.
  await place.devorch(['pause'])
  const line = `"$1" "$2" --home "$3" serve & trap "kill $!; wait" EXIT
    for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
      curl -s http://localhost:8080/readyz >/dev/null && break; sleep 0.5
    done
    ${block('sh', 'curl -X POST')}`
  const args = ['-c', line, 'sh', process.execPath, join(root, 'dist', 'main.js'), place.home]
  const called = await runProgram('sh', args, { environment: place.environment })
  expect(called.code).toBe(0)
  expect(JSON.parse(called.stdout)).toMatchObject({ status: 'queued', session_name: 'test-app-dev' })
  expect(called.stderr).toContain('ready url=http://127.0.0.1:8080')
})

test('the job file of the README is one that the inbox takes, and submit as well', async () => {
  const text = block('yaml', 'project_name: test-app')
  expect(text.endsWith('\n...\n')).toBe(true)
  const parsed = parseJobFile(text)
  expect(parsed).toMatchObject({ ok: true, value: { project_name: 'test-app', branch: 'master' } })
  const place = await makeWorkplace()
  const file = join(place.folder, 'job.yaml')
  await writeFile(file, text)
  expect(await place.devorch(['submit', file])).toMatchObject({ code: 0, stderr: '' })
})

test('the settings in README.md and docs/configuration.md are settings', async () => {
  const pages = [readme, await readFile(join(root, 'docs', 'configuration.md'), 'utf8')]
  const isSetting = (text: string) => !text.includes('project_name') && !text.startsWith('windows:')
  const settings = pages.flatMap((page) => blocks(page, 'yaml')).filter(isSetting)
  expect(settings).toHaveLength(3)
  for (const text of settings) expect(parseYaml(text, configSchema, () => [])).toMatchObject({ ok: true })
})

test('docs/configuration.md has every key with the default that is in force', async () => {
  const page = await readFile(join(root, 'docs', 'configuration.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `([a-z_.]+)` +\| `(.*?)` +\|/gm)].map(([, key, value]) => [key, value])
  const claude = configSchema.parse({ agents: { claude: { kind: 'claude' } } }).agents['claude']
  const { kind: _, ...agent } = claude ?? { kind: undefined }
  const expected = [
    ...leaves(configSchema.parse({}), '').filter(([key]) => key !== 'agents'),
    ...leaves(agent, ''),
    ['agents', 'claude'],
  ]
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected))
})

function leaves(value: unknown, path: string): [string, string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0) {
    return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`))
  }
  if (Array.isArray(value)) return [[path, `[${value.join(', ')}]`]]
  return [[path, typeof value === 'string' ? value : JSON.stringify(value)]]
}
