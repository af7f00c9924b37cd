import { execFile } from 'node:child_process'
import { chmod, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { mapAtMost } from '../../src/support/at-most.js'
import { folderText, tellingNames } from '../../src/template/folder-text.js'
import { fill, temporaryFolder } from './fixtures.js'

async function textOf(id: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const folder = await temporaryFolder()
  await fill(folder, files)
  return await folderText(id, folder, await tellingNames(folder))
}

it('takes words from name, README and project files, and none from elsewhere', async () => {
  const text = await textOf('reactTailwind', {
    'README.md': '# Shop front\n\nFor small *shops*.\n',
    'package.json': '{"dependencies":{"react":"19"}}',
    'tsconfig.json': '{}',
    'src/README.md': 'not this',
    'notes.txt': 'nor this',
  })
  expect(text).toBe('react Tailwind typescript Shop front For small shops . react')
})

it('reads of a README what people read', async () => {
  const readme = [
    '---\ntitle: hidden\n---',
    '# The [Portal](https://example.com/portal) ![logo](logo.png)',
    '[![build](https://ci.example.com/b.svg)](https://ci.example.com)',
    '<p align="center">for <b>guests</b></p> <!-- secret -->',
    '```sh\nnpm run hidden\n```',
    '| a | table |\n| --- | --- |',
    'See https://hidden.example.com now.',
  ].join('\n')
  expect(await textOf('a', { 'readme.markdown': readme })).toBe('a The Portal for guests See now.')
})

it('reads what is still Liquid', async () => {
  const text = await textOf('a', {
    'README.md.liquid': '# {{ project }}\n{% if summary %}{{ summary | escape }}{% endif %}\nA service.\n',
    'package.json.liquid':
      '{"name":{{ project_slug | json }},"description":"{{ project }}","dependencies":{"koa":"3"}}',
  })
  expect(text).toBe('a A service. koa')
})

it('stays small, whatever the files hold', async () => {
  const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`package-${index.toString()}`, '1']))
  const text = await textOf('a', {
    'README.md': 'word '.repeat(1_000_000),
    'package.json': JSON.stringify({ description: 'x '.repeat(9000), dependencies: many }),
    'Cargo.toml': 'x',
  })
  expect(text.length).toBeLessThanOrEqual(1500)
  expect(text).toMatch(/^a rust word word/)
  expect(await textOf('b', { 'package.json': JSON.stringify({ name: 'x'.repeat(40_000) }) })).toBe('b')
})

it('has no control characters, halves of characters or bytes that are no text', async () => {
  const text = await textOf('a', { 'README.md': Buffer.from('red \u001b[31m\u202e\u0000 \xff\xfe end', 'latin1') })
  expect(text).toBe('a red [31m. end')
  // eslint-disable-next-line no-control-regex -- none may be left
  expect(text).not.toMatch(/[\u0000-\u001f\u202e\ufffd]/)
})

it.each([
  ['braces', '{{'],
  ['tags', '{%'],
  ['brackets', '['],
  ['images', '!['],
  ['less-than', '<'],
  ['comments', '<!--'],
  ['fences', '```\n'],
  ['spaces', ' '],
])(
  'is not held up by a README and a package.json of nothing but %s',
  async (_, piece) => {
    const text = await textOf('a', {
      'README.md': piece.repeat(4000),
      'pom.xml': piece.repeat(8000),
      'build.gradle': piece.repeat(8000),
      'pyproject.toml': piece.repeat(8000),
      'pubspec.yaml': `dependencies:\n${piece.repeat(8000)}`,
      'package.json': piece.repeat(8000),
    })
    expect(text).toMatch(/^a /)
  },
  5000,
)

it('follows nothing, waits for nothing, and goes on without what it may not read', async () => {
  const folder = await temporaryFolder()
  const outside = join(await temporaryFolder(), 'secret')
  await writeFile(outside, '{"name":"secret"}')
  await fill(folder, { 'go.mod/': '', 'Cargo.toml': '[package]\nname = "mine"\n' })
  await promisify(execFile)('mkfifo', [join(folder, 'README.md')])
  await symlink(outside, join(folder, 'package.json'))
  await symlink('nowhere', join(folder, 'Gemfile'))
  await writeFile(join(folder, 'requirements.txt'), 'flask')
  await chmod(join(folder, 'requirements.txt'), 0)
  const text = await folderText('a', folder, await tellingNames(folder))
  expect(text).toMatch(/^a .*mine( flask)?$/)
  expect(text).not.toContain('secret')
})

it('looks at some of 10,000 names', async () => {
  const folder = await temporaryFolder()
  const files = Array.from({ length: 10_000 }, (_, index) => join(folder, `${index.toString()}.tf`))
  await mapAtMost(16, files, (file) => writeFile(file, ''))
  const names = await tellingNames(folder)
  expect(names.says).toEqual(['terraform'])
  expect(names.mayHave('template.yaml')).toBe(true)
})
