import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux } from '../support/tmux.js'
import { makeWorkplace, root, runProgram } from './workplace.js'

/** The demo with a folder, a HOME and a tmux of the test's own. */
async function demoPlace() {
  const place = await makeWorkplace()
  const tmux = privateTmux({ socketName: 'devorch-demo', tmuxTmpdir: place.folder })
  const folder = join(place.folder, 'demo')
  const environment = {
    ...place.environment,
    DEVORCH_DEMO_DIR: folder,
    DEVORCH_PORT: '1',
    DEVORCH_HOME: '/nonexistent',
  }
  const demo = (args: readonly string[] = [], more: Readonly<Record<string, string>> = {}) =>
    runProgram(process.execPath, [join(root, 'dist', 'main.js'), 'demo', ...args], {
      environment: { ...environment, ...more },
    })
  return { place, tmux, folder, demo }
}

test('from a signed webhook to four panes, twice; then everything is removed', async () => {
  const { place, tmux, folder, demo } = await demoPlace()
  const first = await demo()
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(first.stdout).toMatch(/^webhook +POST \/create-session with X-Hub-Signature-256: 202/m)
  for (const state of ['active', 'done']) {
    expect(first.stdout).toMatch(
      new RegExp(`now in +\\S+/home/state/${state}/\\S+-demo-app-\\S+\\.yaml +\\d+\\.\\d\\d s$`, 'm'),
    )
  }
  expect(first.stdout).toMatch(/^session +demo-app-dev$/m)
  expect(first.stdout).toMatch(/^template +node-cli \(by hint\): \d+ files added$/m)
  expect(first.stdout).toMatch(/^agent +claude: not installed.*npm install -g @anthropic-ai\/claude-code$/m)
  const shown = ['agent', 'terminal', 'files', 'apps'].map((role) => first.stdout.indexOf(`── ${role} ─`))
  expect(shown).toEqual([...shown].sort((a, b) => a - b))
  expect(shown[0]).toBeGreaterThan(0)
  expect(first.stdout).toContain('claude is not installed, so here is a shell instead.')
  expect(first.stdout).toContain('PROGRESS_TRACKER.md')
  expect(first.stdout).toMatch(/^look at it +tmux -L devorch-demo attach -t demo-app-dev /m)
  // For people: plain when piped.
  expect(first.stdout).not.toContain('\u001b')

  expect(await tmux.tmux('list-panes', '-a', '-F', '#{session_name} #{@devorch_role}')).toBe(
    'demo-app-dev agent\ndemo-app-dev terminal\ndemo-app-dev files\ndemo-app-dev apps\n',
  )
  const [job] = await readdir(join(folder, 'home', 'state', 'done'))
  expect(parse(await readFile(join(folder, 'home', 'state', 'done', job ?? ''), 'utf8'))).toMatchObject({
    origin: { kind: 'http', address: '127.0.0.1' },
    result: { status: 'created', session: 'demo-app-dev' },
  })
  const secret = /github_secrets:\s+- (\S+)/.exec(await readFile(join(folder, 'home', 'config.yaml'), 'utf8'))?.[1]
  expect(secret).toBeDefined()
  expect(first.stdout).not.toContain(secret)

  const mine = join(folder, 'projects', 'demo-app', 'mine.txt')
  await writeFile(mine, 'mine')
  const second = await demo()
  expect(second).toMatchObject({ code: 0, stderr: '' })
  expect(second.stdout).toMatch(/^earlier +demo-app-dev stays as it is$/m)
  expect(second.stdout).toMatch(/^session +demo-app-2-dev$/m)
  expect(await readFile(mine, 'utf8')).toBe('mine')

  // The user's own tmux server was never started, let alone touched; a stranger's session there stays.
  await expect(place.tmux.tmux('ls')).rejects.toThrow()
  await place.tmux.tmux('new-session', '-d', '-s', 'stranger', '--', 'cat')
  const cleaned = await demo(['--clean'])
  expect(cleaned).toMatchObject({ code: 0, stderr: '' })
  await expect(access(folder)).rejects.toThrow('ENOENT')
  await expect(tmux.tmux('ls')).rejects.toThrow()
  expect(await place.tmux.tmux('ls', '-F', '#{session_name}')).toBe('stranger\n')
  expect((await demo(['--clean'])).stdout).toBe('there is nothing of a demo to remove\n')
})

test('a missing program is named with the line that installs it, and nothing is made', async () => {
  const { folder, demo } = await demoPlace()
  const ended = await demo([], { PATH: await temporaryFolder() })
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toMatch(
    /^the demo needs .*git.*tmux.*; to install: (sudo )?apt-get install -y git tmux ranger\n$/,
  )
  await expect(access(folder)).rejects.toThrow('ENOENT')
})

test('a folder that the demo did not make is neither used nor removed', async () => {
  const { folder, demo } = await demoPlace()
  await mkdir(folder)
  await writeFile(join(folder, 'mine.txt'), 'mine')
  for (const args of [[], ['--clean']]) {
    const ended = await demo(args)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('the demo did not make it')
  }
  expect(await readdir(folder)).toEqual(['mine.txt'])
})
