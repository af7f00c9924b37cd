import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findUnsaved } from '../../src/repo/unsaved.js'
import { childEnvironment } from '../../src/support/process.js'
import { commitFiles, git, makeRepository } from '../support/repositories.js'
import { temporaryFolder } from '../support/temporary.js'

async function clone(): Promise<string> {
  const folder = await temporaryFolder()
  await makeRepository(join(folder, 'origin'), { 'a.txt': 'a\n', '.gitignore': 'ignored\n' })
  await git(folder, 'clone', '--quiet', '--template=', join(folder, 'origin'), 'work')
  return join(folder, 'work')
}

const ask = (folder: string) => findUnsaved(folder, { environment: childEnvironment(process.env), timeoutMs: 20_000 })

test('a fresh clone holds nothing unsaved, whatever is ignored in it; an empty repository neither', async () => {
  const work = await clone()
  await writeFile(join(work, 'ignored'), 'x')
  expect(await ask(work)).toEqual([])
  const empty = await makeRepository(join(await temporaryFolder(), 'empty'))
  expect(await ask(empty)).toEqual([])
})

test.each<[string, (work: string) => Promise<unknown>, string[]]>([
  ['a changed file', (work) => writeFile(join(work, 'a.txt'), 'b'), ['1 changed file']],
  ['a removed file', (work) => rm(join(work, 'a.txt')), ['1 changed file']],
  ['an untracked file', (work) => writeFile(join(work, '-n\n"x'), 'b'), ['1 untracked file']],
  ['a commit', (work) => commitFiles(work, { b: 'b' }), ['1 unpushed commit']],
  [
    'a commit on another branch',
    async (work) => {
      await git(work, 'switch', '--quiet', '--create', 'side')
      await commitFiles(work, { b: 'b' })
      await git(work, 'switch', '--quiet', 'main')
    },
    ['1 unpushed commit'],
  ],
  [
    'a commit that only HEAD has',
    async (work) => {
      await git(work, 'switch', '--quiet', '--detach')
      await commitFiles(work, { b: 'b' })
    },
    ['1 unpushed commit'],
  ],
  [
    'two stashes',
    async (work) => {
      for (const text of ['b', 'c']) {
        await writeFile(join(work, 'a.txt'), text)
        await git(work, 'stash', 'push', '--quiet')
      }
    },
    ['2 stashes'],
  ],
  [
    'a change that git was told to overlook',
    async (work) => {
      await git(work, 'update-index', '--skip-worktree', 'a.txt')
      await writeFile(join(work, 'a.txt'), 'b')
    },
    ['files whose changes git overlooks'],
  ],
  [
    'a further worktree',
    (work) => git(work, 'worktree', 'add', '--quiet', `${work}.tree`, '--detach'),
    ['further worktrees'],
  ],
  [
    'a repository within',
    async (work) => {
      await makeRepository(join(work, 'within'), { b: 'b' })
      await git(work, '-c', 'advice.addEmbeddedRepo=false', 'add', 'within')
      await git(work, 'commit', '--quiet', '--message', 'within')
      await git(work, 'update-ref', 'refs/remotes/origin/main', 'HEAD')
    },
    ['submodules'],
  ],
])('%s is unsaved', async (_, change, words) => {
  const work = await clone()
  await change(work)
  expect(await ask(work)).toEqual(words)
})

test('what the configuration of the folder names is not run, nor is another folder looked at, nor anything changed', async () => {
  const work = await clone()
  const canary = join(work, '..', 'canary')
  const program = join(work, '..', 'program.sh')
  await writeFile(program, `#!/bin/sh\necho "$0" >>'${canary}'\ncat\n`, { mode: 0o755 })
  await mkdir(join(work, '.git', 'info'))
  await writeFile(join(work, '.git', 'info', 'attributes'), '* filter=evil diff=evil\n')
  for (const key of [
    ...['filter.evil.clean', 'filter.evil.smudge', 'filter.evil.process', 'filter.EVIL.b.clean', 'diff.evil.textconv'],
    ...['diff.evil.command', 'core.fsmonitor', 'core.pager', 'gpg.program', 'core.sshCommand', 'diff.external'],
  ]) {
    await git(work, 'config', key, program)
  }
  await git(work, 'config', 'filter.evil.required', 'true')
  await git(work, 'config', 'log.showSignature', 'true')
  await git(work, 'config', 'core.worktree', '/nonexistent')
  await writeFile(join(work, 'a.txt'), 'changed\n')
  const index = await readFile(join(work, '.git', 'index'))
  const changedMs = (await stat(join(work, '.git'))).mtimeMs
  expect(await ask(work)).toEqual(['1 changed file'])
  expect(await readFile(join(work, '.git', 'index'))).toEqual(index)
  expect((await stat(join(work, '.git'))).mtimeMs).toBe(changedMs)
  expect(await readdir(join(work, '..'))).not.toContain('canary')
})

test('where git gives no answer it is not known', async () => {
  const work = await clone()
  await writeFile(join(work, '.git', 'config'), '[broken')
  expect(await ask(work)).toBeUndefined()
  expect(await ask(join(work, 'nothing'))).toBeUndefined()
  await rm(join(work, '.git'), { recursive: true })
  expect(await ask(work)).toBeUndefined()
})
