import { chmod, lstat, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../src/support/problem.js'
import { childEnvironment, run } from '../../src/support/process.js'
import { applyTemplate } from '../../src/template/apply.js'
import { loadCatalogue, type Template } from '../../src/template/catalogue.js'
import { fill, pathsIn, shipped, temporaryFolder, templateOf, variables } from './fixtures.js'

const apply = (template: Template, folder: string, mode: 'whole' | 'missing-only' = 'whole', signal?: AbortSignal) =>
  applyTemplate({ template, folder, mode, variables, ...(signal === undefined ? {} : { signal }) })

describe('applyTemplate', () => {
  it('copies byte for byte with the executable bit, and renders only .liquid', async () => {
    const bytes = Buffer.from([0, 255, 13, 10, 0xc3, 0x28])
    const template = await templateOf({
      'logo.bin': bytes,
      'App.vue': '<p>{{ message }}</p>',
      'empty.txt': '',
      'bin/run.sh.liquid': 'echo {{ project_slug }}\n',
      '{{ project_snake }}/main.py': 'pass\n',
    })
    await chmod(join(template.folder, 'bin/run.sh.liquid'), 0o775)
    await chmod(join(template.folder, 'App.vue'), 0o600)
    const folder = await temporaryFolder()
    const applied = await apply(template, folder)
    expect(applied).toEqual({
      created: ['App.vue', 'bin/run.sh', 'empty.txt', 'green_house/main.py', 'logo.bin'],
      identical: [],
      skipped: [],
    })
    expect(await readFile(join(folder, 'logo.bin'))).toEqual(bytes)
    expect(await readFile(join(folder, 'App.vue'), 'utf8')).toBe('<p>{{ message }}</p>')
    expect(await readFile(join(folder, 'bin/run.sh'), 'utf8')).toBe('echo green-house\n')
    expect((await lstat(join(folder, 'bin/run.sh'))).mode & 0o700).toBe(0o700)
    expect((await lstat(join(folder, 'App.vue'))).mode & 0o711).toBe(0o600)
  })

  it('leaves out template.yaml, the tracker and what is never copied', async () => {
    const template = await templateOf(
      {
        'template.yaml': 'title: x',
        'sub/template.yaml': 'kept',
        'PROGRESS_TRACKER.md.liquid': 'plan',
        '.git/config': 'x',
        'node_modules/a/b': 'x',
        'sub/__pycache__/c': 'x',
        '.venv/d': 'x',
        _gitignore: 'dist\n',
      },
      { leftOut: ['template.yaml'] },
    )
    const folder = await temporaryFolder()
    expect((await apply(template, folder)).created).toEqual(['.gitignore', 'sub/template.yaml'])
    expect(await pathsIn(folder)).toEqual(['.gitignore', 'sub/', 'sub/template.yaml'])
  })

  it('never touches what exists, whatever it is', async () => {
    const template = await templateOf({
      'same.txt': 'same\n',
      'differs.txt': 'template\n',
      'case.md': 'template\n',
      'linked.txt': 'template\n',
      'file/inside.txt': 'template\n',
      'folder.txt': 'template\n',
      'src/new.txt': 'template\n',
    })
    const folder = await temporaryFolder()
    const outside = await temporaryFolder()
    await fill(folder, {
      'same.txt': 'same\n',
      'differs.txt': 'a person wrote this\n',
      'CASE.md': 'x',
      file: 'x',
      'folder.txt/': '',
      'src/old.txt': 'x',
    })
    await symlink(join(outside, 'target'), join(folder, 'linked.txt'))
    const before = await lstat(join(folder, 'differs.txt'))
    expect(await apply(template, folder)).toEqual({
      created: ['src/new.txt'],
      identical: ['same.txt'],
      skipped: ['case.md', 'differs.txt', 'file/inside.txt', 'folder.txt', 'linked.txt'],
    })
    expect(await readFile(join(folder, 'differs.txt'), 'utf8')).toBe('a person wrote this\n')
    expect((await lstat(join(folder, 'differs.txt'))).mtimeMs).toBe(before.mtimeMs)
    expect(await pathsIn(outside)).toEqual([])
  })

  it('takes a file of the same purpose for present where only what is missing is wanted', async () => {
    const template = await templateOf({
      'README.md': 'x',
      'vite.config.ts': 'x',
      'main.ts': 'x',
      'docs/README.md': 'x',
    })
    const files = { 'Readme.rst': 'mine', 'vite.config.mjs': 'mine', 'main.css': 'mine' }
    const [content, empty] = [await temporaryFolder(), await temporaryFolder()]
    await fill(content, files)
    await fill(empty, files)
    expect(await apply(template, content, 'missing-only')).toMatchObject({
      created: ['docs/README.md', 'main.ts'],
      skipped: ['README.md', 'vite.config.ts'],
    })
    expect((await apply(template, empty, 'whole')).skipped).toEqual([])
  })

  it('finds everything identical the second time', async () => {
    const template = await templateOf({ 'a.txt.liquid': '{{ project }}', 'b/c': 'x' })
    const folder = await temporaryFolder()
    await apply(template, folder)
    expect(await apply(template, folder, 'missing-only')).toEqual({
      created: [],
      identical: ['a.txt', 'b/c'],
      skipped: [],
    })
  })
})

describe('a template that cannot be trusted', () => {
  async function refused(template: Template, folder: string): Promise<Problem> {
    const before = await pathsIn(folder)
    const failure: unknown = await apply(template, folder).catch((error: unknown) => error)
    expect(await pathsIn(folder)).toEqual(before)
    if (!(failure instanceof Problem)) throw new Error(`not refused: ${String(failure)}`)
    expect(failure.field).toBe('template_hint')
    return failure
  }

  it.each([
    ['a variable that leads out', '{{ summary }}', /has a slash/],
    ['.git in another case', '.Git/hooks/post-checkout', /\.git or stands for it/],
    ['an escape code in a name', 'a\u001b]0;x\u0007', /cannot be shown/],
  ])('is refused for %s', async (_, path, because) => {
    const template = await templateOf({ 'a-good-one': 'x', [path]: 'x' })
    const folder = await temporaryFolder()
    const request = { template, folder, mode: 'whole', variables: { ...variables, summary: '../../x' } } as const
    await expect(applyTemplate(request)).rejects.toMatchObject({ because: expect.stringMatching(because) as string })
    expect(await pathsIn(folder)).toEqual([])
  })

  it('is refused for two names that differ only in case', async () => {
    const template = await templateOf({ 'README.md': 'x', 'readme.md': 'x' })
    expect((await refused(template, await temporaryFolder())).because).toContain('meets')
  })

  it.each([
    ['to a file outside', '/etc/hostname'],
    ['to itself', 'link'],
    ['to a folder', '.'],
  ])('is refused for a symbolic link %s', async (_, to) => {
    const template = await templateOf({ 'a.txt': 'x' })
    await symlink(to, join(template.folder, 'link'))
    expect((await refused(template, await temporaryFolder())).because).toBe('link is a symbolic link')
  })

  it('is refused for a named pipe, without waiting for a writer', async () => {
    const template = await templateOf({ 'a.txt': 'x' })
    const made = await run('mkfifo', [join(template.folder, 'pipe')], {
      timeoutMs: 5000,
      env: childEnvironment(process.env),
    })
    expect(made.ended).toBe('exited')
    expect((await refused(template, await temporaryFolder())).because).toBe('pipe is a named pipe')
  })

  it('is refused for a file that does not render, before anything is written', async () => {
    const template = await templateOf({ 'a.txt': 'x', 'z.txt.liquid': 'ok\n{{ nope }}' })
    expect((await refused(template, await temporaryFolder())).because).toContain('z.txt.liquid, line 2, column')
  })

  it('is refused for .liquid that is no text', async () => {
    const template = await templateOf({ 'a.liquid': Buffer.from([0xff, 0xfe, 0]) })
    expect((await refused(template, await temporaryFolder())).because).toBe('a.liquid is not UTF-8 text')
  })

  it('is refused for too many files', async () => {
    const template = await templateOf({})
    for (let at = 0; at <= 5000; at++) await writeFile(join(template.folder, at.toString()), '')
    expect((await refused(template, await temporaryFolder())).because).toContain('5000')
  })

  it('is refused for too large a file', async () => {
    const template = await templateOf({ big: new Uint8Array(16 * 1024 * 1024 + 1) })
    expect((await refused(template, await temporaryFolder())).because).toBe('big is over 16 MiB')
  })

  it('is refused for folders without end', async () => {
    const template = await templateOf({ [`${'d/'.repeat(40)}x`]: 'x' })
    expect((await refused(template, await temporaryFolder())).because).toContain('too many folders')
  })

  it('is refused where a folder of the working copy is a symbolic link', async () => {
    const template = await templateOf({ 'a.txt': 'x', 'docs/b.txt': 'x' })
    const [folder, outside] = [await temporaryFolder(), await temporaryFolder()]
    await symlink(outside, join(folder, 'docs'))
    expect((await refused(template, folder)).because).toContain('docs in the working copy is a symbolic link')
    expect(await pathsIn(outside)).toEqual([])
  })

  it('is refused where its folder is gone', async () => {
    const template = await templateOf({})
    const gone = { ...template, folder: join(template.folder, 'gone') }
    expect((await refused(gone, await temporaryFolder())).because).toBe('its folder cannot be read (ENOENT)')
  })
})

describe('a failure on the way', () => {
  it('takes back every file and folder that was made, and nothing else', async () => {
    // 20 folders of 250 characters are more than a path may have (4096 bytes): the system refuses while writing.
    const deep = Array.from({ length: 20 }, () => '{{ summary }}').join('/')
    const template = await templateOf({ 'a/b/one': 'x', 'a/mine': 'x', [`z/${deep}/two`]: 'x' })
    const folder = await temporaryFolder()
    await fill(folder, { 'a/mine': 'a person wrote this' })
    const summary = 'z'.repeat(250)
    const request = { template, folder, mode: 'whole', variables: { ...variables, summary } } as const
    await expect(applyTemplate(request)).rejects.toMatchObject({
      because: expect.stringContaining('ENAMETOOLONG') as string,
      field: 'template_hint',
      transient: false,
    })
    expect(await pathsIn(folder)).toEqual(['a/', 'a/mine'])
    expect(await readFile(join(folder, 'a/mine'), 'utf8')).toBe('a person wrote this')
  })

  it('stops when it is told to', async () => {
    const template = await templateOf({ a: 'x' })
    const folder = await temporaryFolder()
    await expect(apply(template, folder, 'whole', AbortSignal.abort())).rejects.toMatchObject({
      because: 'it was stopped',
      transient: true,
    })
    expect(await pathsIn(folder)).toEqual([])
  })

  it('is a problem with the reason where there is no working copy', async () => {
    const template = await templateOf({ 'a/one': 'x' })
    await expect(apply(template, join(await temporaryFolder(), 'nowhere'))).rejects.toMatchObject({
      because: expect.stringContaining('ENOENT') as string,
    })
  })
})

const ids = await foldersIn(shipped)

describe('the shipped templates', () => {
  it.each(ids)('%s makes a project with README and .gitignore, leaving nothing unrendered', async (id) => {
    const template = (await loadCatalogue([shipped])).templates.get(id)
    if (template === undefined) throw new Error(`${id} cannot be used`)
    const folder = await temporaryFolder()
    const { created } = await apply(template, folder)
    expect(created).toEqual(expect.arrayContaining(['.gitignore', 'README.md']))
    expect(created.filter((path) => /liquid|template\.yaml|PROGRESS_TRACKER/.test(path))).toEqual([])
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toMatch(/^# Green\.House\n/)
    if (created.includes('package.json')) {
      expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).toMatchObject({ name: 'green-house' })
    }
  })
})

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}
