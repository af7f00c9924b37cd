import { appendFile, copyFile, link, lstat, mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { maxJobFileBytes } from '../../src/job/folders.js'
import { createSpool } from '../../src/job/spool.js'
import { childEnvironment, run } from '../../src/support/process.js'
import { allFiles, created, failure, httpOrigin, jobText, makeFolders, makeJob } from './place.js'

const idShape = /^\d{8}T\d{9}Z-[a-z0-9-]+-[0-9a-f]{16}$/

describe('a job of our own', () => {
  it('goes from the inbox to done, in one place at a time', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const id = await spool.drop(makeJob('test-app', { tracker: 'one\r\ntwo\n' }), httpOrigin)
    expect(await allFiles(folders)).toEqual([`inbox/${id}.yaml`])
    expect(await spool.find(id)).toMatchObject({ state: 'queued', attempts: 0, origin: httpOrigin })
    expect(await spool.list('queued')).toEqual([id])

    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    expect(claim.record).toMatchObject({ id, attempts: 1, job: { tracker: 'one\r\ntwo\n' }, origin: httpOrigin })
    expect(await allFiles(folders)).toEqual([`active/${id}.yaml`])
    expect(await spool.find(id)).toMatchObject({ state: 'active', attempts: 1 })

    const second = await spool.beginAttempt(claim.record)
    expect(await spool.find(id)).toMatchObject({ state: 'active', attempts: 2 })

    await spool.settle(second, created)
    expect(await allFiles(folders)).toEqual([`done/${id}.yaml`])
    expect(await spool.find(id)).toMatchObject({ id, state: 'done', attempts: 2, result: created })
    expect((await readFile(join(folders.done, `${id}.yaml`), 'utf8')).endsWith('\n...\n')).toBe(true)
  })

  it('that fails rests in failed', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const id = await spool.drop(makeJob(), httpOrigin)
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await spool.settle(claim.record, failure)
    expect(await allFiles(folders)).toEqual([`failed/${id}.yaml`])
    expect(await spool.find(id)).toMatchObject({ state: 'failed', result: failure })
  })

  it('is not settled over a record that stands there already, nor once someone took its file', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const id = await spool.drop(makeJob(), httpOrigin)
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await writeFile(join(folders.done, `${id}.yaml`), 'precious')
    await expect(spool.settle(claim.record, created)).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await readFile(join(folders.done, `${id}.yaml`), 'utf8')).toBe('precious')
    await rename(join(folders.active, `${id}.yaml`), join(folders.active, 'elsewhere'))
    await expect(spool.settle(claim.record, created)).rejects.toThrow('leave the files in state/active alone')
  })

  it('is listed newest first', async () => {
    const folders = await makeFolders()
    let ms = Date.UTC(2026, 10, 22)
    const spool = createSpool(folders, () => new Date((ms += 1000)))
    const ids = [await spool.drop(makeJob('b'), httpOrigin), await spool.drop(makeJob('a'), httpOrigin)]
    await writeFile(join(folders.inbox, 'by-hand.yaml'), jobText)
    expect(await spool.list('queued')).toEqual(ids.reverse())
  })
})

describe('a dropped file', () => {
  it('becomes a job whose file keeps the comments', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    await writeFile(join(folders.inbox, 'my job.yml'), `# for Monday\n${jobText}`)
    const claim = await spool.claim('my job.yml')
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    expect(claim.record.id).toMatch(/-my-job-/)
    expect(claim.record).toMatchObject({
      file: 'my job.yml',
      origin: { kind: 'file', address: 'my job.yml', trusted: true },
    })
    expect(await readFile(join(folders.active, `${claim.record.id}.yaml`), 'utf8')).toMatch(/^# for Monday\n/)
  })

  it('that a writer still holds does not change any more', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const path = join(folders.inbox, 'a.yaml')
    await writeFile(path, jobText)
    const writer = await open(path, 'a')
    const claim = await spool.claim('a.yaml')
    await writer.write('branch: evil\n')
    await writer.close()
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    expect((await spool.find(claim.record.id))?.job).toEqual(makeJob())
    expect(await allFiles(folders)).toEqual([`active/${claim.record.id}.yaml`])
  })

  it('is taken by one of two', async () => {
    const folders = await makeFolders()
    const spools = Array.from({ length: 8 }, () => createSpool(folders))
    for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) {
      await writeFile(join(folders.inbox, name), jobText)
      const claims = await Promise.all(spools.map((spool) => spool.claim(name)))
      expect(claims.filter((claim) => claim.kind === 'claimed')).toHaveLength(1)
      expect(claims.filter((claim) => claim.kind === 'lost')).toHaveLength(7)
    }
    expect(await allFiles(folders)).toHaveLength(3)
  })

  it.each([
    ['a line break', 'a\nb.yaml'],
    ['an escape sequence', '\u001b[2J\u202e.yaml'],
    ['255 bytes', `${'é'.repeat(125)}.yaml`],
    ['spaces and quotes', ` "x" 'y' $(touch z) #{q}.yaml`],
    ['the mark of a claim', '20261122T210431123Z-a-01234567.claimed.x.yaml'],
    ['a dash at the start', '--help.yaml'],
  ])('may have an odd name: %s', async (_what, name) => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    await writeFile(join(folders.inbox, name), jobText)
    const claim = await spool.claim(name)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    expect(claim.record.id).toMatch(idShape)
    expect(claim.record.file).toMatch(/^[^\p{Cc}\u202e]+$/u)
    expect(await allFiles(folders)).toEqual([`active/${claim.record.id}.yaml`])
    expect(await spool.find(claim.record.id)).toMatchObject({ file: claim.record.file })

    await writeFile(join(folders.inbox, name), 'project_name: 1\n')
    const rejected = await spool.claim(name)
    if (rejected.kind !== 'rejected') throw new Error(rejected.kind)
    expect(await spool.find(rejected.id)).toMatchObject({ state: 'failed', job: null })
  })

  it('that is no valid job rests as it came, beside the reason', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const text = 'project_name: a\nrepo_url: https://example.com/a.git\nbranch: 1.10\n'
    await writeFile(join(folders.inbox, 'a.yaml'), text)
    const claim = await spool.claim('a.yaml')
    if (claim.kind !== 'rejected') throw new Error(claim.kind)
    expect(await allFiles(folders)).toEqual([`failed/${claim.id}.raw`, `failed/${claim.id}.yaml`])
    expect(await readFile(join(folders.failed, `${claim.id}.raw`), 'utf8')).toBe(text)
    const view = await spool.find(claim.id)
    expect(view).toMatchObject({
      state: 'failed',
      job: null,
      file: 'a.yaml',
      result: { status: 'failed', error: { field: 'branch' } },
    })
    expect(JSON.stringify(view?.result)).toContain('line 3, column 1: branch: must be text, got 1.10; quote it')
    expect(await spool.list('failed')).toEqual([claim.id])
  })

  it.each<[string, (path: string) => Promise<unknown>, string]>([
    ['a link', (path) => symlink('/etc/passwd', path), 'is a symbolic link; drop a plain file'],
    ['a dangling link', (path) => symlink('/nowhere', path), 'is a symbolic link; drop a plain file'],
    [
      'a pipe',
      (path) => run('mkfifo', [path], { env: childEnvironment(process.env), timeoutMs: 5000 }),
      'is a named pipe',
    ],
    ['a folder', (path) => mkdir(path), 'is a folder'],
    [
      'a large file',
      (path) => writeFile(path, 'x'.repeat(5_000_000)),
      `is 5000000 bytes, more than ${maxJobFileBytes.toString()}`,
    ],
    ['an empty file', (path) => writeFile(path, ''), 'must be a group of fields'],
  ])('%s is refused and kept', async (_what, make, because) => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    await make(join(folders.inbox, 'odd.yaml'))
    const before = await lstat(join(folders.inbox, 'odd.yaml'))
    const claim = await spool.claim('odd.yaml')
    if (claim.kind !== 'rejected') throw new Error(claim.kind)
    expect((await lstat(join(folders.failed, `${claim.id}.raw`))).ino).toBe(before.ino)
    expect((await spool.find(claim.id))?.result).toMatchObject({
      error: { message: expect.stringContaining(because) as string },
    })
    expect(await allFiles(folders)).toEqual([`failed/${claim.id}.raw`, `failed/${claim.id}.yaml`])
  })

  it('may be a second name of a file elsewhere, which stays as it is', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const elsewhere = join(folders.inbox, '.mine')
    await writeFile(elsewhere, jobText)
    await link(elsewhere, join(folders.inbox, 'a.yaml'))
    const claim = await spool.claim('a.yaml')
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await appendFile(elsewhere, 'branch: evil\n')
    await spool.settle(claim.record, created)
    expect((await spool.find(claim.record.id))?.job).toEqual(makeJob())
    expect(await readFile(elsewhere, 'utf8')).toBe(`${jobText}branch: evil\n`)
  })

  it('is back in the inbox where its claim fails, and nothing else is left', async () => {
    const folders = await makeFolders()
    await writeFile(join(folders.inbox, 'a.yaml'), jobText)
    let calls = 0
    const broken = createSpool(folders, () => {
      calls += 1
      if (calls > 1) throw new Error('no clock')
      return new Date()
    })
    await expect(broken.claim('a.yaml')).rejects.toThrow('no clock')
    expect(await allFiles(folders)).toEqual(['inbox/a.yaml'])
    expect(await createSpool(folders).claim('a.yaml')).toMatchObject({ kind: 'claimed' })
  })
})

describe('an earlier record', () => {
  async function failedJob() {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const id = await spool.drop(makeJob(), { ...httpOrigin, trusted: false })
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await spool.settle(await spool.beginAttempt(claim.record), failure)
    return { folders, spool, id, path: join(folders.failed, `${id}.yaml`) }
  }

  it.each(['moved', 'copied'])('%s back into the inbox begins a new job', async (how) => {
    const { folders, spool, id, path } = await failedJob()
    await (how === 'moved' ? rename : copyFile)(path, join(folders.inbox, `${id}.yaml`))
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    expect(claim.record.id).not.toBe(id)
    expect(claim.record.id).toMatch(/^\d{8}T\d{9}Z-a-[0-9a-f]{16}$/)
    expect(claim.record).toMatchObject({ retryOf: id, attempts: 1, result: undefined, origin: { trusted: false } })
    await spool.settle(claim.record, created)
    const earlier = how === 'copied' ? [`failed/${id}.yaml`] : []
    expect(await allFiles(folders)).toEqual([`done/${claim.record.id}.yaml`, ...earlier])
  })

  it('under another name begins a new job too', async () => {
    const { folders, spool, id, path } = await failedJob()
    await rename(path, join(folders.inbox, 'again.yaml'))
    expect(await spool.claim('again.yaml')).toMatchObject({
      kind: 'claimed',
      record: { retryOf: id, attempts: 1, file: 'again.yaml' },
    })
  })

  it('of a file that was refused does not replace that file when it is put back', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    await writeFile(join(folders.inbox, 'a.yaml'), 'hello')
    const first = await spool.claim('a.yaml')
    if (first.kind !== 'rejected') throw new Error(first.kind)
    await rename(join(folders.failed, `${first.id}.yaml`), join(folders.inbox, `${first.id}.yaml`))
    const second = await spool.claim(`${first.id}.yaml`)
    if (second.kind !== 'rejected') throw new Error(second.kind)
    expect(second.id).not.toBe(first.id)
    expect(await readFile(join(folders.failed, `${first.id}.raw`), 'utf8')).toBe('hello')
  })
})

describe('whoever waits for a job', () => {
  it('hears of its end, also several and also afterwards', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const id = await spool.drop(makeJob(), httpOrigin)
    const { signal } = new AbortController()
    const waiting = [
      spool.whenSettled(id, signal),
      spool.whenSettled(id, signal),
      spool.whenSettled(id, AbortSignal.timeout(5)),
    ]
    expect(await waiting[2]).toBeUndefined()
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await delay(20)
    await spool.settle(claim.record, created)
    expect(await waiting[0]).toMatchObject({ state: 'done', result: created })
    expect(await waiting[1]).toMatchObject({ state: 'done', result: created })
    expect(await spool.whenSettled(id, signal)).toMatchObject({ state: 'done' })
    expect(await spool.whenSettled(id, AbortSignal.abort())).toBeUndefined()
  })

  it('finds it at every moment of its life', async () => {
    const folders = await makeFolders()
    const spool = createSpool(folders)
    const id = await spool.drop(makeJob(), httpOrigin)
    const seen: (string | undefined)[] = []
    const watch = async () => {
      while (seen.at(-1) !== 'done') seen.push((await spool.find(id))?.state)
    }
    const watching = Promise.all([watch(), watch(), watch()])
    await delay(5)
    const claim = await spool.claim(`${id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await spool.settle(claim.record, created)
    await watching
    expect(new Set(seen)).toEqual(new Set(['queued', 'active', 'done']))
  })
})
