import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadCatalogue } from '../../src/template/catalogue.js'
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
})
