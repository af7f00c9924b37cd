import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { inspectWorkingCopy } from '../../src/repo/working-copy.js'
import { git, makeRepository } from '../support/repositories.js'
import { labTools, repositoryAt } from '../support/repository-tools.js'
import { temporaryFolder } from '../support/temporary.js'

const app = repositoryAt('https://github.com/acme/app.git')

async function look(folder: string) {
  return await inspectWorkingCopy(folder, app, labTools(folder))
}

describe('inspectWorkingCopy', () => {
  it('tells nothing, an empty folder and something else apart', async () => {
    const folder = await temporaryFolder()
    // A repository around the folder is not one in it.
    await makeRepository(folder, { 'a.txt': 'a' })
    await git(folder, 'remote', 'add', 'origin', 'https://github.com/acme/app')
    expect(await look(join(folder, 'absent'))).toEqual({ kind: 'absent' })
    await mkdir(join(folder, 'empty'))
    expect(await look(join(folder, 'empty'))).toEqual({ kind: 'empty-folder' })
    await mkdir(join(folder, 'full'))
    await writeFile(join(folder, 'full', 'notes.txt'), 'x')
    expect(await look(join(folder, 'full'))).toEqual({ kind: 'not-git' })
    await mkdir(join(folder, 'full', '.git'))
    expect(await look(join(folder, 'full'))).toEqual({ kind: 'not-git' })
    expect(await look(join(folder, 'a.txt'))).toEqual({ kind: 'not-git' })
    await symlink('/nonexistent', join(folder, 'dangling'))
    expect(await look(join(folder, 'dangling'))).toEqual({ kind: 'not-git' })
  })

  it('knows the repository by any spelling of its origin', async () => {
    const folder = await makeRepository(join(await temporaryFolder(), 'app'), { 'a.txt': 'a' })
    const commit = await git(folder, 'rev-parse', 'HEAD')
    await git(folder, 'remote', 'add', 'fork', 'https://github.com/fork/app')
    for (const url of ['https://github.com/Acme/App', 'git@github.com:acme/app.git', 'ssh://git@github.com/acme/app']) {
      await git(folder, 'remote', 'add', 'origin', url)
      expect(await look(folder)).toEqual({ kind: 'same', commit, branch: 'main' })
      await git(folder, 'remote', 'remove', 'origin')
    }
    await symlink(folder, `${folder}-link`)
    await git(folder, 'remote', 'add', 'other', 'https://github.com/acme/app')
    await git(folder, 'checkout', '--quiet', '--detach')
    expect(await look(`${folder}-link`)).toEqual({ kind: 'same', commit, branch: null })
    await rm(`${folder}-link`)
  })

  it('gives null for what an empty repository does not have', async () => {
    const folder = await makeRepository(join(await temporaryFolder(), 'app'))
    await git(folder, 'remote', 'add', 'origin', app.url)
    expect(await look(folder)).toEqual({ kind: 'same', commit: null, branch: 'main' })
  })

  it('names another repository without its secrets', async () => {
    const folder = await makeRepository(join(await temporaryFolder(), 'app'), { 'a.txt': 'a' })
    expect(await look(folder)).toEqual({ kind: 'other', repository: 'a repository without a remote' })
    await git(folder, 'remote', 'add', 'upstream', app.url)
    await git(folder, 'remote', 'add', 'origin', 'https://me:hunter2@github.com/fork/app\u0007')
    expect(await look(folder)).toEqual({
      kind: 'other',
      repository: 'https://[redacted]@github.com/fork/app\\u0007',
    })
  })
})
