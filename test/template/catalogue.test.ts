import { chmod, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createCatalogue, loadCatalogue, loadTemplate, type Catalogue } from '../../src/template/catalogue.js'
import { fill, shipped, temporaryFolder } from './fixtures.js'

describe('loadCatalogue', () => {
  it('takes plain folders as they are, and a missing folder for empty', async () => {
    const folder = await temporaryFolder()
    await fill(folder, {
      'My App/index.html': 'x',
      'README.md': 'no template',
      '.hidden/a': '',
      '_parts/a': '',
      'node_modules/': '',
    })
    const catalogue = await loadCatalogue([join(folder, 'nowhere'), folder])
    expect([...catalogue.templates.values()]).toEqual([
      {
        id: 'My App',
        folder: join(folder, 'My App'),
        aliases: [],
        keywords: [],
        variables: {},
        leftOut: [],
        steps: [],
        text: 'My App',
      },
    ])
    expect(catalogue.broken).toEqual([])
  })

  it('lets the later folder win by id, and tries its rules first', async () => {
    const [low, high] = [await temporaryFolder(), await temporaryFolder()]
    await fill(low, { 'a/template.yaml': 'title: low', 'b/x': '', 'rules.yaml': 'rules: [{template: a, any: [one]}]' })
    await fill(high, {
      'a/template.yaml': 'title: high',
      'rules.yaml': 'rules: [{template: b, any: [one]}, {template: a, any: [two]}]',
    })
    const catalogue = await loadCatalogue([low, high])
    expect(catalogue.templates.get('a')).toMatchObject({
      title: 'high',
      folder: join(high, 'a'),
      leftOut: ['template.yaml'],
    })
    expect(catalogue.templates.get('b')?.folder).toBe(join(low, 'b'))
    expect(catalogue.rules.map((rule) => [rule.template, rule.any])).toEqual([
      ['b', ['one']],
      ['a', ['two']],
      ['a', ['one']],
    ])
  })

  it('reads what template.yaml says', async () => {
    const folder = await temporaryFolder()
    await fill(folder, {
      'a/template.yaml': 'title: T\ndescription: D\naliases: [x, y]\nkeywords: [k]\n',
      'b/template.yaml': '',
    })
    const { templates } = await loadCatalogue([folder])
    expect(templates.get('a')).toMatchObject({ title: 'T', description: 'D', aliases: ['x', 'y'], keywords: ['k'] })
    expect(templates.get('b')).toMatchObject({ aliases: [], leftOut: ['template.yaml'] })
  })

  it('leaves a broken template out and says where it is wrong', async () => {
    const folder = await temporaryFolder()
    await fill(folder, {
      'good/x': '',
      'unknown-key/template.yaml': 'title: x\nkeyword: [a]\n',
      'wrong-type/template.yaml': 'aliases: react\n',
      'not-yaml/template.yaml': 'title: "x\n',
      'no-file/template.yaml/': '',
      'esc\u001b[31m/x': '',
    })
    await symlink(join(folder, 'good'), join(folder, 'link'))
    const { templates, broken } = await loadCatalogue([folder])
    expect([...templates.keys()]).toEqual(['good'])
    const why = Object.fromEntries(
      broken.map((one) => [one.folder.slice(folder.length + 1), `${one.because}; ${one.remedy}`]),
    )
    expect(why['unknown-key']).toContain('line 2, column 1: keyword: unknown field; did you mean keywords?')
    expect(why['wrong-type']).toContain('line 1, column 1: aliases')
    expect(why['not-yaml']).toContain('is not valid YAML')
    expect(why['no-file']).toContain('template.yaml is a folder')
    expect(why['link']).toContain('symbolic link')
    expect(why['esc\\u001b[31m']).toContain('rename the folder')
    expect(broken).toHaveLength(6)
  })

  it('reads what template.yaml says of rules, variables, files and steps, and refuses what they can’t be', async () => {
    const folder = await temporaryFolder()
    await fill(folder, {
      'a/template.yaml': [
        'when: { any: [react], all: [[app, page]], none: [native] }',
        'variables: { port: 3000, strict: true, license: MIT }',
        'leave_out: [docs, "*.log"]',
        'steps: [npm install]',
      ].join('\n'),
      'always/template.yaml': 'when: { none: [x] }\n',
      'bad-name/template.yaml': 'variables: { Port-Number: 1 }\n',
      'bad-value/template.yaml': 'variables: { ports: [1, 2] }\n',
      'prototype/template.yaml': 'variables: { __proto__: { x: 1 } }\n',
      'no-list/template.yaml': 'steps: npm install\n',
    })
    const { templates, broken } = await loadCatalogue([folder])
    expect(templates.get('a')).toMatchObject({
      when: { any: ['react'], all: [['app', 'page']], none: ['native'] },
      variables: { port: 3000, strict: true, license: 'MIT' },
      leftOut: ['template.yaml', 'docs', '*.log'],
      steps: ['npm install'],
    })
    const why = Object.fromEntries(broken.map((one) => [one.folder.slice(folder.length + 1), one.because]))
    expect(why['always']).toContain('it would always fit')
    expect(why['bad-name']).toContain('variables.Port-Number: must be a lower-case word')
    expect(why['bad-value']).toContain('line 1, column 14: variables.ports')
    expect(why['no-list']).toContain('steps: must be a list')
    expect({}).not.toHaveProperty('x')
  })

  it.each([
    ['AWS SAM', "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  A: !Ref B\n"],
    ['Backstage', 'apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\n'],
  ])('takes the template.yaml of %s for a file like any other', async (_, text) => {
    const folder = await temporaryFolder()
    await fill(folder, { 'a/template.yaml': text })
    const { templates, broken } = await loadCatalogue([folder])
    expect(templates.get('a')?.leftOut).toEqual([])
    expect(broken).toEqual([])
  })

  it('reports rules that are wrong or name no template, and goes on without them', async () => {
    const [low, high] = [await temporaryFolder(), await temporaryFolder()]
    await fill(low, { 'react/x': '', 'rules.yaml': 'rules:\n  - template: reackt\n    any: [x]\n' })
    await fill(high, { 'rules.yaml': 'rules:\n  - template: react\n    none: [x]\n' })
    const { rules, broken } = await loadCatalogue([low, high])
    expect(rules.map((rule) => rule.template)).toEqual(['reackt'])
    expect(broken).toEqual([
      expect.objectContaining({
        folder: join(high, 'rules.yaml'),
        because: expect.stringContaining('rules.0: it would always fit') as string,
      }),
      {
        folder: join(low, 'rules.yaml'),
        because: 'a rule names the template "reackt", which does not exist',
        remedy: 'did you mean react?',
      },
    ])
  })

  it('finds nothing wrong with what is shipped', async () => {
    const { templates, stacks, broken } = await loadCatalogue([shipped])
    expect(broken).toEqual([])
    expect([...templates.keys()]).toEqual(
      expect.arrayContaining([
        'express-typescript',
        'generic-starter',
        'node-cli',
        'python-fastapi',
        'react-typescript',
      ]),
    )
    for (const template of templates.values()) expect(template.title, template.id).toBeTypeOf('string')
    expect(stacks?.[0]?.frameworks.length).toBeGreaterThan(5)
  })

  it('says of thousands of rules for what is not there so in few words', async () => {
    const folder = await temporaryFolder()
    const rules = Array.from({ length: 200 }, (_, index) => ({ template: `gone-${index.toString()}`, any: ['x'] }))
    await fill(folder, { 'a/x': '', 'rules.yaml': JSON.stringify({ rules }) })
    expect((await loadCatalogue([folder])).broken).toHaveLength(20)
  })
})

describe('createCatalogue', () => {
  /** By this clock the files of a test were there long before they are looked at. */
  const later = () => Date.now() + 60_000

  /** Later changes get another time than these files, however coarse the disk's clock is. */
  async function settled(files: Readonly<Record<string, string>>): Promise<string> {
    const folder = await temporaryFolder()
    await fill(folder, files)
    await sleep(50)
    return folder
  }

  it('gives the same object until something changes, and then reads that alone again', async () => {
    const folder = await settled({
      'a/README.md': 'one',
      'a/src/x': '1',
      'b/template.yaml': 'title: B\n',
      'rules.yaml': 'rules: [{ template: a, any: [x] }]',
    })
    const load = createCatalogue([folder], later)
    const first = await load()
    expect(await load()).toBe(first)
    expect(await Promise.all([load(), load(), load()])).toEqual([first, first, first])
    // Neither is in the catalogue.
    await writeFile(join(folder, 'a/src/x'), '2')
    await writeFile(join(folder, 'notes.txt'), '')
    expect(await load()).toBe(first)

    await writeFile(join(folder, 'a/README.md'), 'two')
    const second = await load()
    expect(second.templates.get('a')?.text).toBe('a two')
    expect(second.templates.get('b')).toBe(first.templates.get('b'))
    expect(second.rules[0]).toBe(first.rules[0])
  })

  it.each<[string, (folder: string) => Promise<unknown>, (catalogue: Catalogue) => unknown, unknown]>([
    ['a new template', (at) => mkdir(join(at, 'new')), ({ templates }) => templates.has('new'), true],
    ['one that goes', (at) => rm(join(at, 'a'), { recursive: true }), ({ templates }) => templates.has('a'), false],
    ['another name', (at) => rename(join(at, 'a'), join(at, 'z')), ({ templates }) => templates.has('z'), true],
    [
      'a manifest that is new',
      (at) => writeFile(join(at, 'a/template.yaml'), 'title: A\n'),
      ({ templates }) => templates.get('a')?.title,
      'A',
    ],
    [
      'a manifest that is written over',
      (at) => writeFile(join(at, 'b/template.yaml'), 'title: C\n'),
      ({ templates }) => templates.get('b')?.title,
      'C',
    ],
    [
      'a manifest that breaks',
      (at) => writeFile(join(at, 'b/template.yaml'), 'title: ['),
      ({ templates, broken }) => [templates.has('b'), broken.length],
      [false, 1],
    ],
    [
      'content of the same length and date',
      async (at) => {
        await writeFile(join(at, 'a/README.md'), 'eno')
        await utimes(join(at, 'a/README.md'), 1, 1)
      },
      ({ templates }) => templates.get('a')?.text,
      'a eno',
    ],
    [
      'new rules',
      (at) => writeFile(join(at, 'rules.yaml'), 'rules: [{ template: a, any: [x] }]'),
      ({ rules }) => rules.length,
      1,
    ],
    ['the whole folder going', (at) => rm(at, { recursive: true }), ({ templates }) => templates.size, 0],
  ])('sees %s', async (_, change, look, expected) => {
    const folder = await settled({ 'a/README.md': 'one', 'b/template.yaml': 'title: B\n' })
    const load = createCatalogue([folder], later)
    const before = await load()
    expect(await load()).toBe(before)
    expect(look(before)).not.toEqual(expected)
    await change(folder)
    expect(look(await load())).toEqual(expected)
  })

  it('sees a change in the same instant as the look before', async () => {
    const folder = await temporaryFolder()
    const load = createCatalogue([folder])
    for (let round = 10; round < 40; round += 1) {
      await fill(folder, { 'a/template.yaml': `title: '${round.toString()}'\n` })
      expect((await load()).templates.get('a')?.title).toBe(round.toString())
    }
  })

  it('forgets that a template was broken once it is mended', async () => {
    const folder = await settled({ 'a/template.yaml': 'titel: A\n' })
    const load = createCatalogue([folder], later)
    const broken = await load()
    expect(broken.broken).toHaveLength(1)
    expect(await load()).toBe(broken)
    await writeFile(join(folder, 'a/template.yaml'), 'title: A\n')
    expect(await load()).toMatchObject({ broken: [], templates: new Map([['a', { title: 'A' }]]) })
  })

  it('takes a folder that it may not read for one that is broken', async () => {
    const folder = await temporaryFolder()
    await fill(folder, { 'a/x': '', 'b/x': '' })
    await chmod(join(folder, 'a'), 0)
    const { templates, broken } = await loadCatalogue([folder])
    // Root may read everything.
    expect(templates.size + broken.length).toBe(2)
    expect(templates.has('b')).toBe(true)
  })
})

describe('loadTemplate', () => {
  it('reads a folder anywhere, and says what is none', async () => {
    const folder = await temporaryFolder()
    await fill(folder, { 'mine/template.yaml': 'title: Mine\n', file: '' })
    expect((await loadTemplate(join(folder, 'mine'))).template).toMatchObject({ id: 'mine', title: 'Mine' })
    expect((await loadTemplate(join(folder, 'file'))).broken?.because).toBe('it is no folder')
    expect((await loadTemplate(join(folder, 'nowhere'))).broken?.because).toContain('ENOENT')
  })
})
