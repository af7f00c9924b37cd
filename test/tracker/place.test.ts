import { execFile } from 'node:child_process'
import { lstat, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { placeTracker, readTracker } from '../../src/tracker/place.js'
import { git, makeRepository } from '../support/repositories.js'
import { temporaryFolder } from '../support/temporary.js'

async function workingCopy(): Promise<string> {
  return await makeRepository(join(await temporaryFolder(), 'app'), { 'a.txt': 'a' })
}

describe('placeTracker', () => {
  it('writes the text and keeps git from seeing it', async () => {
    const folder = await workingCopy()
    expect(await readTracker(folder)).toBeUndefined()
    const text = '# Ziel\r\n 🎯 \n'
    expect(await placeTracker(folder, text)).toBe('written')
    expect(await readTracker(folder)).toBe(text)
    expect(await git(folder, 'status', '--porcelain')).toBe('')
    expect((await lstat(join(folder, 'PROGRESS_TRACKER.md'))).mode & 0o777).toBe(0o644)
  })

  it('never overwrites', async () => {
    const folder = await workingCopy()
    await writeFile(join(folder, 'PROGRESS_TRACKER.md'), 'mine')
    expect(await placeTracker(folder, 'yours')).toBe('kept-existing')
    expect(await readTracker(folder)).toBe('mine')
    expect(await readdir(join(folder, '.git'))).not.toContain('info')
  })

  it('adds its line to what is excluded already, once', async () => {
    const folder = await workingCopy()
    const exclude = join(folder, '.git', 'info', 'exclude')
    await mkdir(join(folder, '.git', 'info'))
    await writeFile(exclude, '# mine\n*.log')
    for (const text of ['once', 'twice']) {
      expect(await placeTracker(folder, text)).toBe('written')
      expect(await readFile(exclude, 'utf8')).toBe('# mine\n*.log\nPROGRESS_TRACKER.md\n')
      await rm(join(folder, 'PROGRESS_TRACKER.md'))
    }
  })

  it.each(['/nonexistent/x', 'target'])('neither writes through nor reads a link to %s', async (target) => {
    const folder = await workingCopy()
    const outside = join(folder, '..', 'target')
    await writeFile(outside, 'outside')
    await symlink(target === 'target' ? outside : target, join(folder, 'PROGRESS_TRACKER.md'))
    expect(await placeTracker(folder, 'evil')).toBe('kept-existing')
    expect(await readFile(outside, 'utf8')).toBe('outside')
    expect(await readTracker(folder)).toBeUndefined()
  })

  it.each(['.git', 'info', 'exclude'])('refuses where %s is a link, and writes nothing', async (which) => {
    const folder = await workingCopy()
    const outside = join(folder, '..', 'outside')
    await mkdir(outside)
    await writeFile(join(outside, 'exclude'), '')
    const info = join(folder, '.git', 'info')
    if (which === '.git') {
      await rm(join(folder, '.git'), { recursive: true })
      await symlink(outside, join(folder, '.git'))
    } else if (which === 'info') {
      await symlink(outside, info)
    } else {
      await mkdir(info)
      await symlink(join(outside, 'exclude'), join(info, 'exclude'))
    }
    await expect(placeTracker(folder, 'x')).rejects.toMatchObject({ name: 'Problem' })
    expect(await readdir(folder)).not.toContain('PROGRESS_TRACKER.md')
    expect(await readdir(outside)).toEqual(['exclude'])
    expect(await readFile(join(outside, 'exclude'), 'utf8')).toBe('')
  })

  it('leaves the repository that a worktree belongs to alone', async () => {
    const folder = await workingCopy()
    const worktree = `${folder}-tree`
    await git(folder, 'worktree', 'add', '--quiet', worktree)
    expect(await placeTracker(worktree, 'x')).toBe('written')
    expect(await readdir(join(folder, '.git'))).not.toContain('info')
  })
})

describe('readTracker', () => {
  it('does not read what is too large, a folder or a named pipe', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'PROGRESS_TRACKER.md')
    await writeFile(path, 'x'.repeat(1024 * 1024 + 1))
    expect(await readTracker(folder)).toBeUndefined()
    await rm(path)
    await mkdir(path)
    expect(await readTracker(folder)).toBeUndefined()
    await rm(path, { recursive: true })
    await promisify(execFile)('mkfifo', [path], { timeout: 5000 })
    expect(await readTracker(folder)).toBeUndefined()
  })
})
