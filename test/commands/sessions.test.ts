import { access, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { makeWorkplace, type Ended } from './workplace.js'

/** The program is started a dozen times, each of which takes seconds on a busy machine. */
const manyRuns = { timeout: 300_000 }

function json(ended: Ended): unknown {
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  return JSON.parse(ended.stdout)
}

test('create builds here and now: steps as they end, the session, how to attach; again, it stands already', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const created = await place.devorch(['create', 'shop', place.repository, 'node-cli'])
  expect(created).toMatchObject({ code: 0, stderr: '' })
  expect(created.stdout).toMatch(/^repository cloned +\d+ ms$/m)
  expect(created.stdout).toMatch(/^session and agent started +\d+ ms$/m)
  expect(created.stdout).toContain('session shop-dev stands\nattach with: tmux attach -t shop-dev\n')
  expect(await place.tmux.tmux('ls', '-F', '#{session_name}')).toBe('shop-dev\n')
  expect(await readFile(join(place.projects, 'shop', 'package.json'), 'utf8')).toContain('"shop"')

  const again = await place.devorch(['create', 'shop', place.repository])
  expect(again).toMatchObject({ code: 0, stderr: '' })
  expect(again.stdout).toContain('session shop-dev stands already')
})

test('create ends with 1 where the agent is missing, though the session stands', async () => {
  const place = await makeWorkplace()
  await place.configure({ agents: { ghost: { kind: 'command', command: ['no-such-agent'] } }, default_agent: 'ghost' })
  const ended = await place.devorch(['create', 'shop', place.repository])
  expect(ended.code).toBe(1)
  expect(ended.stderr).toMatch(/its agent has not started \(missing: install no-such-agent/)
  expect(await place.tmux.tmux('ls', '-F', '#{session_name}')).toBe('shop-dev\n')
})

test.each([
  ['a bad name', ['../shop', 'https://example.com/a.git'], 2, /project_name: is not a project name/],
  ['a bad address', ['shop', 'ext::sh -c true'], 1, /repo_url/],
  ['a repository that is not there', ['shop', '/nonexistent/shop.git'], 1, /clone/],
])('create of %s leaves nothing and says why', async (_, args, code, why) => {
  const place = await makeWorkplace()
  await place.configure()
  const ended = await place.devorch(['create', ...args])
  expect(ended.code).toBe(code)
  expect(ended.stderr).toMatch(why)
  await expect(access(join(place.projects, 'shop'))).rejects.toThrow('ENOENT')
  await expect(place.tmux.tmux('ls')).rejects.toThrow()
})

test('create --json prints the result alone', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const result = json(await place.devorch(['create', 'shop', place.repository, '--json']))
  expect(result).toMatchObject({ status: 'created', session: 'shop-dev', agent: { name: 'cat', event: 'started' } })
})

test(
  'ls, show and logs tell of a session, as text and as JSON; rm removes it and trash restore brings it back',
  manyRuns,
  async () => {
    const place = await makeWorkplace()
    await place.configure()
    expect(await place.devorch(['ls'])).toMatchObject({ code: 0, stdout: '' })
    expect(json(await place.devorch(['ls', '--json']))).toEqual([])
    await place.devorch(['create', 'shop', place.repository])

    expect(json(await place.devorch(['ls', '--json']))).toMatchObject([
      { name: 'shop-dev', session: 'standing', agent: { name: 'cat', status: 'working' } },
    ])
    expect((await place.devorch(['ls'])).stdout).toMatch(/^shop-dev +standing +working +\d+ s ago +-/m)
    // None runs here, so that it has looked itself.
    expect(json(await place.devorch(['show', 'shop', '--json']))).toMatchObject({
      git: { branch: 'main', subject: 'Change', ahead: 0 },
      processes: { count: expect.any(Number) as unknown, cpu: null },
      disk: { bytes: expect.any(Number) as unknown },
    })
    for (const args of [['--watch'], ['--watch', '5', '--json']]) {
      expect(await place.devorch(['ls', ...args])).toMatchObject({ code: 2, stdout: '' })
    }
    expect(await place.devorch(['ls', '--watch', '0'])).toMatchObject({ code: 2, stdout: '' })
    // By the session's name and by the project's.
    for (const name of ['shop-dev', 'shop']) {
      expect(json(await place.devorch(['show', name, '--json']))).toMatchObject({
        name: 'shop-dev',
        panes: [{ role: 'agent' }, { role: 'terminal' }, { role: 'files' }, { role: 'apps' }],
      })
    }
    expect((await place.devorch(['show', 'shop'])).stdout).toContain('name: shop-dev\n')
    expect((await place.devorch(['logs', 'shop'])).stdout).toMatch(/^\S+Z agent started$/m)

    const [agent] = (await place.tmux.tmux('list-panes', '-a', '-F', '#{pane_id}')).split('\n')
    await place.tmux.tmux('send-keys', '-t', agent ?? '', 'hello cat', 'Enter')
    await vi.waitFor(async () => {
      const shown = await place.devorch(['logs', 'shop', '--pane', 'agent'])
      expect(shown.stdout).toContain('hello cat\nhello cat\n')
    }, 10_000)
    const odd = await place.devorch(['logs', 'shop', '--pane', 'kitchen'])
    expect(odd).toMatchObject({ code: 1, stdout: '' })
    expect(odd.stderr).toContain('agent, terminal, files, apps')

    const note = join(place.projects, 'shop', 'note.txt')
    await writeFile(note, 'mine\n')
    const removed = await place.devorch(['rm', 'shop'])
    expect(removed).toMatchObject({ code: 0, stderr: '' })
    expect(removed.stdout).toBe(
      `session shop-dev removed; its working copy ${join(place.projects, 'shop')} is in the trash (1 untracked file)\n` +
        'to have it back: devorch trash restore shop-dev\n',
    )
    await expect(access(note)).rejects.toThrow('ENOENT')
    await expect(place.tmux.tmux('has-session', '-t', '=shop-dev')).rejects.toThrow()
    expect(json(await place.devorch(['ls', '--json']))).toEqual([])

    const back = await place.devorch(['trash', 'restore', 'shop'])
    expect(back).toMatchObject({ code: 0, stderr: '' })
    expect(back.stdout).toContain('session shop-dev is back')
    expect(await readFile(note, 'utf8')).toBe('mine\n')
    expect(await place.tmux.tmux('ls', '-F', '#{session_name}')).toBe('shop-dev\n')
  },
)

test(
  'trash lists what was removed, brings the last of a name back, or by id, and empties what is saved',
  { timeout: 300_000 },
  async () => {
    const place = await makeWorkplace()
    await place.configure()
    const note = join(place.projects, 'shop', 'note.txt')
    expect(await place.devorch(['trash'])).toMatchObject({ code: 0, stdout: '', stderr: 'the trash is empty\n' })
    for (const text of ['first', 'second']) {
      await place.devorch(['create', 'shop', place.repository])
      await writeFile(note, text)
      expect(json(await place.devorch(['rm', 'shop', '--json']))).toMatchObject({ unsaved: ['1 untracked file'] })
    }
    await place.devorch(['create', 'clean', place.repository])
    await place.devorch(['rm', 'clean'])

    const listed = json(await place.devorch(['trash', 'list', '--json'])) as { id: string; project: string }[]
    expect(listed.map(({ project }) => project)).toEqual(['clean', 'shop', 'shop'])
    const oldest = listed[2]?.id ?? ''
    const text = await place.devorch(['trash'])
    expect(text.stdout).toMatch(
      /^SESSION +REMOVED +UNSAVED +WHY +ID\nclean-dev +\d+ s ago +nothing +asked for by cli +\S+$/m,
    )

    const emptied = await place.devorch(['trash', 'empty'])
    expect(emptied).toMatchObject({ code: 1, stdout: `${listed[0]?.id ?? ''} removed\n` })
    expect(emptied.stderr).toContain(`${oldest} stays: 1 untracked file\n`)
    expect(emptied.stderr).toContain('devorch trash empty --all')

    for (const name of ['../shop', '20261123T000000000Z-shop-0123456789abcdef']) {
      expect(await place.devorch(['trash', 'restore', name])).toMatchObject({ code: 1, stdout: '' })
    }
    expect((await place.devorch(['trash', 'restore', 'shop'])).stdout).toContain('1 more of that name in the trash')
    expect(await readFile(note, 'utf8')).toBe('second')
    expect((await place.devorch(['trash', 'restore', oldest])).stderr).toContain('there is a session of that name')
    const kept = await place.devorch(['rm', 'shop', '--keep'])
    expect(kept.stdout).toContain('its working copy stays at')
    expect((await place.devorch(['trash', 'restore', oldest])).stderr).toContain('something stands at')
    expect(await readFile(note, 'utf8')).toBe('second')

    expect(await place.devorch(['trash', 'empty', '--all'])).toMatchObject({ code: 0, stderr: '' })
    expect(await readFile(note, 'utf8')).toBe('second')
    expect(await readdir(place.projects)).toEqual(['shop'])
  },
)

test('restart brings a session back that was killed in tmux', async () => {
  const place = await makeWorkplace()
  await place.configure()
  await place.devorch(['create', 'shop', place.repository])
  await place.tmux.tmux('kill-server')
  await vi.waitFor(async () => {
    expect((await place.devorch(['ls'])).stdout).toMatch(/^shop-dev +gone /m)
  }, 10_000)
  const again = await place.devorch(['restart', 'shop'])
  expect(again).toMatchObject({ code: 0, stderr: '' })
  expect(again.stdout).toBe('session shop-dev was started again\nattach with: tmux attach -t shop-dev\n')
  expect((await place.tmux.tmux('list-panes', '-a', '-F', '#{@devorch_role}')).trim().split('\n')).toHaveLength(4)
})

test('a session that is not there is told with the nearest name, never guessed', async () => {
  const place = await makeWorkplace()
  await place.configure()
  await place.devorch(['create', 'shop', place.repository])
  for (const args of [
    ['rm', 'shop-de'],
    ['restart', 'shop-de'],
    ['attach', 'shop-de'],
    ['logs', 'shop-de'],
  ]) {
    const ended = await place.devorch(args)
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('did you mean shop-dev?')
  }
  expect(await place.devorch(['show', 'nothing'])).toMatchObject({ code: 1, stdout: '' })
  expect(await place.tmux.tmux('ls', '-F', '#{session_name}')).toBe('shop-dev\n')
})
