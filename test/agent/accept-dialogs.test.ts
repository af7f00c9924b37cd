import {
  chmod,
  lstat,
  mkdir,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { acceptDialogs, withDialogsAccepted } from '../../src/agent/accept-dialogs.js'
import { Problem } from '../../src/support/problem.js'
import { run, type RunResult } from '../../src/support/process.js'
import { temporaryFolder } from '../support/temporary.js'

const compiled = join(import.meta.dirname, '..', '..', 'dist', 'agent', 'accept-dialogs.js')
const key = 'sk-ant-test-0123456789-abcdefghijklmnopqrstuvwxyz'
const accepted = { hasTrustDialogAccepted: true, hasClaudeMdExternalIncludesWarningShown: true }

/** A home with a project in it that is a git repository. */
async function place(): Promise<{ home: string; project: string; file: string; environment: Record<string, string> }> {
  const home = await temporaryFolder()
  const project = join(home, 'projects', 'test-app')
  await mkdir(join(project, '.git'), { recursive: true })
  return { home, project, file: join(home, '.claude.json'), environment: { HOME: home } }
}

const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'))

function program(workingCopy: string, environment: Readonly<Record<string, string>>): Promise<RunResult> {
  const env = { PATH: process.env['PATH'] ?? '', ...environment }
  return run(process.execPath, [compiled, workingCopy], { timeoutMs: 55_000, env })
}

describe('withDialogsAccepted', () => {
  test('keeps what it does not know, and other projects', () => {
    const before = {
      numStartups: 7,
      future: { a: [1, { b: null }] },
      customApiKeyResponses: { approved: ['other'], rejected: ['no'], more: 1 },
      projects: { '/other': { hasTrustDialogAccepted: false, allowedTools: [] }, '/p': { history: ['x'] } },
    }
    expect(withDialogsAccepted(before, '/p', key)).toEqual({
      ...before,
      hasCompletedOnboarding: true,
      customApiKeyResponses: { approved: ['other', 'ghijklmnopqrstuvwxyz'], rejected: ['no'], more: 1 },
      projects: { ...before.projects, '/p': { history: ['x'], ...accepted } },
    })
  })

  test('is the same object where nothing is to be done', () => {
    const done = withDialogsAccepted({}, '/p', key)
    expect(withDialogsAccepted(done, '/p', key)).toBe(done)
    expect(withDialogsAccepted(done, '/p', undefined)).toBe(done)
    expect(withDialogsAccepted(done, '/p', '')).toBe(done)
    expect(withDialogsAccepted(done, '/q', key)).not.toBe(done)
    expect(withDialogsAccepted(done, '/p', `${key}2`)).not.toBe(done)
  })

  test('a short key is approved whole, as Claude Code does', () => {
    expect(withDialogsAccepted({}, '/p', 'short')).toMatchObject({ customApiKeyResponses: { approved: ['short'] } })
  })

  test('inherited names are no entries', () => {
    const after = withDialogsAccepted({}, 'constructor', undefined)
    expect(after['projects']).toEqual({ constructor: accepted })
    const odd = withDialogsAccepted(JSON.parse('{"__proto__":{"x":1}}') as Record<string, unknown>, '/p', undefined)
    expect(JSON.stringify(odd)).toContain('"__proto__":{"x":1}')
  })

  test.each([
    { projects: [] },
    { projects: 'x' },
    { projects: { '/p': 1 } },
    { customApiKeyResponses: { approved: {} } },
  ])('refuses %j', (config) => {
    expect(() => withDialogsAccepted(config, '/p', key)).toThrow(Problem)
  })
})

describe('acceptDialogs', () => {
  test('makes the file for this person alone, for the real path of the repository’s root', async () => {
    const { home, project, file, environment } = await place()
    await mkdir(join(project, 'deep', 'er'), { recursive: true })
    await symlink(join(project, 'deep'), join(home, 'link'))
    expect(await acceptDialogs({ workingCopy: join(home, 'link', 'er'), environment })).toBe(true)
    expect(await json(file)).toEqual({
      hasCompletedOnboarding: true,
      projects: { [await realpath(project)]: accepted },
    })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(home)).toEqual(['.claude.json', 'link', 'projects'])
  })

  test('trusts a folder that is in no repository, alone', async () => {
    const { file, environment } = await place()
    const lonely = await temporaryFolder()
    await acceptDialogs({ workingCopy: lonely, environment })
    expect(await json(file)).toMatchObject({ projects: { [lonely]: accepted } })
  })

  test('goes to CLAUDE_CONFIG_DIR, made where it is missing, and to an old .config.json that still counts', async () => {
    const { home, project, environment } = await place()
    const folder = join(home, 'made', 'config')
    const there = { ...environment, CLAUDE_CONFIG_DIR: folder }
    await acceptDialogs({ workingCopy: project, environment: there })
    expect(await json(join(folder, '.claude.json'))).toMatchObject({ hasCompletedOnboarding: true })
    await writeFile(join(folder, '.config.json'), '{"old":1}')
    await acceptDialogs({ workingCopy: project, environment: there })
    expect(await json(join(folder, '.config.json'))).toMatchObject({ old: 1, hasCompletedOnboarding: true })
    await mkdir(join(home, '.claude'))
    await writeFile(join(home, '.claude', '.config.json'), '')
    await acceptDialogs({ workingCopy: project, environment: { ...environment, CLAUDE_CONFIG_DIR: '' } })
    expect(await json(join(home, '.claude.json'))).toMatchObject({ hasCompletedOnboarding: true })
  })

  test('writes nothing where nothing changes', async () => {
    const { project, file, environment } = await place()
    await acceptDialogs({ workingCopy: project, environment })
    const before = await stat(file)
    expect(await acceptDialogs({ workingCopy: project, environment })).toBe(false)
    const after = await stat(file)
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs])
  })

  test('keeps the file’s mode, and a symbolic link in its place', async () => {
    const { home, project, file, environment } = await place()
    await writeFile(join(home, 'kept.json'), '{"a":1}')
    await chmod(join(home, 'kept.json'), 0o666)
    await symlink('kept.json', file)
    await acceptDialogs({ workingCopy: project, environment })
    expect((await lstat(file)).isSymbolicLink()).toBe(true)
    expect(await json(join(home, 'kept.json'))).toMatchObject({ a: 1, hasCompletedOnboarding: true })
    expect((await stat(file)).mode & 0o777).toBe(0o666)
  })

  test.each(['{"a": 1', '[]', '"x"', 'null', '\xff\xfe', '{"projects":[]}'])('leaves %j as it is', async (text) => {
    const { project, file, environment } = await place()
    await writeFile(file, text, 'latin1')
    await expect(acceptDialogs({ workingCopy: project, environment })).rejects.toThrow(/the file was left as it is/)
    expect(await readFile(file, 'latin1')).toBe(text)
  })

  test('takes an empty file for none', async () => {
    const { project, file, environment } = await place()
    await writeFile(file, '')
    await acceptDialogs({ workingCopy: project, environment })
    expect(await json(file)).toMatchObject({ hasCompletedOnboarding: true })
  })

  test('writes in place, and leaves no rest of a longer file, where the name can not be replaced', async () => {
    const { project, file, environment } = await place()
    await writeFile(file, `{"a":1}${' '.repeat(5000)}`)
    const { ino } = await stat(file)
    const replace = () => Promise.reject(Object.assign(new Error('busy'), { code: 'EBUSY' }))
    await acceptDialogs({ workingCopy: project, environment, replace })
    expect(await json(file)).toMatchObject({ a: 1, hasCompletedOnboarding: true })
    expect((await stat(file)).ino).toBe(ino)
  })

  test('says what else went wrong, and gives the lock back', async () => {
    const { home, project, environment } = await place()
    const replace = () => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    await expect(acceptDialogs({ workingCopy: project, environment, replace })).rejects.toThrow(/no space/)
    expect(await readdir(home)).toEqual(['projects'])
  })

  test('takes over the lock of a program that died with it', async () => {
    const { project, file, environment } = await place()
    await mkdir(`${file}.lock`)
    await utimes(`${file}.lock`, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000))
    expect(await acceptDialogs({ workingCopy: project, environment })).toBe(true)
    await expect(stat(`${file}.lock`)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('waits for the lock of another program', async () => {
    const { project, file, environment } = await place()
    await mkdir(`${file}.lock`)
    const accepting = acceptDialogs({ workingCopy: project, environment })
    await expect(Promise.race([accepting, new Promise((resolve) => setTimeout(resolve, 300, 'waits'))])).resolves.toBe(
      'waits',
    )
    await rm(`${file}.lock`, { recursive: true })
    expect(await accepting).toBe(true)
  })
})

describe('the program', () => {
  test('twenty at once lose nothing', async () => {
    const { home, file, environment } = await place()
    const other = { theme: 'dark', projects: { '/other': { history: ['kept'] } } }
    await writeFile(file, JSON.stringify(other))
    const projects = Array.from({ length: 20 }, (_, index) => join(home, `app-${index.toString()}`))
    for (const project of projects) await mkdir(join(project, '.git'), { recursive: true })
    const results = await Promise.all(
      projects.map((project, index) =>
        program(project, { ...environment, ANTHROPIC_API_KEY: `key-${index.toString().padStart(20, '0')}` }),
      ),
    )
    for (const result of results) expect(result).toMatchObject({ ended: 'exited', code: 0, stderr: '' })
    expect(await json(file)).toMatchObject({
      theme: 'dark',
      projects: { '/other': { history: ['kept'] }, ...Object.fromEntries(projects.map((path) => [path, accepted])) },
      customApiKeyResponses: {
        approved: expect.arrayContaining(projects.map((_, index) => index.toString().padStart(20, '0'))) as unknown,
      },
    })
    expect((await readdir(home)).filter((name) => name.startsWith('.'))).toEqual(['.claude.json'])
  }, 60_000)

  test('warns in one line and exits 1 where it can not', async () => {
    const { project, file, environment } = await place()
    await writeFile(file, '{')
    const result = await program(project, { ...environment, ANTHROPIC_API_KEY: key })
    expect(result).toMatchObject({ ended: 'exited', code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^accept Claude Code’s dialogs in .*\n$/)
    expect(result.stderr).not.toContain(key.slice(-20))
  })

  test('a bind-mounted file is written in place', async (context) => {
    const { home, project, file, environment } = await place()
    const outside = join(home, 'outside.json')
    await writeFile(outside, '{"a":1}')
    await writeFile(file, '')
    const script = 'mount --bind "$1" "$2" || exit 42; exec "$3" "$4" "$5"'
    const args = ['--mount', '--', 'sh', '-c', script, 'sh', outside, file, process.execPath, compiled, project]
    const env = { PATH: process.env['PATH'] ?? '', ...environment }
    const result = await run('unshare', args, { timeoutMs: 20_000, env })
    const mayMount = result.ended === 'exited' && result.code !== 42 && !result.stderr.startsWith('unshare:')
    context.skip(!mayMount, 'mounting is not allowed here')
    expect(result).toMatchObject({ code: 0, stderr: '' })
    expect(await json(outside)).toMatchObject({ a: 1, hasCompletedOnboarding: true })
  })
})
