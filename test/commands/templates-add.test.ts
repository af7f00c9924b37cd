import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeRepository } from '../support/repositories.js'
import { makeWorkplace } from './workplace.js'

test('templates add, list, update and remove, for people and as JSON', { timeout: 120_000 }, async () => {
  const place = await makeWorkplace()
  await place.configure()
  const source = await makeRepository(join(place.folder, 'kits'), {
    'red/go.mod': 'x',
    'blue/go.mod': 'x',
    'sly/cookiecutter.json': '{}',
  })
  const added = await place.devorch(['templates', 'add', `file://${source}`])
  expect(added.code).toBe(1)
  expect(added.stdout).toBe('added blue (also kits-blue)\nadded red (also kits-red)\n')
  expect(added.stderr).toMatch(/^sly was not added: it is in cookiecutter's format, which is not supported yet; /)
  const listed = JSON.parse((await place.devorch(['templates', 'list', '--json'])).stdout) as {
    id: string
    added: unknown
  }[]
  expect(listed.find(({ id }) => id === 'red')?.added).toMatchObject({
    source: `file://${source}`,
    kind: 'git',
    path: 'red',
  })
  expect(listed.find(({ id }) => id === 'node-cli')?.added).toBeNull()
  expect(await place.devorch(['templates', 'update'])).toMatchObject({
    code: 0,
    stdout: 'blue is up to date\nred is up to date\n',
  })
  const removed = await place.devorch(['templates', 'remove', 'red', '--json'])
  expect(JSON.parse(removed.stdout)).toMatchObject([{ id: 'red', outcome: 'removed' }])
  expect(await readdir(join(place.home, 'templates'))).toEqual(['.lock', '.removed', 'blue'])
})

test('templates add says what is wrong with a source, and never its password', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const secret = await place.devorch(['templates', 'add', 'https://me:hunter22@example.com/a.git'])
  expect(secret).toMatchObject({ code: 1, stdout: '' })
  expect(secret.stderr).toContain('repositories.credentials')
  expect(secret.stderr).not.toContain('hunter22')
  expect(await place.devorch(['templates', 'add', 'npm:a@../b'])).toMatchObject({ code: 2, stdout: '' })
})

test('the real create-vite is added from the registry that npm uses here', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const environment = Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value !== undefined &&
      /^(?:npm_config_registry|npm_config_userconfig|https?_proxy|no_proxy|node_extra_ca_certs)$/i.test(name)
        ? [[name, value]]
        : [],
    ),
  )
  const added = await place.devorch(['templates', 'add', 'npm:create-vite@6', '--json'], { environment })
  expect(added).toMatchObject({ code: 0, stderr: '' })
  const result = JSON.parse(added.stdout) as { resolved: unknown; added: { id: string; aliases: string[] }[] }
  expect(result.resolved).toMatchObject({ kind: 'npm', version: expect.stringMatching(/^6\./) as string })
  const ids = result.added.map(({ id }) => id)
  expect(ids).toEqual(expect.arrayContaining(['create-vite-react-ts', 'create-vite-vue', 'create-vite-svelte-ts']))
  expect((await readdir(join(place.home, 'templates'))).filter((name) => !name.startsWith('.'))).toEqual(
    [...ids].sort(),
  )
}, 120_000)
