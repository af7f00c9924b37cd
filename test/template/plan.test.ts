import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/support/problem.js'
import type { Template } from '../../src/template/catalogue.js'
import { planTemplate } from '../../src/template/plan.js'

const template: Template = {
  id: 'sample',
  folder: '/nowhere',
  aliases: [],
  keywords: [],
  variables: {},
  leftOut: [],
  steps: [],
  text: '',
}
const scope = { project: 'green', slash: 'a/b', up: '..', git: '.git', empty: '', escape: '\u001b[2J' }
const plan = (...paths: string[]) =>
  planTemplate(
    template,
    paths.map((path) => ({ path, executable: false })),
    scope,
  )

describe('planTemplate', () => {
  it('renders names, drops the suffix, renames _gitignore and leaves the tracker out', async () => {
    const files = await plan(
      '_gitignore',
      'sub/_gitignore.liquid',
      '{{ project }}/{{project}}.ts.liquid',
      'a.vue',
      'PROGRESS_TRACKER.md.liquid',
      'docs/PROGRESS_TRACKER.md',
    )
    expect(files.map((file) => [file.to, file.rendered])).toEqual([
      ['.gitignore', false],
      ['sub/.gitignore', true],
      ['green/green.ts', true],
      ['a.vue', false],
      ['docs/PROGRESS_TRACKER.md', false],
    ])
  })

  it.each([
    ['a slash out of a variable', ['{{ slash }}'], /has a slash \(it becomes "a\/b"\)/],
    ['a way out', ['x/{{ up }}/y'], /a name is "\.\."/],
    ['a backslash', ['a\\b'], /has a slash/],
    ['an empty name', ['{{ empty }}/x'], /a name is empty/],
    ['a suffix without a name', ['.liquid'], /a name is empty/],
    ['.git by variable', ['{{ git }}/config'], /\.git or stands for it/],
    ['.git in capitals', ['.GIT/config'], /\.git or stands for it/],
    ['.git by its suffix', ['.git.liquid'], /\.git or stands for it/],
    ['.git by an invisible character', ['.g\u200cit/config'], /characters that cannot be shown|\.git/],
    ['.git by an ignorable character', ['.g\u00adit/config'], /\.git or stands for it/],
    ['.git with a dot behind', ['sub/.git./config'], /\.git or stands for it/],
    ['.git with a stream', ['.git::$INDEX_ALLOCATION/config'], /\.git or stands for it/],
    ['the DOS name of .git', ['GIT~1/config'], /\.git or stands for it/],
    ['an escape code', ['a\u001b[31m'], /cannot be shown/],
    ['an escape code out of a variable', ['{{ escape }}'], /cannot be shown/],
    ['a line break', ['a\nb'], /cannot be shown/],
    ['a name that is not UTF-8', ['a\ufffd'], /cannot be shown/],
    ['a long name', ['x'.repeat(256)], /over 255 bytes/],
    ['an unknown variable in a name', ['{{cookiecutter.slug}}/x'], /undefined variable/],
    ['two names that differ in case', ['README.md', 'readme.md'], /meets README\.md/],
    ['two folders that differ in case', ['Src/a', 'src/b'], /meets Src/],
    ['a file and a folder', ['a', 'A/b'], /meets a/],
    ['a file and its rendered twin', ['a', 'a.liquid'], /meets a/],
    ['names that differ in normalisation', ['\u00e9', 'e\u0301'], /meets/],
  ])('refuses %s', async (_, paths, because) => {
    const failure: unknown = await plan(...paths).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Problem)
    expect(failure).toMatchObject({ field: 'template_hint', because: expect.stringMatching(because) as string })
    // What is shown to a person holds no control characters.
    expect((failure as Problem).message).not.toMatch(/\p{Cc}/u)
  })

  it('plans only relative paths without dots, whatever the names', async () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', '.git', '{{ up }}', '{{ slash }}', '{{ project }}', 'a', '~', '-rf'),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 4 }), async (parts) => {
        const files = await plan(parts.join('/')).catch((error: unknown) => {
          if (error instanceof Problem) return []
          throw error
        })
        for (const file of files) {
          for (const name of file.to.split('/')) {
            expect(['', '.', '..', '.git']).not.toContain(name.toLowerCase())
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
