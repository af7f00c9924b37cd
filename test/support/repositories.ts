import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** Runs git as a person who has configured nothing, and gives what it printed. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await exec('git', [...args], {
    cwd: folder,
    timeout: 20_000,
    maxBuffer: 32 * 1024 * 1024,
    env: {
      PATH: process.env['PATH'],
      HOME: '/nonexistent',
      TMPDIR: process.env['TMPDIR'],
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_AUTHOR_NAME: 'Test',
      GIT_AUTHOR_EMAIL: 'test@example.com',
      GIT_COMMITTER_NAME: 'Test',
      GIT_COMMITTER_EMAIL: 'test@example.com',
    },
  })
  return stdout.trim()
}

/** Writes the files (contents by path) into a repository and commits them; gives the commit. */
export async function commitFiles(folder: string, files: Readonly<Record<string, string>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  await git(folder, 'add', '--all', '--force')
  await git(folder, 'commit', '--quiet', '--allow-empty', '--message', 'Change')
  return await git(folder, 'rev-parse', 'HEAD')
}

/** Makes a repository with one commit on `main`; with no files, one without a commit. Gives its folder. */
export async function makeRepository(folder: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  await mkdir(folder, { recursive: true })
  await git(folder, 'init', '--quiet', '--template=', '--initial-branch=main')
  if (Object.keys(files).length > 0) await commitFiles(folder, files)
  return folder
}

/** The same as a bare repository, such as a server has; `<folder>.work` is a working copy that pushes to it. */
export async function makeBareRepository(
  folder: string,
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly bare: string; readonly work: string }> {
  const work = await makeRepository(`${folder}.work`, files)
  await git(dirname(folder), 'clone', '--quiet', '--bare', '--template=', work, folder)
  await git(work, 'remote', 'add', 'origin', folder)
  return { bare: folder, work }
}
