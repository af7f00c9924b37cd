import { chmod, lstat, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commitFiles, git, makeBareRepository } from '../../support/repositories.js'
import { runProgram } from '../../commands/workplace.js'
import { applyTemplate } from '../../../src/template/apply.js'
import { chooseTemplate } from '../../../src/template/choose.js'
import { readProvenance } from '../../../src/template/added/provenance.js'
import { fill, pathsIn, temporaryFolder, variables } from '../fixtures.js'
import { startLab } from './lab.js'

const viteFiles = {
  'index.js': '#!/usr/bin/env node\n',
  'template-react-ts/package.json': '{"name":"vite-project"}',
  'template-react-ts/_gitignore': 'dist\n',
  'template-lit/package.json': '{}',
  'template-lit/src/my-element.js': 'x',
}

describe('a folder', () => {
  it('becomes a template byte for byte, with modes, without what is never copied, and can be applied', async () => {
    const lab = await startLab()
    const source = join(await temporaryFolder(), 'Acme Portal+')
    const bytes = Buffer.from([0, 255, 10])
    await fill(source, {
      'package.json': '{}',
      'run.sh': 'x',
      'a/b.bin': bytes,
      '.git/config': 'x',
      'node_modules/x/y': '',
    })
    await chmod(join(source, 'run.sh'), 0o755)
    expect(await lab.add(source)).toEqual({
      resolved: { kind: 'folder' },
      added: [{ id: 'acme-portalp', aliases: [], path: '', files: 3, warning: undefined }],
      existing: [],
      refused: [],
    })
    const template = (await lab.catalogue()).templates.get('acme-portalp')
    if (template === undefined) throw new Error('it is not in the catalogue')
    const folder = await temporaryFolder()
    await applyTemplate({ template, folder, mode: 'whole', variables })
    expect(await pathsIn(folder)).toEqual(['a/', 'a/b.bin', 'package.json', 'run.sh'])
    expect(await readFile(join(folder, 'a/b.bin'))).toEqual(bytes)
    expect((await lstat(join(folder, 'run.sh'))).mode & 0o100).toBe(0o100)
    expect((await pathsIn(lab.templates)).filter((path) => path.includes('.tmp'))).toEqual([])
  })

  it('is never put over one that stands, and takes another id where it is told', async () => {
    const lab = await startLab()
    const source = await temporaryFolder()
    await fill(source, { 'package.json': '{}' })
    await fill(lab.templates, { 'mine/x': 'a person wrote this' })
    await expect(lab.add(source, { as: 'mine' })).rejects.toThrow('there is a template mine already; name it otherwise')
    await expect(lab.add(source, { as: 'M I/..' })).rejects.toThrow(/write --as m-i$/)
    expect(await pathsIn(join(lab.templates, 'mine'))).toEqual(['x'])
    expect((await lab.add(source, { as: 'other' })).added).toMatchObject([{ id: 'other' }])
    expect((await lab.add(source, { as: 'third' })).existing).toEqual([{ id: 'other', path: '' }])
  })

  it('of folders becomes many, and each has its own reason where it is refused', async () => {
    const lab = await startLab()
    const source = join(await temporaryFolder(), 'boilerplates')
    await fill(source, {
      'README.md': 'Ours',
      'good/package.json': '{}',
      'node-cli/package.json': '{}',
      'cookies/cookiecutter.json': '{}',
      'cookies/{{ cookiecutter.slug }}/x': '',
      'copied/copier.yml': '_min_copier_version: "9"\n',
      'jinja/copier.yaml': 'name: str\n',
      'jinja/README.md.jinja': '{{ name }}',
      'linked/package.json': '{}',
      'piped/package.json': '{}',
      'escaped/package.json': '{}',
      'escaped/a\u001b[2J': '',
      'dotgit/package.json': '{}',
      'dotgit/.GIT/hooks/post-checkout': 'x',
      'case/README.md': '',
      'case/readme.md': '',
      'manifest/template.yaml': 'titel: x\n',
      'empty/.git/x': '',
    })
    await symlink('/etc/hostname', join(source, 'linked', 'secret'))
    await runProgram('mkfifo', [join(source, 'piped', 'pipe')], { environment: { PATH: process.env['PATH'] ?? '' } })
    const result = await lab.add(source)
    expect(result.added.map(({ id, path }) => [id, path])).toEqual([
      ['good', 'good'],
      ['boilerplates-node-cli', 'node-cli'],
    ])
    const why = Object.fromEntries(result.refused.map(({ path, because }) => [path, because]))
    expect(why).toEqual({
      cookies: "it is in cookiecutter's format, which is not supported yet",
      copied: "it is in copier's format, which is not supported yet",
      jinja: "it is in copier's format, which is not supported yet",
      linked: 'secret is a symbolic link',
      piped: 'pipe is a named pipe',
      escaped: 'a\\u001b[2J: a name has characters that cannot be shown',
      dotgit: '.GIT/hooks/post-checkout: a name is .git or stands for it',
      case: 'readme.md becomes readme.md, which meets README.md',
      manifest: expect.stringContaining('did you mean title') as string,
      empty: 'it has no files',
    })
    expect(await pathsIn(lab.templates)).not.toEqual(expect.arrayContaining([expect.stringContaining('linked')]))
  })

  it('that is one project with parts stays one, and a collection does too where it is told', async () => {
    const lab = await startLab()
    const [parts, examples] = [join(await temporaryFolder(), 'full'), join(await temporaryFolder(), 'shop')]
    await fill(parts, { 'README.md': '', 'frontend/package.json': '{}', 'backend/go.mod': '' })
    await fill(examples, { 'package.json': '{}', 'examples/a/package.json': '{}', 'examples/b/README.md': '' })
    expect((await lab.add(parts)).added.map(({ id }) => id)).toEqual(['full'])
    expect((await lab.add(examples, { whole: true })).added.map(({ id }) => id)).toEqual(['shop'])
    expect((await lab.add(`${examples}/`)).added.map(({ id }) => id)).toEqual(['a', 'b'])
  })

  it('whose Liquid knows other variables is added with a warning', async () => {
    const lab = await startLab()
    const source = join(await temporaryFolder(), 'theme')
    await fill(source, { 'package.json': '{}', 'index.liquid': '{{ site.title }}' })
    const { added } = await lab.add(source)
    expect(added[0]?.warning).toMatch(/^index\.liquid, line 1, column \d+: undefined variable: site/)
  })

  it.each([
    ['is not there', '/nonexistent/x', 'there is no such folder'],
    ['is a file', '/etc/hostname', 'it is not a folder'],
  ])('that %s is refused', async (_, path, because) => {
    const lab = await startLab()
    await expect(lab.add(path)).rejects.toThrow(because)
    expect(
      await lab
        .catalogue()
        .then(({ templates }) => [...templates.values()].filter((t) => t.folder.startsWith(lab.templates))),
    ).toEqual([])
  })
})

describe('a git repository', () => {
  it('of 200 examples becomes 200 templates, each of which can be named by hint', async () => {
    const lab = await startLab()
    const names = Array.from({ length: 200 }, (_, at) => `with-thing-${at.toString().padStart(3, '0')}`)
    const files = Object.fromEntries(names.map((name) => [`examples/${name}/index.js`, `// ${name}\n`]))
    const { bare } = await makeBareRepository(join(lab.folder, 'cool-lib.git'), { 'README.md': '# Lib\n', ...files })
    const { added, refused } = await lab.add(`file://${bare}`)
    expect(refused).toEqual([])
    expect(added.map(({ id }) => id)).toEqual(names)
    const catalogue = await lab.catalogue()
    for (const name of names) {
      expect(await chooseTemplate(catalogue, { hint: name.toUpperCase() })).toMatchObject({ id: name, by: 'hint' })
      expect(await readFile(join(lab.templates, name, 'index.js'), 'utf8')).toBe(`// ${name}\n`)
    }
    expect(await lab.byHint('cool-lib with-thing-007')).toBe('with-thing-007')
  }, 120_000)

  it('is taken at a branch, tag or commit, in a subfolder, without its history', async () => {
    const lab = await startLab()
    const { bare, work } = await makeBareRepository(join(lab.folder, 'kit.git'), { 'starter/go.mod': 'one' })
    const first = await git(work, 'rev-parse', 'HEAD')
    await git(work, 'tag', '-a', 'v1', '-m', 'One')
    const second = await commitFiles(work, { 'starter/go.mod': 'two' })
    await git(work, 'push', '--quiet', '--tags', 'origin', 'main')
    const url = `file://${bare}//starter`
    for (const [id, ref, commit, content] of [
      ['head', '', second, 'two'],
      ['tagged', '#v1', first, 'one'],
      ['branch', '#main', second, 'two'],
      ['exact', `#${first}`, first, 'one'],
    ] as const) {
      expect((await lab.add(url + ref, { as: id })).resolved).toEqual({ kind: 'git', commit })
      expect(await readFile(join(lab.templates, id, 'go.mod'), 'utf8')).toBe(content)
      expect(await readProvenance(join(lab.templates, id))).toMatchObject({
        provenance: { source: url + ref, kind: 'git', commit, path: '' },
      })
    }
    await expect(lab.add(`${url}#nope`)).rejects.toThrow('it does not have a branch, tag or commit nope')
    await expect(lab.add(`${url}#--upload-pack=x`)).rejects.toThrow('is not valid: it starts with "-"')
    await expect(lab.add(`file://${bare}//nowhere`)).rejects.toThrow('there is no such folder')
  })

  it('is refused where a subfolder is a link, or its address carries a password', async () => {
    const lab = await startLab()
    const { bare, work } = await makeBareRepository(join(lab.folder, 'kit.git'), { 'a/go.mod': '' })
    await symlink('/etc', join(work, 'etc'))
    await commitFiles(work, {})
    await git(work, 'push', '--quiet', 'origin', 'main')
    await expect(lab.add(`file://${bare}//etc`)).rejects.toThrow('a symbolic link leads there')
    const failure: unknown = await lab.add('https://me:hunter22@example.com/a.git').catch((error: unknown) => error)
    expect(String(failure)).toContain('carries a user name, password or token')
    expect(String(failure)).not.toContain('hunter22')
    await expect(lab.add('ext::sh -c true')).rejects.toThrow(/helper|valid|spaces/)
  })
})

describe('an npm package', () => {
  it('with template-* folders becomes many, each named by the whole name and by its own where that is free', async () => {
    const lab = await startLab()
    lab.registry.publish('create-vite', '9.1.0', viteFiles)
    const { resolved, added } = await lab.add('npm:create-vite')
    expect(resolved).toMatchObject({
      kind: 'npm',
      version: '9.1.0',
      integrity: expect.stringMatching(/^sha512-/) as string,
    })
    expect(added.map(({ id, aliases }) => [id, aliases])).toEqual([
      ['create-vite-lit', ['lit', 'vite-lit']],
      // What led to a shipped template before still does.
      ['create-vite-react-ts', []],
    ])
    expect(await lab.byHint('Vite Lit')).toBe('create-vite-lit')
    expect(await lab.byHint('create-vite-react-ts')).toBe('create-vite-react-ts')
    expect(await lab.byHint('vite-react-ts')).toBe('react-typescript')
  })

  it('is taken at the version that was asked for, with the login and registry of ~/.npmrc', async () => {
    const lab = await startLab()
    lab.registry.publish('@acme/kit', '1.2.3', { '.gitignore': 'dist\n' })
    lab.registry.publish('@acme/kit', '2.0.0', {})
    const host = lab.registry.url.slice('http:'.length)
    await writeFile(
      join(lab.folder, 'user', '.npmrc'),
      `# mine\nregistry = http://127.0.0.1:1/\n@acme:registry=${lab.registry.url}\n${host}:_authToken = "s3cret"\n`,
    )
    expect((await lab.add('npm:@acme/kit@^1')).resolved).toMatchObject({ version: '1.2.3' })
    expect(lab.registry.requests).toEqual(['@acme/kit Bearer s3cret', '@acme/kit/-/1.2.3.tgz Bearer s3cret'])
    expect(await pathsIn(join(lab.templates, 'kit'))).toEqual(['.devorch-source.yaml', '.gitignore', 'package.json'])
    expect(await readFile(join(lab.templates, 'kit', '.devorch-source.yaml'), 'utf8')).not.toContain('s3cret')
  })

  it('runs nothing, writes nowhere else, and brings no links', async () => {
    const lab = await startLab()
    const marker = join(lab.folder, 'ran')
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare'].map((name) => [name, `touch ${marker}`]),
    )
    lab.registry.publish('create-evil', '1.0.0', {
      'package.json': JSON.stringify({ name: 'create-evil', version: '1.0.0', scripts }),
      '../../../escaped': 'x',
      '/package/../../../../escaped-too': 'x',
      out: { link: '/etc' },
      'out/passwd': 'x',
      'good.txt': 'x',
    })
    await lab.add('npm:create-evil')
    expect((await pathsIn(lab.folder)).filter((path) => /escaped|ran$/.test(path))).toEqual([])
    const paths = await pathsIn(join(lab.templates, 'create-evil'))
    expect(paths).toContain('good.txt')
    expect((await lstat(join(lab.templates, 'create-evil', 'out'))).isSymbolicLink()).toBe(false)
  })

  it('that unpacks to more than it should, is not there, or is not what the registry says is refused', async () => {
    const lab = await startLab()
    lab.registry.publish('bomb', '1.0.0', { zeros: Buffer.alloc(257 * 1024 * 1024) })
    await expect(lab.add('npm:bomb')).rejects.toThrow('it is over 256 MiB')
    await expect(lab.add('npm:nothing-here')).rejects.toThrow('the registry has no such package')
    await expect(lab.add('npm:bomb@7')).rejects.toThrow('there is no such version')
    lab.registry.publish('other', '1.0.0', {})
    lab.registry.tamper()
    await expect(lab.add('npm:other')).rejects.toThrow('what came is not what the registry says it is')
    expect(await pathsIn(lab.templates)).toEqual(['.lock'])
  }, 60_000)
})
