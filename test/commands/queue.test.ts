import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { makeWorkplace, type Workplace } from './workplace.js'

interface Job {
  readonly state: string
  readonly result?: {
    readonly status: string
    readonly session?: string
    readonly error?: { readonly message: string }
  }
}

async function show(place: Workplace, id: string): Promise<Job> {
  return JSON.parse((await place.devorch(['show', id, '--json'])).stdout) as Job
}

async function settled(place: Workplace, id: string): Promise<Job> {
  return await vi.waitFor(
    async () => {
      const job = await show(place, id)
      // The result is there before the file is moved.
      expect(job.result).toBeDefined()
      expect(['done', 'failed']).toContain(job.state)
      return job
    },
    { timeout: 15_000, interval: 200 },
  )
}

test('submit drops a job file, or stdin, whole into the inbox; the daemon builds both', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const file = join(place.folder, 'job.yaml')
  await writeFile(file, `# mine\nproject_name: shop\nrepo_url: ${place.repository}\n`)
  const first = await place.devorch(['submit', file])
  const second = await place.devorch(['submit', '-', '--json'], {
    input: `project_name: till\nrepo_url: ${place.repository}\n`,
  })
  expect(first).toMatchObject({ code: 0, stderr: '' })
  expect(second).toMatchObject({ code: 0, stderr: '' })
  const ids = [first.stdout.trim(), (JSON.parse(second.stdout) as { job_id: string }).job_id]
  expect((await readdir(join(place.home, 'inbox'))).sort()).toEqual(ids.map((id) => `${id}.yaml`).sort())
  const dropped = await readFile(join(place.home, 'inbox', `${ids[0] ?? ''}.yaml`), 'utf8')
  expect(dropped.endsWith('\n...\n')).toBe(true)
  expect(parse(dropped)).toMatchObject({ project_name: 'shop', origin: { kind: 'cli' } })

  await place.serve()
  for (const id of ids) expect(await settled(place, id)).toMatchObject({ state: 'done', result: { status: 'created' } })
  const names = (await place.tmux.tmux('ls', '-F', '#{session_name}')).trim().split('\n').sort()
  expect(names).toEqual(['shop-dev', 'till-dev'])
  const listed = JSON.parse((await place.devorch(['jobs', '--state', 'done', '--json'])).stdout) as { job: string }[]
  expect(listed.map(({ job }) => job).sort()).toEqual([...ids].sort())
})

test.each([
  ['no YAML', 'project_name: [', /line 1/],
  [
    'an unknown field',
    'project_nam: shop\nrepo_url: https://example.com/a.git\n',
    /line 1, column 1: project_nam: unknown field; did you mean project_name\?/,
  ],
  [
    'a repository that is not allowed',
    'project_name: shop\nrepo_url: ssh://git@example.com/a.git\n',
    /repo_url: .*not allowed/,
  ],
  [
    'an unknown agent',
    'project_name: shop\nrepo_url: https://example.com/a.git\nagent: dog\n',
    /agent: .*"dog"; use claude, cat/,
  ],
])('submit of a file with %s is refused with the place, and drops nothing', async (_, text, why) => {
  const place = await makeWorkplace()
  await place.configure()
  const ended = await place.devorch(['submit', '-'], { input: text })
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toMatch(why)
  expect(await readdir(join(place.home, 'inbox')).catch(() => [])).toEqual([])
})

test('pause holds jobs back, visibly; cancel takes one out of the queue; retry drops it again; resume goes on', async () => {
  const place = await makeWorkplace()
  await place.serve()
  expect(await place.devorch(['pause'])).toMatchObject({ code: 0, stderr: '' })
  const input = `project_name: shop\nrepo_url: ${place.repository}\n`
  const id = (await place.devorch(['submit', '-'], { input })).stdout.trim()
  await vi.waitFor(
    async () => {
      expect((await place.devorch(['jobs'])).stdout).toMatch(new RegExp(`^${id} +queued +shop .*paused`, 'm'))
    },
    { timeout: 15_000, interval: 200 },
  )

  expect(await place.devorch(['cancel', id])).toMatchObject({ code: 0, stdout: `${id} cancelled\n`, stderr: '' })
  expect(await show(place, id)).toMatchObject({ state: 'failed', result: { status: 'cancelled' } })
  expect(await place.devorch(['cancel', id])).toMatchObject({ code: 1, stdout: '' })

  const retried = await place.devorch(['retry', id])
  expect(retried).toMatchObject({ code: 0, stderr: '' })
  const next = retried.stdout.trim()
  expect(next).not.toBe(id)
  expect(await show(place, next)).toMatchObject({ state: 'queued', retryOf: id, position: 1 })

  expect(await place.devorch(['resume'])).toMatchObject({ code: 0, stderr: '' })
  expect(await settled(place, next)).toMatchObject({ state: 'done', result: { session: 'shop-dev' } })
  // The record of the cancelled one stays.
  expect(await show(place, id)).toMatchObject({ state: 'failed' })
  expect((await place.devorch(['retry', next])).stderr).toContain('only a failed one is retried')
})

test('cancel stops a job that waits for its next attempt, and jobs tells why one failed', async () => {
  const place = await makeWorkplace()
  const daemon = await place.serve({ worker: { min_free_memory_mb: 0, attempts: 10 } })
  const submit = async (project: string, repository: string) =>
    (
      await place.devorch(['submit', '-'], { input: `project_name: ${project}\nrepo_url: ${repository}\n` })
    ).stdout.trim()
  const failing = await submit('till', join(place.folder, 'no-such-repository'))
  // Nothing listens on port 1, which may pass: tried again after 1 s, 4 s, 16 s, …
  const waiting = await submit('shop', 'http://127.0.0.1:1/shop.git')
  await vi.waitFor(
    () => {
      expect(daemon.log()).toContain('attempt failed, will be repeated')
    },
    { timeout: 15_000, interval: 100 },
  )
  expect(await place.devorch(['cancel', waiting])).toMatchObject({ code: 0, stdout: `${waiting} cancelled\n` })
  expect(await settled(place, failing)).toMatchObject({ state: 'failed', result: { status: 'failed' } })
  const jobs = await place.devorch(['jobs', '--state', 'failed'])
  expect(jobs.stdout).toMatch(new RegExp(`^${failing} +failed +till .*no-such-repository`, 'm'))
})

test('retry of a job whose record is no longer kept says so, beside a daemon that runs', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const input = `project_name: shop\nrepo_url: ${place.repository}\n`
  const ids: string[] = []
  for (let index = 0; index < 2; index += 1) {
    const id = (await place.devorch(['submit', '-'], { input })).stdout.trim()
    await place.devorch(['cancel', id])
    ids.push(id)
  }
  const [older = '', newer = ''] = ids
  await place.serve({ retention: { records: 1 } })
  await vi.waitFor(
    async () => {
      expect(await readdir(join(place.home, 'state', 'failed'))).toEqual([`${newer}.yaml`])
    },
    { timeout: 15_000, interval: 100 },
  )
  const ended = await place.devorch(['retry', older])
  expect(ended).toMatchObject({ code: 1, stdout: '' })
  expect(ended.stderr).toContain('there is no such job')
  expect(ended.stderr).toContain('retention in config.yaml')
  expect(await place.devorch(['retry', newer])).toMatchObject({ code: 0, stderr: '' })
})

test('an id that is none is refused', async () => {
  const place = await makeWorkplace()
  await place.configure()
  for (const command of ['retry', 'cancel']) {
    const ended = await place.devorch([command, '../../etc/passwd'])
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain('is not a job id')
  }
})

test('a file with a mistake ends in failed with the place, and the daemon goes on', async () => {
  const place = await makeWorkplace()
  await place.serve()
  await writeFile(join(place.home, 'inbox', 'bad.yaml'), 'project_name: shop\nbranch: 1.10\n...\n')
  await writeFile(join(place.home, 'inbox', 'good.yaml'), `project_name: shop\nrepo_url: ${place.repository}\n...\n`)
  await vi.waitFor(
    async () => {
      const jobs = JSON.parse((await place.devorch(['jobs', '--json'])).stdout) as { state: string; note: string }[]
      expect(jobs.map(({ state }) => state).sort()).toEqual(['done', 'failed'])
      expect(jobs.find(({ state }) => state === 'failed')?.note).toMatch(/line 2, column \d+: branch: .*"1\.10"/)
    },
    { timeout: 15_000, interval: 200 },
  )
})

test('jobs, beside the daemon, shows what it waits for and why, and what repeats an earlier job', async () => {
  const place = await makeWorkplace()
  await place.serve({ inbox: { quiet_ms: 600_000, rescan_ms: 100 } })
  const list = async () =>
    JSON.parse((await place.devorch(['jobs', '--json'])).stdout) as { job: string; state: string; note: string }[]
  const text = `project_name: shop\nrepo_url: ${place.repository}\nidempotency_key: monday\n`
  await writeFile(join(place.home, 'inbox', 'growing.yaml'), text)
  await writeFile(join(place.home, 'inbox', 'one.yaml'), `${text}...\n`)
  await vi.waitFor(
    async () => {
      expect((await list()).map(({ state }) => state).sort()).toEqual(['done', 'waiting'])
    },
    { timeout: 20_000, interval: 200 },
  )
  const [waiting, done] = await list()
  expect(waiting).toMatchObject({ job: 'growing.yaml', note: 'no end line `...`, so it may still be growing' })
  await writeFile(join(place.home, 'inbox', 'growing.yaml'), `${text}...\n`)
  await vi.waitFor(
    async () => {
      const repeated = (await list()).find(({ note }) => note.startsWith('duplicate'))
      expect(repeated?.note).toContain(
        `led to job ${done?.job ?? ''} before; to have it done again, give it another key`,
      )
    },
    { timeout: 20_000, interval: 200 },
  )
  expect((await place.tmux.tmux('ls', '-F', '#{session_name}')).trim()).toBe('shop-dev')
}, 60_000)
