import { access, chmod, mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readGitState, type GitState } from '../../src/repo/git-state.js'
import { childEnvironment } from '../../src/support/process.js'
import { commitFiles, git, makeRepository } from '../support/repositories.js'
import { temporaryFolder } from '../support/temporary.js'

async function clone(): Promise<{ readonly origin: string; readonly work: string }> {
  const folder = await temporaryFolder()
  const origin = await makeRepository(join(folder, 'origin'), { 'a.txt': 'a\n', '.gitignore': 'ignored\n' })
  await git(folder, 'clone', '--quiet', '--template=', origin, 'work')
  return { origin, work: join(folder, 'work') }
}

const tools = { environment: childEnvironment(process.env), timeoutMs: 30_000 }
const ask = (folder: string, more = {}, before?: GitState) => readGitState(folder, { ...tools, ...more }, before)

test('a fresh clone: its commit, and nothing to tell', async () => {
  const { work } = await clone()
  await writeFile(join(work, 'ignored'), 'x')
  expect(await ask(work)).toEqual({
    branch: 'main',
    commit: (await git(work, 'rev-parse', 'HEAD')).slice(0, 12),
    subject: 'Change',
    committedAt: new Date(Number(await git(work, 'log', '-1', '--format=%ct')) * 1000),
    dirty: 0,
    ahead: 0,
    behind: 0,
  })
})

test('counts changed and untracked files, and commits on both sides of the upstream', async () => {
  const { origin, work } = await clone()
  await commitFiles(origin, { theirs: '1' })
  await git(work, 'fetch', '--quiet')
  await commitFiles(work, { ours: '1' })
  await commitFiles(work, { 'also ours': '1' })
  await mkdir(join(work, 'new'))
  for (const name of ['new/one', 'new/two', '2 x', '-n\n"x', 'ours']) await writeFile(join(work, name), 'x')
  await git(work, 'mv', 'a.txt', 'b.txt')
  expect(await ask(work)).toMatchObject({ ahead: 2, behind: 1, dirty: 6 })
})

test('a branch without upstream, no branch, no commit, no repository', async () => {
  const { work } = await clone()
  await git(work, 'switch', '--quiet', '--create', 'feat/x')
  expect(await ask(work)).toMatchObject({ branch: 'feat/x', ahead: null, behind: null, dirty: 0 })
  await git(work, 'switch', '--quiet', '--detach')
  expect(await ask(work)).toMatchObject({ branch: null, subject: 'Change', ahead: null })
  const empty = await makeRepository(join(await temporaryFolder(), 'empty'))
  expect(await ask(empty)).toEqual({
    ...{ branch: 'main', commit: null, subject: null, committedAt: null },
    ...{ dirty: 0, ahead: null, behind: null },
  })
  expect(await ask(await temporaryFolder())).toBeUndefined()
  expect(await ask(join(work, 'gone'))).toBeUndefined()
  const link = await temporaryFolder()
  await writeFile(join(link, '.git'), `gitdir: ${join(work, '.git')}\n`)
  expect(await ask(link)).toBeUndefined()
})

test('foreign text is one short line', async () => {
  const { work } = await clone()
  await git(work, 'switch', '--quiet', '--create', 'a\u202eb')
  const message = `\u001b[2J\u009b31m${'x'.repeat(100_000)}\n\nmore`
  await git(work, 'commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '--message', message)
  const state = await ask(work)
  expect(state?.branch).toBe('a\\u202eb')
  expect(state?.subject).toMatch(/^\\u001b\[2J\\u009b31mx{50,}…$/)
})

test('takes over what is known of the commit', async () => {
  const { work } = await clone()
  const before = await ask(work)
  if (before === undefined) throw new Error('no state')
  expect(await ask(work, {}, { ...before, subject: 'known' })).toEqual({ ...before, subject: 'known' })
  await commitFiles(work, { b: 'b' })
  expect(await ask(work, {}, { ...before, subject: 'known' })).toMatchObject({ subject: 'Change', ahead: 1 })
})

test('where the status is too much, the commit is told, and the rest is not known', async () => {
  const { work } = await clone()
  for (let index = 0; index < 60; index += 1) await writeFile(join(work, `file-${index.toString().repeat(20)}`), 'x')
  const commit = (await git(work, 'rev-parse', 'HEAD')).slice(0, 12)
  expect(await ask(work, { maxOutputBytes: 1000 })).toMatchObject({
    ...{ branch: 'main', commit, subject: 'Change', dirty: null, ahead: null },
  })
  expect(await ask(work, { timeoutMs: 1 })).toBeUndefined()
})

test('nothing is changed, and nothing that its configuration names is run', async () => {
  const { work } = await clone()
  const mark = join(work, '..', 'mark')
  const program = join(work, '..', 'program')
  await writeFile(program, `#!/bin/sh\necho "$0 $*" >> '${mark}'\ncat\n`)
  await chmod(program, 0o755)
  await writeFile(join(work, '.gitattributes'), '* filter=evil diff=evil\n')
  await commitFiles(work, { 'a.txt': 'b\n' })
  await mkdir(join(work, '.git', 'hooks'), { recursive: true })
  for (const hook of ['post-index-change', 'fsmonitor-watchman', 'reference-transaction']) {
    await writeFile(join(work, '.git', 'hooks', hook), `#!/bin/sh\necho hook >> '${mark}'\n`, { mode: 0o755 })
  }
  const included = join(work, '..', 'included')
  await writeFile(included, `[filter "evil"]\n\tclean = ${program}\n\tprocess = ${program}\n\trequired = true\n`)
  for (const [key, value] of [
    ['core.fsmonitor', program],
    ['filter.evil.clean', program],
    ['filter.evil.smudge', program],
    ['diff.evil.textconv', program],
    ['diff.external', program],
    ['gpg.program', program],
    ['log.showSignature', 'true'],
    ['core.pager', program],
    ['pager.status', 'true'],
    ['core.sshCommand', program],
    ['core.askPass', program],
    ['alias.status', `!${program}`],
    ['credential.helper', `!${program}`],
    ['includeIf.gitdir:**.path', included],
    ['include.path', included],
    ['core.worktree', '/'],
    ['status.submoduleSummary', 'true'],
    ['status.showUntrackedFiles', 'no'],
  ] as const) {
    await git(work, 'config', '--file', join(work, '.git', 'config'), key, value)
  }
  await writeFile(join(work, 'new'), 'x')
  // Its time is not the index's, so that git looks at what is in it.
  await utimes(join(work, 'a.txt'), 1, 1)
  expect(await ask(work)).toMatchObject({ branch: 'main', dirty: 1, subject: 'Change' })
  await expect(access(mark)).rejects.toThrow('ENOENT')
})
