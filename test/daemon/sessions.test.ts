import { createHmac } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { httpCall } from '../support/http-call.js'
import { makeRepository } from '../support/repositories.js'
import { createAndWait, get, makeLab, panesOf, sessionNames, type Lab } from './lab.js'

const roles = (panes: readonly string[]) => panes.map((pane) => pane.split(' ')[3])

/** What is in a folder, by path. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile())
      found[join(entry.parentPath, entry.name)] = await readFile(join(entry.parentPath, entry.name), 'utf8')
  }
  return found
}

describe('a job becomes a session', () => {
  it('the same by a signed webhook and by a file dropped by hand', async () => {
    const lab = await makeLab()
    const secret = 'a-secret-of-the-webhook'
    const daemon = await lab.start({ auth: { github_secrets: [secret], tokens: ['a-token'] } })
    const body = JSON.stringify({ project_name: 'by-webhook', repo_url: lab.repository, tracker: '# Plan\n' })
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': signature, prefer: 'wait=20' }
    const answer = await httpCall(`${daemon.url}/create-session`, { body, headers })
    expect(answer).toMatchObject({ status: 200, json: { status: 'success', session: 'by-webhook-dev' } })

    const file = join(lab.folder, 'job.yaml')
    await writeFile(file, `# by hand\nproject_name: by-hand\nrepo_url: ${lab.repository}\ntracker: |\n  # Plan\n`)
    await copyFile(file, join(lab.home.inbox, 'job.yaml'))
    const jobs = await lab.settled(2)
    expect(jobs.map((job) => (job['result'] as { status: string }).status)).toEqual(['created', 'created'])
    expect(await sessionNames(lab)).toEqual(['by-hand-dev', 'by-webhook-dev'])
    for (const name of ['by-hand', 'by-webhook']) {
      const panes = await panesOf(lab, `${name}-dev`)
      expect(roles(panes)).toEqual(['agent', 'terminal', 'files', 'apps'])
      expect(panes.every((pane) => pane.endsWith(` 0 ${join(lab.projects, name)}`))).toBe(true)
      expect(await readFile(join(lab.projects, name, 'PROGRESS_TRACKER.md'), 'utf8')).toBe('# Plan\n')
      expect(await readFile(join(lab.projects, name, 'README.md'), 'utf8')).toBe('# Shop\n')
    }
    expect(await readdir(lab.home.inbox)).toEqual([])
    const [kept] = (await readdir(lab.home.done)).filter((name) => name.includes('-job-'))
    expect(await readFile(join(lab.home.done, kept ?? ''), 'utf8')).toMatch(/^# by hand\n/)
  })

  it('and a broken file fails with its place and remedy, while the daemon goes on', async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    await lab.drop('broken.yaml', `project_name: shop\nrepo_url: ${lab.repository}\nbranch: 1.10\nagnet: cat\n...\n`)
    await lab.drop('torn.yaml', 'project_name: "shop\n...\n')
    await lab.drop('noise.yaml', '\u0000\u0001')
    await lab.settled(3)
    const messages = (await lab.jobs('failed')).map((job) => [
      String(job['file']),
      (job['result'] as { error: { message: string } }).error.message,
    ])
    const byFile = Object.fromEntries(messages) as Record<string, string>
    expect(byFile['broken.yaml']).toMatch(/line 3, column \d+: branch: .*; .*1\.10/)
    expect(byFile['broken.yaml']).toMatch(/line 4, column 1: agnet: unknown field; did you mean agent\?/)
    expect(byFile['torn.yaml']).toMatch(/line \d+, column \d+: .*YAML/)
    expect(byFile['noise.yaml']).toContain('NUL')
    const raw = (await readdir(lab.home.failed)).filter((name) => name.endsWith('.raw'))
    expect(raw).toHaveLength(3)
    expect(await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })).toMatchObject({
      status: 200,
    })
  })

  it('or fails with the reason, which the waiting caller and GET /jobs tell', async () => {
    const lab = await makeLab()
    const daemon = await lab.start({ worker: { attempts: 1, min_free_memory_mb: 0 } })
    const answer = await createAndWait(daemon, { project_name: 'shop', repo_url: join(lab.folder, 'nothing-here') })
    expect(answer).toMatchObject({ status: 500, json: { status: 'error' } })
    const { job_id: id, message } = answer.json as { job_id: string; message: string }
    expect(message).toMatch(/^clone .*; /)
    expect(await get(daemon, `/jobs/${id}`)).toMatchObject({
      json: { state: 'failed', result: { status: 'failed', error: { message } } },
    })
    expect(await readdir(lab.projects)).toEqual([])
    expect(await sessionNames(lab)).toEqual([])
  })
})

describe('DELETE /sessions/:name', () => {
  it('removes the session and moves its working copy to the trash', async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
    const before = await contents(join(lab.projects, 'shop'))
    const place = join(lab.projects, 'shop')
    const answer = await httpCall(`${daemon.url}/sessions/shop-dev`, {
      method: 'DELETE',
      headers: { prefer: 'wait=20' },
    })
    expect(answer).toMatchObject({ status: 200, json: { status: 'success', session: 'shop-dev' } })
    expect(await sessionNames(lab)).toEqual([])
    expect(await get(daemon, '/sessions/shop-dev')).toMatchObject({ status: 404 })
    expect(await get(daemon, '/sessions')).toMatchObject({ json: { sessions: [] } })
    const { moved_to: moved } = (answer.json as { job: { result: { moved_to: string } } }).job.result
    const after = Object.entries(before).map(([path, text]) => [path.replace(place, moved), text])
    expect(await contents(moved)).toEqual(Object.fromEntries(after))
    const again = await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
    expect(again).toMatchObject({ status: 200, json: { job: { result: { status: 'created', reused: false } } } })
  })
})

describe('what stands already', () => {
  async function failure(lab: Lab, url: string, job: Record<string, unknown>): Promise<string> {
    const answer = await createAndWait({ url }, job)
    expect(answer.status).toBe(500)
    expect(await lab.jobs('failed')).toHaveLength(1)
    return (answer.json as { message: string }).message
  }

  it('is named where project and repository are the same, and nothing is touched', async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    const job = { project_name: 'shop', repo_url: lab.repository }
    await createAndWait(daemon, job)
    await writeFile(join(lab.projects, 'shop', 'mine.txt'), 'mine')
    const before = [await contents(join(lab.projects, 'shop')), await panesOf(lab, 'shop-dev')]
    for (const url of [lab.repository, `file://${lab.repository}`]) {
      const answer = await createAndWait(daemon, { ...job, repo_url: url, tracker: 'another' })
      expect(answer).toMatchObject({ status: 200, json: { job: { state: 'done', result: { status: 'existing' } } } })
    }
    expect([await contents(join(lab.projects, 'shop')), await panesOf(lab, 'shop-dev')]).toEqual(before)
  })

  it('is the reason to fail where the repository is another one', async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    const other = await makeRepository(join(lab.folder, 'other'), { 'a.txt': 'a' })
    await createAndWait(daemon, { project_name: 'shop', repo_url: lab.repository })
    const before = [await contents(join(lab.projects, 'shop')), await panesOf(lab, 'shop-dev')]
    const message = await failure(lab, daemon.url, { project_name: 'shop', repo_url: other })
    expect(message).toMatch(/stands already, with the repository .*origin; choose another project_name/)
    expect([await contents(join(lab.projects, 'shop')), await panesOf(lab, 'shop-dev')]).toEqual(before)
  })

  it('is the reason to fail where the names of two projects meet', async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    await createAndWait(daemon, { project_name: 'a.b', repo_url: lab.repository })
    const before = await panesOf(lab, 'a-b-dev')
    const message = await failure(lab, daemon.url, { project_name: 'a-b', repo_url: lab.repository })
    expect(message).toMatch(/the project a\.b has a session of that name already; choose a project_name/)
    expect(await panesOf(lab, 'a-b-dev')).toEqual(before)
    expect(await readdir(lab.projects)).toEqual(['a.b'])
  })

  it("is left alone where it is a person's own session", async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', '-c', lab.folder, 'cat')
    const before = await panesOf(lab, 'shop-dev')
    const message = await failure(lab, daemon.url, { project_name: 'shop', repo_url: lab.repository })
    expect(message).toMatch(/a tmux session of that name stands which dev-orchestrator did not make/)
    expect(await panesOf(lab, 'shop-dev')).toEqual(before)
    expect(await get(daemon, '/sessions')).toMatchObject({ json: { sessions: [] } })
    const rm = await httpCall(`${daemon.url}/sessions/shop-dev`, { method: 'DELETE' })
    expect(rm.status).toBe(404)
  })

  it("is left alone where a person's files are in the project's place", async () => {
    const lab = await makeLab()
    const daemon = await lab.start()
    const place = join(lab.projects, 'shop')
    await mkdir(join(place, 'src'), { recursive: true })
    await writeFile(join(place, 'src', 'thesis.txt'), 'years of work')
    const before = await contents(place)
    const message = await failure(lab, daemon.url, { project_name: 'shop', repo_url: lab.repository })
    expect(message).toMatch(/that place is taken: .*; choose another project_name, or move that folder away/)
    expect(await contents(place)).toEqual(before)
    expect(await readdir(lab.projects)).toEqual(['shop'])
    expect(await sessionNames(lab)).toEqual([])
  })
})
