import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { git, makeBareRepository } from '../support/repositories.js'
import { watchCommandLines } from './command-lines.js'
import { startLab, type LabOptions } from './lab.js'

const cat: LabOptions['config'] = {
  default_agent: 'cat',
  agents: { cat: { kind: 'command', command: ['cat'] } },
  watch: 'off',
}
const startCatLab = () => startLab(() => ({ config: cat }))

/** The files of a working copy without git's own, sorted. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('.git/'))
    .sort()
}

describe('an empty repository', () => {
  test.each([
    ['a hint', { template_hint: 'python-fastapi' }, 'python-fastapi', 'hint'],
    ['a word of the summary', { requirements_summary: 'A small react dashboard' }, 'react-typescript', 'rule'],
    ['nothing at all', {}, 'generic-starter', 'fallback'],
  ])('gets the whole template that %s chooses, and its tracker', async (_, fields, id, by) => {
    const lab = await startCatLab()
    await makeBareRepository(join(lab.served, 'app.git'))
    const job = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git`, ...fields })
    expect(job.result).toMatchObject({
      status: 'created',
      commit: null,
      template: { id, by },
      tracker: { from: 'template' },
    })
    const folder = join(lab.projects, 'app')
    const created = job.result?.template?.created ?? []
    expect(created).toContain('README.md')
    expect(await filesOf(folder)).toEqual([...created, 'PROGRESS_TRACKER.md'].sort())
    expect(await readFile(join(folder, 'PROGRESS_TRACKER.md'), 'utf8')).toContain('app')
    expect(await git(folder, 'remote', 'get-url', 'origin')).toBe(`${lab.git.url}/app.git`)
    // The tracker is the session's own, not the repository's.
    expect(await git(folder, 'status', '--porcelain')).not.toContain('PROGRESS_TRACKER.md')
  })
})

describe('a repository with content', () => {
  const content = { 'README.md': '# Theirs\n', 'src/own.py': 'x = 1\n' }

  test('without a hint gets nothing but the tracker', async () => {
    const lab = await startCatLab()
    await makeBareRepository(join(lab.served, 'app.git'), content)
    const job = await lab.build({
      project_name: 'app',
      repo_url: `${lab.git.url}/app.git`,
      requirements_summary: 'A fastapi service',
    })
    const folder = join(lab.projects, 'app')
    expect(job.result).toMatchObject({ status: 'created', branch: 'main', tracker: { from: 'composed' } })
    expect(job.result?.template).toBeUndefined()
    expect(await filesOf(folder)).toEqual(['PROGRESS_TRACKER.md', ...Object.keys(content)])
    expect(await git(folder, 'status', '--porcelain')).toBe('')
    expect(await git(folder, 'rev-parse', 'HEAD', '@{upstream}')).toBe(
      [job.result?.commit, job.result?.commit].join('\n'),
    )
    expect(await readFile(join(folder, 'PROGRESS_TRACKER.md'), 'utf8')).toContain('A fastapi service')
  })

  test('with a hint gets only what is missing', async () => {
    const lab = await startCatLab()
    await makeBareRepository(join(lab.served, 'app.git'), content)
    const hint = { template_hint: 'python-fastapi' }
    const job = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git`, ...hint })
    const folder = join(lab.projects, 'app')
    const { created, skipped } = job.result?.template ?? { created: [], skipped: [] }
    expect(job.result).toMatchObject({ status: 'created', template: { id: 'python-fastapi', by: 'hint' } })
    expect(skipped.join()).toContain('README.md')
    expect(created).toContain('pyproject.toml')
    expect(created).not.toContain('README.md')
    for (const [path, text] of Object.entries(content)) expect(await readFile(join(folder, path), 'utf8')).toBe(text)
    const changed = (await git(folder, 'status', '--porcelain', '--untracked-files=all')).split('\n')
    expect(changed.map((line) => line.replace('?? ', '')).sort()).toEqual([...created].sort())
  })

  test('of 2,000 files stands whole, and its session', async () => {
    const lab = await startCatLab()
    const files = Object.fromEntries(
      Array.from({ length: 2000 }, (_, index) => [
        `part-${(index % 50).toString()}/${index.toString()}.txt`,
        `${(index * 7919).toString(36)}\n`.repeat(20),
      ]),
    )
    await makeBareRepository(join(lab.served, 'app.git'), files)
    const job = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git` })
    expect(job.result).toMatchObject({ status: 'created' })
    const folder = join(lab.projects, 'app')
    expect(await filesOf(folder)).toHaveLength(2001)
    expect(await git(folder, 'status', '--porcelain')).toBe('')
    const folders = () => lab.tmux.tmux('list-panes', '-s', '-t', '=app-dev:', '-F', '#{pane_current_path}')
    await expect.poll(folders).toBe(`${folder}\n`.repeat(4))
    const again = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git` })
    expect(again.result).toMatchObject({ status: 'existing' })
  })
})

test('a private repository is cloned with a token that nobody else gets to see', async () => {
  const token = 'ghp_e2e0123456789abcdefghijklmnopqrstuvwx'
  const configure = ({ folder, url }: { folder: string; url: string }): LabOptions => ({
    config: {
      ...cat,
      repositories: {
        protocols: ['http'],
        private_addresses: true,
        credentials: { [new URL(url).host]: { token_file: join(folder, 'git-token') } },
      },
    },
  })
  const lab = await startLab(configure, { user: 'x-access-token', password: token })
  await writeFile(join(lab.folder, 'git-token'), `${token}\n`, { mode: 0o600 })
  await makeBareRepository(join(lab.served, 'app.git'), { 'README.md': '# Private\n' })
  const watch = watchCommandLines()
  const job = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git` })
  const known = await lab.build({ project_name: 'app-2', repo_url: `${lab.git.url}/app.git` })
  const lines = await watch.end()
  expect([job.result?.status, known.result?.status]).toEqual(['created', 'created'])
  expect(await readFile(join(lab.projects, 'app', 'README.md'), 'utf8')).toBe('# Private\n')
  expect(lines.some((line) => line.endsWith('main.js serve'))).toBe(true)
  const encoded = Buffer.from(`x-access-token:${token}`).toString('base64')
  for (const hidden of [token, encoded]) {
    for (const line of lines) expect(line).not.toContain(hidden)
    for (const folder of [lab.base, lab.projects]) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        if (entry.isFile()) expect((await readFile(path)).includes(hidden), path).toBe(false)
      }
    }
  }
  await writeFile(join(lab.folder, 'git-token'), 'ghp_wrong')
  const refused = await lab.build({ project_name: 'app-3', repo_url: `${lab.git.url}/app.git` })
  expect(refused.state).toBe('failed')
  expect(refused.result?.error?.message).toContain('needs authentication')
  expect(await readdir(lab.projects)).toEqual(['app', 'app-2'])
})

test('any other program as the agent is given the path of the tracker', async () => {
  const lab = await startLab(() => ({
    config: {
      default_agent: 'reader',
      agents: { reader: { kind: 'command', command: ['tail', '-n', '+1', '-f', '{{ tracker }}'] } },
    },
  }))
  await makeBareRepository(join(lab.served, 'app.git'), { 'README.md': '# App\n' })
  const tracker = '# Read by another agent\n\n- [ ] one\n'
  const job = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git`, tracker })
  expect(job.result).toMatchObject({ status: 'created', agent: { event: 'started' } })
  await lab.until('app-dev', 'the tracker', async () =>
    (await lab.screen('app-dev', 'agent')).includes('# Read by another agent'),
  )
  expect((await lab.session('app-dev'))?.agent.status).toBe('working')
})

test('a session of that name which a person made is left alone, and the clone is given up', async () => {
  const lab = await startCatLab()
  await makeBareRepository(join(lab.served, 'app.git'), { 'README.md': '# App\n' })
  await lab.tmux.tmux('new-session', '-d', '-s', 'app-dev', 'cat')
  const job = await lab.build({ project_name: 'app', repo_url: `${lab.git.url}/app.git` })
  expect(job.state).toBe('failed')
  expect(job.result?.error?.message).toContain('which dev-orchestrator did not make')
  expect(await readdir(lab.projects)).toEqual([])
  expect(await lab.session('app-dev')).toBeUndefined()
  expect((await lab.tmux.tmux('list-panes', '-a', '-F', '#{session_name}')).trim()).toBe('app-dev')
})
