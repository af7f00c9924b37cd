import { link, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { maxJobFileBytes } from '../../src/job/folders.js'
import { createInbox } from '../../src/job/inbox.js'
import type { JobView } from '../../src/job/record.js'
import { createSpool } from '../../src/job/spool.js'
import { createWorker } from '../../src/job/worker.js'
import { parseJobFile } from '../../src/job/job.js'
import { childEnvironment, run } from '../../src/support/process.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'
import { allFiles, created, jobText, makeFolders } from './place.js'

/** A worker that watches an inbox; what is asked for is done at once. */
async function makePlace() {
  const folders = await makeFolders()
  const spool = createSpool(folders)
  const log: LoggedLine[] = []
  const worker = createWorker({
    spool,
    inbox: createInbox({
      folder: folders.inbox,
      quietMs: 50,
      largeQuietMs: 50,
      requireEndMarker: false,
      monotonicMs: () => performance.now(),
    }),
    perform: () => Promise.resolve(created),
    holdBack: () => Promise.resolve(undefined),
    cancelled: { list: () => Promise.resolve([]), clear: () => Promise.resolve() },
    concurrency: 2,
    attempts: 1,
    rescanMs: 20,
    log: recordedLog(log),
  })
  onTestFinished(() => worker.stop(1000))
  return { folders, spool, worker, log, at: (name: string) => join(folders.inbox, name) }
}

type Place = Awaited<ReturnType<typeof makePlace>>

/** Starts the worker beside a sound file, and gives what became of the other one once the inbox is empty. */
async function settled({ folders, spool, worker, log, at }: Place): Promise<JobView> {
  await writeFile(at('sound.yaml'), jobText.replace('project_name: a', 'project_name: sound'))
  await worker.start()
  await vi.waitFor(
    async () => {
      expect([...(await readdir(folders.inbox)), ...(await readdir(folders.active))]).toEqual([])
    },
    { timeout: 20_000, interval: 20 },
  )
  const views = await Promise.all(
    [...(await spool.list('done')), ...(await spool.list('failed'))].map((id) => spool.find(id)),
  )
  const others = views.filter((view) => view?.job?.project_name !== 'sound')
  expect(views).toHaveLength(2)
  expect(log.filter((line) => line.level === 'error')).toEqual([])
  const [other] = others
  if (other === undefined) throw new Error('the sound file is missing')
  return other
}

const reasonOf = (view: JobView) => (view.result?.status === 'failed' ? view.result.error.message : 'none')

const tool = (program: string, ...args: string[]) =>
  run(program, args, { env: childEnvironment(process.env), timeoutMs: 10_000 })

describe('what is no plain file ends in failed with the reason, and as it was', () => {
  it.each<[string, (path: string, place: Place) => Promise<unknown>, string]>([
    ['a link to a file', (path) => symlink('/etc/passwd', path), 'is a symbolic link; drop a plain file'],
    ['a dangling link', (path) => symlink('/nowhere', path), 'is a symbolic link; drop a plain file'],
    ['a link to an endless file', (path) => symlink('/dev/zero', path), 'is a symbolic link; drop a plain file'],
    ['a link to itself', (path) => symlink(path, path), 'is a symbolic link; drop a plain file'],
    [
      'a link to the inbox',
      (path, { folders }) => symlink(folders.inbox, path),
      'is a symbolic link; drop a plain file',
    ],
    ['a named pipe', (path) => tool('mkfifo', path), 'is a named pipe; drop a plain file'],
    ['an empty folder', (path) => mkdir(path), 'is a folder; drop a plain file'],
    [
      'a folder full of jobs',
      async (path) => {
        await mkdir(join(path, 'deep/er/and/deeper'), { recursive: true })
        await writeFile(join(path, 'job.yaml'), jobText)
        await writeFile(join(path, 'deep/er/and/deeper/job.yaml'), jobText)
      },
      'is a folder; drop a plain file',
    ],
    [
      'a socket',
      async (path) => {
        const server = createServer().listen(path)
        await once(server, 'listening')
        // Node removes the socket by its name when it closes: another one by then.
        onTestFinished(() => void server.close())
      },
      'is a socket or device; drop a plain file',
    ],
  ])('%s', async (_what, make, reason) => {
    const place = await makePlace()
    await make(place.at('odd.yaml'), place)
    const before = await lstat(place.at('odd.yaml'))
    const view = await settled(place)
    expect(reasonOf(view)).toBe(reason)
    expect(view.result).toMatchObject({ error: { remedy: expect.stringContaining(`${view.id}.raw`) as string } })
    expect(await lstat(join(place.folders.failed, `${view.id}.raw`))).toMatchObject({
      ino: before.ino,
      mode: before.mode,
    })
  })

  it.skipIf(process.getuid?.() !== 0)('a device, which only root can make', async () => {
    const place = await makePlace()
    await tool('mknod', place.at('odd.yaml'), 'c', '1', '5')
    expect(reasonOf(await settled(place))).toBe('is a device or socket; drop a plain file')
  })

  it('a second name of a file that is no job, which stays as it is', async () => {
    const place = await makePlace()
    const elsewhere = join(place.folders.inbox, '..', 'passwd')
    await writeFile(elsewhere, 'root:x:0:0:root:/root:/bin/bash\n', { mode: 0o600 })
    await link(elsewhere, place.at('a.yaml'))
    const view = await settled(place)
    expect(reasonOf(view)).toMatch(/^line 1, column 1: must be a group of fields; write lines like NAME: VALUE$/)
    // The reason tells nothing of what is in it.
    expect(JSON.stringify(view)).not.toContain('bash')
    expect(await readFile(elsewhere, 'utf8')).toBe('root:x:0:0:root:/root:/bin/bash\n')
    expect((await lstat(elsewhere)).mode & 0o777).toBe(0o600)
  })
})

describe('a name', () => {
  const names: [string, Buffer, RegExp][] = [
    ['of 255 bytes', Buffer.from(`${'n'.repeat(250)}.yaml`), /^n{200}…$/],
    ['with a line break', Buffer.from('a\nb.yaml'), /^a\\u000ab\.yaml$/],
    ['with escape codes', Buffer.from('\u001b]0;x\u0007\u001b[2J.yaml'), /^\\u001b\]0;x\\u0007\\u001b\[2J\.yaml$/],
    ['that is not UTF-8', Buffer.from([0x61, 0xff, 0xc3, ...Buffer.from('.yaml')]), /^a\\udcff\\udcc3\.yaml$/],
    ['with a dash before', Buffer.from('-rf --help.yaml'), /^-rf --help\.yaml$/],
    ['like a way up', Buffer.from('..%2f..\\..\\etc.yaml'), /^\.\.%2f/],
    ['with spaces around', Buffer.from(' a b .yaml'), /^ a b \.yaml$/],
    ['in the form of a job id with a way up', Buffer.from('20261122T210431123Z-..-0123456789abcdef.yaml'), /^2026/],
  ].map(([what, name, shown]) => [String(what), Buffer.from(name as Buffer), shown as RegExp])

  it.each(names.filter(([what]) => what !== 'like a way up'))(
    '%s is data: a sound job is done, another is refused',
    async (_what, name, shown) => {
      for (const text of [`${jobText}...\n`, 'project_name: 1\n...\n']) {
        const place = await makePlace()
        await writeFile(Buffer.concat([Buffer.from(`${place.folders.inbox}/`), name]), text)
        const view = await settled(place)
        expect(view.state).toBe(text.startsWith(jobText) ? 'done' : 'failed')
        expect(view.file).toMatch(shown)
        expect((await allFiles(place.folders)).join('\n')).toMatch(/^[\w/.\n-]+$/)
        expect(place.log.filter((line) => line.level === 'error')).toEqual([])
      }
    },
  )

  it('like a way up is hidden, so that it is left alone', async () => {
    const place = await makePlace()
    await writeFile(place.at('..%2f..\\..\\etc.yaml'), `${jobText}...\n`)
    await writeFile(place.at('%2e%2e%2fetc.yaml'), `${jobText}...\n`)
    await place.worker.start()
    await vi.waitFor(
      async () => {
        expect(await place.spool.list('done')).toHaveLength(1)
      },
      { timeout: 20_000 },
    )
    expect(await readdir(place.folders.inbox)).toEqual(['..%2f..\\..\\etc.yaml'])
  })
})

describe('what is in a file', () => {
  const many = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('')
  const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')

  it.each<[string, string | Uint8Array, RegExp | 'done']>([
    ['nothing', '', /must be a group of fields; write lines like NAME: VALUE$/],
    ['the end line only', '...\n', /must be a group of fields/],
    ['a comment only', '# to do\n', /must be a group of fields/],
    [
      'the end line in the middle, and fields behind it',
      `${jobText}...\nbranch: main\n`,
      /one document a file: put each into a file of its own$/,
    ],
    ['two documents', `${jobText}---\n${jobText}`, /one document a file: put each into a file of its own$/],
    [
      'a binary',
      Buffer.from('\x7fELF\x02\x01\x01\0\0\0\xff\xfe', 'latin1'),
      /^is not UTF-8 text; save the file as UTF-8$/,
    ],
    ['NUL bytes', `${jobText}\0\0\0\0`, /^contains a NUL byte; the file is damaged or not text; write it again$/],
    ['UTF-16 LE', utf16(jobText), /^is not UTF-8 text; save the file as UTF-8$/],
    ['UTF-16 BE', utf16(jobText).swap16(), /^is not UTF-8 text; save the file as UTF-8$/],
    ['a byte order mark', `\uFEFF${jobText}`, 'done'],
    ['line ends as in Windows', jobText.replaceAll('\n', '\r\n'), 'done'],
    ['tabs', `${jobText}tracker:\n\tone\n`, /line 4, column 1: .*indent with spaces, not tabs$/],
    ['a number', `${jobText}branch: 1.10\n`, /^line 3, column 1: branch: must be text, got 1\.10; quote it: "1\.10"$/],
    ['a number with a nought before', `${jobText}branch: 0123\n`, /got 0123; quote it: "0123"$/],
    ['a number with an exponent', `${jobText}branch: 1e9\n`, /got 1e9; quote it: "1e9"$/],
    [
      'nothing as a value',
      `${jobText}branch: ~\n`,
      /branch: must be text, got nothing; give it a value or leave it out$/,
    ],
    ['yes', `${jobText}branch: yes\n`, 'done'],
    ['a date', `${jobText}branch: 2026-11-22\n`, 'done'],
    ['a slip in a key', `${jobText}brnach: x\n`, /^line 3, column 1: brnach: unknown field; did you mean branch\?$/],
    [
      'a key twice',
      `${jobText}project_name: b\n`,
      /^line 3, column 1: is not valid YAML: Map keys must be unique; keep one of the two$/,
    ],
    ['__proto__', `${jobText}__proto__: { polluted: true }\n`, /__proto__: unknown field; remove it$/],
    ['constructor', `${jobText}constructor: { prototype: { polluted: true } }\n`, /constructor: unknown field/],
    ['a merge key', `${jobText}<<: { branch: main }\n`, /^line 3, column 1: <<: unknown field; remove it$/],
    [
      'a tag of JavaScript',
      `${jobText}branch: !!js/function "function () { exit() }"\n`,
      /Unresolved tag: .*js\/function; correct that line$/,
    ],
    ['a tag with escape codes', `${jobText}branch: !\u001b[2J x\n`, /^[^\p{Cc}]+correct that line$/u],
    ['a huge tag', `${jobText}branch: !${'x'.repeat(900_000)} y\n`, /^.{1,300}$/],
    ['a huge key', `${jobText}? "${'k'.repeat(900_000)}"\n: 1\n`, /^.{1,300}$/],
    ['a huge number', `${jobText}branch: ${'1'.repeat(900_000)}\n`, /^.{1,400}$/],
    [
      'an alias bomb',
      `${jobText}${many(12, (i) => `a${String(i)}: &a${String(i)} [${i === 0 ? 'x' : `*a${String(i - 1)}, `.repeat(9)}]\n`)}`,
      /^uses too many aliases or levels; write the values out$/,
    ],
    [
      'aliases by the thousand',
      `${jobText}a: &a b\n${many(5000, (i) => `k${String(i)}: *a\n`)}`,
      /has thousands of fields/,
    ],
    [
      'deep lists',
      `${jobText}branch: ${'['.repeat(10_000)}`,
      /^is nested too deeply; a document here needs two or three levels$/,
    ],
    ['deep groups', `${jobText}branch: ${'{a: '.repeat(10_000)}`, /^is nested too deeply/],
    ['deep blocks', many(1200, (i) => `${' '.repeat(i)}a:\n`), /^is nested too deeply/],
    ['deep lists on a line', '- '.repeat(10_000), /^is nested too deeply/],
    ['twelve thousand keys', `{${many(12_000, (i) => `k${String(i)},`)}}`, /has thousands of fields/],
    [
      'a megabyte of short lines',
      `${jobText}tracker: >\n${'  a\n\n'.repeat(200_000)}`,
      /^has more than 100000 lines; shorten it$/,
    ],
    [
      'a megabyte of comment',
      `${jobText}${'# a line of comment\n'.repeat(52_000)}`,
      /has thousands of fields or lines of comment/,
    ],
    [
      'a tracker as long as may be',
      `${jobText}tracker: |\n${'  - [ ] a line of a long plan, as people write it\n'.repeat(12_000)}`,
      'done',
    ],
    [
      'a comment that makes the file as large as may be',
      `${jobText}#${'x'.repeat(maxJobFileBytes - jobText.length - 1)}`,
      'done',
    ],
    [
      'a byte more',
      `${jobText}#${'x'.repeat(maxJobFileBytes - jobText.length)}`,
      /^is 1048577 bytes, more than 1048576; put long text behind tracker_url$/,
    ],
    [
      'five megabytes',
      'x'.repeat(5_000_000),
      /^is 5000000 bytes, more than 1048576; put long text behind tracker_url$/,
    ],
  ])('%s', async (_what, content, outcome) => {
    const place = await makePlace()
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    await writeFile(place.at('a.yaml'), bytes)
    const view = await settled(place)
    if (outcome === 'done') {
      expect(view).toMatchObject({ state: 'done', result: { status: 'created' } })
      return
    }
    expect(view).toMatchObject({ state: 'failed', job: null })
    expect(reasonOf(view)).toMatch(outcome)
    expect((await readFile(join(place.folders.failed, `${view.id}.raw`))).equals(bytes)).toBe(true)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

describe('the loop is not blocked', () => {
  const fill = (unit: string, before: string) => before + unit.repeat((maxJobFileBytes - before.length) / unit.length)
  const tracker = `${jobText}tracker: `

  // The processor's time, since other programs run beside; the best of five, since memory is tidied up in between.
  it.each([
    ['keys in braces', `{${Array.from({ length: 12_000 }, (_, i) => `k${i.toString()},`).join('')}}`],
    ['keys in lines', Array.from({ length: 9500 }, (_, i) => `k${i.toString()}:\n`).join('')],
    [
      'as many keys as may be',
      Array.from({ length: 1900 }, (_, i) => `k${i.toString()}: &a${i.toString()}\n`).join(''),
    ],
    ['aliases', `${jobText}a: &a b\n${'k: *a\n'.repeat(5000)}`],
    ['short lines', fill('  a\n', `${tracker}|\n`)],
    ['folded lines', fill('   x \n\n', `${tracker}>\n`)],
    ['a quotation without end', fill('a', `${tracker}"`)],
    ['quotes', `${fill("''", `${tracker}'`)}'`],
    ['a huge key', `${fill('k', `${jobText}? "`)}"\n: 1\n`],
  ])('by %s', (_what, text) => {
    const bytes = Buffer.from(text)
    const times = Array.from({ length: 5 }, () => {
      const before = process.cpuUsage()
      parseJobFile(bytes)
      const { user, system } = process.cpuUsage(before)
      return (user + system) / 1000
    })
    expect(Math.min(...times)).toBeLessThan(200)
  })
})

describe('a file that the daemon may not read', () => {
  const script = `
    const { createInbox } = await import(process.argv[1] + '/.cache/modules/job/inbox.js')
    const { createSpool } = await import(process.argv[1] + '/.cache/modules/job/spool.js')
    const folders = JSON.parse(process.argv[2])
    const inbox = createInbox({ folder: folders.inbox, quietMs: 0, requireEndMarker: false, monotonicMs: () => 0 })
    const [entry] = await inbox.scan()
    const peek = (await inbox.peek(entry.name)) ?? null
    console.log(JSON.stringify({ entry, peek, claim: await createSpool(folders).claim(entry.name) }))`

  it('ends in failed with the reason', async () => {
    const { folders, spool, at } = await makePlace()
    await writeFile(at('a.yaml'), `${jobText}...\n`, { mode: 0 })
    const root = join(import.meta.dirname, '..', '..')
    const node = [process.execPath, '--input-type=module', '-e', script, root, JSON.stringify(folders)]
    // capabilities(7): without these two, root is asked for permission as everybody else is.
    const asOthers = ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-all']
    const [program = '', ...args] = process.getuid?.() === 0 ? [...asOthers, ...node] : node
    const { stdout } = await tool(program, ...args)
    const told = JSON.parse(stdout) as { entry: unknown; peek: unknown; claim: { kind: string } }
    expect(told).toMatchObject({ entry: { kind: 'ready' }, peek: null, claim: { kind: 'rejected' } })
    const [id] = await spool.list('failed')
    const view = id === undefined ? undefined : await spool.find(id)
    expect(view === undefined ? '' : reasonOf(view)).toBe(
      'is a file that the daemon may not read; let its user read it (chmod), then drop it again',
    )
  })
})
