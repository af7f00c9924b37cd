import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Problem } from '../../src/support/problem.js'
import { applyTemplate } from '../../src/template/apply.js'
import { git, makeRepository } from '../support/repositories.js'
import { runProgram } from '../commands/workplace.js'
import { fill, temporaryFolder, templateOf, variables } from './fixtures.js'

/** Everything about a folder that a template could have changed. */
async function pictureOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name)
    const { mode, mtimeMs } = await lstat(path)
    const content = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : entry.isSymbolicLink()
        ? await readlink(path)
        : ''
    return [path, mode.toString(8), mtimeMs, content].join(' ')
  })
  return (await Promise.all(lines)).sort()
}

/** What a person has: a clone with work in it that is not committed. */
async function workingCopy(): Promise<string> {
  const folder = await makeRepository(join(await temporaryFolder(), 'shop'), { '.gitignore': 'out\n', 'src/a.ts': 'x' })
  await fill(folder, { 'package.json': '{"name":"mine"}', 'src/new.ts': 'not committed' })
  return folder
}

type Files = Readonly<Record<string, string>>
const special: readonly [string, Files, (folder: string) => Promise<unknown>, RegExp][] = [
  ['a link to a file', {}, (folder) => symlink('/etc/passwd', join(folder, 'l')), /^l is a symbolic link$/],
  ['a link to a folder', {}, (folder) => symlink('/etc', join(folder, 'l')), /^l is a symbolic link$/],
  ['a dangling link', {}, (folder) => symlink('/nonexistent', join(folder, 'l')), /^l is a symbolic link$/],
  [
    'a link deep within',
    { 'd/e/x': '' },
    (folder) => symlink('..', join(folder, 'd/e/l')),
    /^d\/e\/l is a symbolic link$/,
  ],
  ['a named pipe', {}, (folder) => program('mkfifo', join(folder, 'p')), /^p is a named pipe$/],
  ['a device', {}, (folder) => program('mknod', join(folder, 'n'), 'c', '1', '5'), /^n is a device$/],
  ['a socket', {}, (folder) => listenAt(join(folder, 's')), /^s is a socket$/],
]

const named: readonly [string, Files, RegExp][] = [
  ['a way out by a variable', { '{{ summary }}/x': '' }, /has a slash|is "\.\."/],
  ['a way out by a name alone', { '{{ owner }}{{ owner }}/x': '' }, /a name is "\.\."/],
  ['an absolute path by a variable', { '{{ repository }}': '' }, /has a slash/],
  ['.git by a variable', { '.{{ project }}/config': '' }, /\.git or stands for it/],
  ['a hook in capitals', { '.GIT/hooks/post-checkout': '' }, /\.git or stands for it/],
  ['.git below', { 'a/b/.Git/config': '' }, /\.git or stands for it/],
  ['a .git file', { '.git .liquid': 'gitdir: /tmp/x' }, /\.git or stands for it/],
  ['.git by its DOS name', { 'GIT~1/config': '' }, /\.git or stands for it/],
  ['.git by an alternate stream', { '.git::$INDEX_ALLOCATION/config': '' }, /\.git or stands for it/],
  ['.git by full-width letters', { '.\uff47\uff49\uff54/config': '' }, /\.git or stands for it/],
  ['.git by an invisible letter', { '.g\u200dit/config': '' }, /\.git or stands for it/],
  ['names that differ in case', { 'A.txt': '', 'a.txt': '' }, /meets/],
  ['folders that differ in case', { 'Lib/a': '', 'lib/b': '' }, /meets/],
  ['names that differ in composition', { '\u00e9': '', 'e\u0301': '' }, /meets/],
  ['names that differ in case beyond ASCII', { 'STRASSE\u0130': '', 'strasse\u0130': '' }, /meets/],
  ['a file where a folder is needed', { 'a.liquid': '', 'a/b': '' }, /meets/],
  ['two that render to one', { '{{ project }}': '', git: '' }, /meets/],
  ['an escape code', { 'a\u001b]0;owned\u0007': '' }, /cannot be shown/],
  ['a line break', { 'a\nb': '' }, /cannot be shown/],
  ['a name that turns the text around', { 'a\u202egpj.exe': '' }, /cannot be shown/],
  ['a rendered name of 256 bytes', { '{{ year }}': '' }, /over 255 bytes/],
  [
    'a loop in a file',
    { 'x.liquid': '{% for i in (1..99999) %}{% for j in (1..99999) %}{% endfor %}{% endfor %}' },
    /limit exceeded/,
  ],
  [
    'huge output',
    { 'x.liquid': '{% for i in (1..99) %}{% for j in (1..999) %}{{ year }}{% endfor %}{% endfor %}' },
    /limit|4 MiB/,
  ],
  ['a file of elsewhere', { 'x.liquid': '{% include "/etc/passwd" %}' }, /ENOENT/],
]

const sly = { ...variables, project: 'git', summary: '../../x', owner: '.', repository: '/etc/x' }

async function refused(files: Files, prepare: (folder: string) => Promise<unknown>): Promise<Problem> {
  const template = await templateOf({ 'a-good-one.txt': 'x', 'src/another.ts': 'x', ...files })
  await prepare(template.folder)
  const folder = await workingCopy()
  const before = await pictureOf(folder)
  const request = {
    template,
    folder,
    mode: 'whole',
    variables: { ...sly, year: 'y'.repeat(256) as unknown as number },
  } as const
  const failure: unknown = await applyTemplate(request).catch((error: unknown) => error)
  expect(await pictureOf(folder)).toEqual(before)
  if (!(failure instanceof Problem)) throw new Error(`not refused: ${JSON.stringify(failure)}`)
  expect(failure.message).not.toMatch(/\p{Cc}/u)
  return failure
}

describe('what cannot be copied is refused, and the working copy is byte for byte as before', () => {
  it.skipIf(process.getuid?.() !== 0).each(special)('%s', async (_, files, prepare, because) => {
    expect((await refused(files, prepare)).because).toMatch(because)
  })

  it.each(named)('%s', async (_, files, because) => {
    expect((await refused(files, () => Promise.resolve())).because).toMatch(because)
  })
})

it('never changes .gitignore, package.json or the index: what is new is untracked', async () => {
  const template = await templateOf({
    _gitignore: 'dist\n',
    'package.json.liquid': '{"name":"{{ project }}"}',
    'src/a.ts': 'theirs',
    'src/b.ts': 'new',
  })
  const folder = await workingCopy()
  const tracked = () => git(folder, 'ls-files', '--stage')
  const [before, index] = [await git(folder, 'diff', 'HEAD'), await tracked()]
  const { created, skipped } = await applyTemplate({ template, folder, mode: 'missing-only', variables })
  expect({ created, skipped }).toEqual({ created: ['src/b.ts'], skipped: ['.gitignore', 'package.json', 'src/a.ts'] })
  expect(await readFile(join(folder, '.gitignore'), 'utf8')).toBe('out\n')
  expect(await readFile(join(folder, 'package.json'), 'utf8')).toBe('{"name":"mine"}')
  expect([await git(folder, 'diff', 'HEAD'), await tracked()]).toEqual([before, index])
  expect(await git(folder, 'status', '--porcelain')).toContain('?? src/b.ts')
})

it('writes nothing where a folder on the way is a link, and nothing behind it', async () => {
  const outside = await temporaryFolder()
  const template = await templateOf({ 'a/one.txt': 'x', 'b/two.txt': 'x' })
  const folder = await workingCopy()
  await symlink(outside, join(folder, 'b'))
  await expect(applyTemplate({ template, folder, mode: 'whole', variables })).rejects.toThrow(
    /b in the working copy is a symbolic link/,
  )
  expect(await readdir(outside)).toEqual([])
  expect(await readdir(folder)).not.toContain('a')
})

async function program(name: string, ...args: readonly string[]): Promise<void> {
  const ended = await runProgram(name, args, { environment: { PATH: process.env['PATH'] ?? '' } })
  if (ended.code !== 0) throw new Error(`${name}: ${ended.stderr}`)
}

async function listenAt(path: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(path, done))
  onTestFinished(
    () =>
      new Promise((done) =>
        server.close(() => {
          done()
        }),
      ),
  )
}
