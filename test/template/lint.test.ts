import { execFile } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { loadCatalogue } from '../../src/template/catalogue.js'
import { lintTemplate } from '../../src/template/lint.js'
import { shipped, templateOf } from './fixtures.js'

const signal = new AbortController().signal

async function findings(files: Readonly<Record<string, string>>): Promise<string[]> {
  const template = await templateOf(files, { variables: { port: 3000 } })
  return (await lintTemplate(template, signal)).map(({ because, remedy }) => `${because}; ${remedy}`)
}

it('tells every undefined variable with file and line, also where few jobs come', async () => {
  const found = await findings({
    'README.md.liquid':
      '# {{ project }} {{ port }}\n{% if owner %}\n  {{ projct_slug | json }}{% endif %}\n{{ what_is_this_then }}\n',
    'src/{{ project_snake }}.py.liquid': '{% for part in parts %}{{ part }}{% endfor %}',
    'PROGRESS_TRACKER.md.liquid': '{% assign goal = summary %}{{ goal }}\n{{ sumary }}',
    'plain.vue': '{{ anything }}',
  })
  expect(found).toEqual([
    'PROGRESS_TRACKER.md.liquid, line 2, column 4: undefined variable: sumary; did you mean summary?',
    'README.md.liquid, line 3, column 6: undefined variable: projct_slug; did you mean project_slug?',
    expect.stringMatching(/^README\.md\.liquid, line 4, column 4: undefined variable: what_is_this_then; /) as string,
    'src/{{ project_snake }}.py.liquid, line 1, column 16: undefined variable: parts; did you mean port?',
  ])
})

it.each([
  [
    'a tag that is not closed',
    { 'a.liquid': 'x\n{% if owner %}' },
    /^a\.liquid, line 2, column 1: tag {% if owner %} not closed/,
  ],
  [
    'a filter that is none',
    { 'a.liquid': '{% if owner %}{{ project | shout }}{% endif %}' },
    /undefined filter: shout/,
  ],
  ['bytes that are no text', { 'a.liquid': '\ud800{{' }, /^a\.liquid/],
  ['a name that leads out', { '{{ project_slug | replace: "sample-project", ".." }}/x': '' }, /a name is "\.\."/],
  ['a variable in a name', { '{{ nam }}.txt': '' }, /undefined variable: nam/],
  ['names that meet', { 'a.txt': '', 'A.txt': '' }, /meets/],
  ['Liquid that never ends', { 'a.liquid': '{% for i in (1..100000000) %}x{% endfor %}' }, /^a\.liquid/],
])('tells %s', async (_, files, expected) => {
  const found = await findings(files)
  expect(found).toHaveLength(1)
  expect(found[0]).toMatch(expected)
})

it('tells links and special files, and follows or opens none', async () => {
  const template = await templateOf({ 'a/x': '' })
  await symlink('/etc/passwd', join(template.folder, 'a', 'link'))
  expect(await lintTemplate(template, signal)).toEqual([
    { folder: template.folder, because: 'a/link is a symbolic link', remedy: 'replace it by a plain file' },
  ])
  const other = await templateOf({ x: '' })
  await promisify(execFile)('mkfifo', [join(other.folder, 'README.md')])
  expect(await lintTemplate(other, signal)).toMatchObject([{ because: 'README.md is a named pipe' }])
})

it('finds nothing wrong with what is shipped', async () => {
  const { templates } = await loadCatalogue([shipped])
  expect(templates.size).toBeGreaterThan(4)
  for (const template of templates.values()) expect(await lintTemplate(template, signal), template.id).toEqual([])
})
