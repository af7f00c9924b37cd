import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeWorkplace, root, runProgram } from './workplace.js'

test.each([
  ['an unknown command', ['frobnicate']],
  ['an unknown option', ['ls', '--jsn']],
  ['a missing argument', ['create', 'shop']],
  ['one argument too many', ['ls', 'shop']],
  ['a limit that is no number', ['jobs', '--limit', 'many']],
  ['an unknown state', ['jobs', '--state', 'lost']],
  ['a home for the demo', ['demo']],
])('%s ends with 2 and a line on stderr, and nothing on stdout', async (_, args) => {
  const place = await makeWorkplace()
  const ended = await place.devorch(args)
  expect(ended).toMatchObject({ code: 2, stdout: '' })
  expect(ended.stderr.trim()).not.toBe('')
})

test('an unknown command names the nearest one', async () => {
  const place = await makeWorkplace()
  expect((await place.devorch(['sumbit', '-'])).stderr).toContain('submit')
})

test('--help lists every command on stdout', async () => {
  const place = await makeWorkplace()
  const ended = await place.devorch(['--help'])
  expect(ended.code).toBe(0)
  const commands = [
    'serve',
    'create',
    'submit',
    'ls',
    'jobs',
    'show',
    'attach',
    'logs',
    'rm',
    'trash',
    'retry',
    'cancel',
  ]
  for (const command of [...commands, 'pause', 'resume', 'config', 'doctor', 'demo']) {
    expect(ended.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
  }
})

test('a broken config.yaml is told with file, line and remedy by every command that needs it', async () => {
  const place = await makeWorkplace()
  await place.configure({ servr: { port: 1 } })
  for (const args of [['ls'], ['jobs'], ['config'], ['serve'], ['create', 'shop', 'https://example.com/a.git']]) {
    const ended = await place.devorch(args)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/config\.yaml: line 1, .*servr: unknown field; did you mean server\?/)
  }
})

test('config tells where each value came from, and keeps secrets to itself', async () => {
  const place = await makeWorkplace()
  await place.configure({ auth: { tokens: ['sesame-open'] } })
  const ended = await place.devorch(['config', '--json'], { environment: { DEVORCH_PORT: '9999' } })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  expect(ended.stdout).not.toContain('sesame')
  expect(JSON.parse(ended.stdout)).toMatchObject({
    home: place.home,
    file_exists: true,
    settings: expect.arrayContaining([
      { key: 'server.port', value: 9999, from: 'environment' },
      { key: 'projects_dir', value: place.projects, from: 'file' },
      { key: 'worker.concurrency', value: 2, from: 'default' },
      { key: 'auth.tokens', value: '1 configured', from: 'file' },
    ]) as unknown,
  })
  const plain = await place.devorch(['config'])
  expect(plain.stdout).toMatch(/^server\.port +8080 +default$/m)
  expect(plain.stdout).not.toContain('sesame')
})

test('config tells of each variable of panes where its value is, and reads none', async () => {
  const place = await makeWorkplace()
  const file = join(place.folder, 'key')
  await writeFile(file, 'sesame-open')
  await place.configure({
    environment: ['HOME', { KEY: { file } }],
    repositories: { environment: { 'github.com/acme/*': [{ KEY: { credential: 'acme', panes: ['apps'] } }] } },
  })
  const ended = await place.devorch(['config', '--json'], { environment: { HOME: '/home/sesame-home' } })
  expect(ended.stdout).not.toContain('sesame-open')
  expect(JSON.parse(ended.stdout)).toMatchObject({
    settings: expect.arrayContaining([
      { key: 'environment.HOME', value: 'own', from: 'file' },
      { key: 'environment.KEY', value: { file }, from: 'file' },
      {
        key: 'repositories.environment.github.com/acme/*.KEY',
        value: { credential: 'acme', panes: ['apps'] },
        from: 'file',
      },
      { key: 'agents.claude.environment', value: [], from: 'default' },
    ]) as unknown,
  })
})

test('a reader that goes away early is no failure', async () => {
  const place = await makeWorkplace()
  const ended = await runProgram(
    'sh',
    ['-c', `"$1" "$2/dist/main.js" config | head -n 1`, 'sh', process.execPath, root],
    {
      environment: { ...place.environment, DEVORCH_HOME: place.home },
    },
  )
  expect(ended).toMatchObject({ code: 0, stdout: `home: ${place.home}\n`, stderr: '' })
})
