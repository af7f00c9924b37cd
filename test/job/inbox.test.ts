import { appendFile, mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createInbox, type InboxEntry } from '../../src/job/inbox.js'
import { temporaryFolder } from '../support/temporary.js'
import { jobText } from './place.js'

async function makeInbox(more: { requireEndMarker?: boolean; quietMs?: number } = {}) {
  const folder = await temporaryFolder()
  let nowMs = 1_000_000
  const inbox = createInbox({ folder, quietMs: 2000, requireEndMarker: false, monotonicMs: () => nowMs, ...more })
  return {
    inbox,
    folder,
    put: (name: string, text: string | Uint8Array) => writeFile(join(folder, name), text),
    /** What a look shows after so much time. */
    after: async (ms: number): Promise<Record<string, InboxEntry['kind']>> => {
      nowMs += ms
      return Object.fromEntries((await inbox.scan()).map((entry) => [entry.name, entry.kind]))
    },
  }
}

describe('a file with the end line', () => {
  it.each([
    ['plain', `${jobText}...\n`],
    ['without a last line end', `${jobText}...`],
    ['with blanks and empty lines behind it', `${jobText}...  \t\n\n\n`],
    ['with CR LF', `${jobText}...\n\n`.replaceAll('\n', '\r\n')],
    ['and nothing else', '...\n'],
    ['large', `tracker: |\n${'  a long line of text\n'.repeat(5000)}...\n`],
  ])('is ready at once: %s', async (_what, text) => {
    const { put, after } = await makeInbox()
    await put('a.yaml', text)
    expect(await after(0)).toEqual({ 'a.yaml': 'ready' })
  })

  it.each([
    ['dots that end a text', 'requirements_summary: and so on...\n'],
    ['dots that end a text before empty lines that fill what is looked at', `a: b...${'\n'.repeat(61)}`],
    ['four dots', `${jobText}....\n`],
    ['dots that are indented', 'tracker: |\n  one\n  ...\n'],
    ['text behind it', `${jobText}...\nmore`],
    ['nothing', ''],
  ])('is not meant by %s', async (_what, text) => {
    const { put, after } = await makeInbox()
    await put('a.yaml', text)
    expect(await after(0)).toEqual({ 'a.yaml': 'waiting' })
  })
})

describe('a file without it', () => {
  it('is ready when it was quiet for long enough', async () => {
    const { inbox, put, after } = await makeInbox()
    await put('a.yaml', jobText)
    expect(await inbox.scan()).toEqual([
      { name: 'a.yaml', kind: 'waiting', because: 'no end line `...`, so it may still be growing', readyInMs: 2000 },
    ])
    expect(await after(1999)).toEqual({ 'a.yaml': 'waiting' })
    expect(await after(1)).toEqual({ 'a.yaml': 'ready' })
  })

  it('begins its wait anew whenever it changes, also where it is replaced', async () => {
    const { folder, put, after } = await makeInbox()
    await put('a.yaml', jobText)
    await after(0)
    await after(1900)
    await appendFile(join(folder, 'a.yaml'), 'branch: main\n')
    expect(await after(100)).toEqual({ 'a.yaml': 'waiting' })
    expect(await after(1900)).toEqual({ 'a.yaml': 'waiting' })
    await utimes(join(folder, 'a.yaml'), 1, 1)
    expect(await after(100)).toEqual({ 'a.yaml': 'waiting' })
    await put('.next', jobText)
    await rename(join(folder, '.next'), join(folder, 'a.yaml'))
    expect(await after(1999)).toEqual({ 'a.yaml': 'waiting' })
    await rm(join(folder, 'a.yaml'))
    expect(await after(0)).toEqual({})
    await put('a.yaml', jobText)
    expect(await after(0)).toEqual({ 'a.yaml': 'waiting' })
    expect(await after(2000)).toEqual({ 'a.yaml': 'ready' })
  })

  it('is not made ready by the time of the file, be it in the past or the future', async () => {
    const { folder, put, after } = await makeInbox()
    await put('old.yaml', jobText)
    await utimes(join(folder, 'old.yaml'), 0, 0)
    await put('new.yaml', jobText)
    await utimes(join(folder, 'new.yaml'), 4e9, 4e9)
    expect(await after(0)).toEqual({ 'old.yaml': 'waiting', 'new.yaml': 'waiting' })
    expect(await after(2000)).toEqual({ 'old.yaml': 'ready', 'new.yaml': 'ready' })
  })

  it('over 32 KiB, or of whole blocks, waits for a minute, since it may be a stalled upload', async () => {
    const { put, after } = await makeInbox()
    await put('large.yaml', '#'.repeat(32 * 1024 + 1))
    await put('small.yaml', '#'.repeat(32 * 1024 - 1))
    // Nothing yet, and what sftp, scp -O and cp leave where they stop after their first buffers.
    for (const size of [0, 4096, 16_384, 32_768]) await put(`${size.toString()}.yaml`, '#'.repeat(size))
    const torn = { '0.yaml': 'waiting', '4096.yaml': 'waiting', '16384.yaml': 'waiting', '32768.yaml': 'waiting' }
    await after(0)
    expect(await after(2000)).toEqual({ ...torn, 'large.yaml': 'waiting', 'small.yaml': 'ready' })
    expect(await after(57_999)).toMatchObject({ ...torn, 'large.yaml': 'waiting' })
    expect(new Set(Object.values(await after(1)))).toEqual(new Set(['ready']))
  })

  it('is never taken where the end line is demanded', async () => {
    const { inbox, put, after } = await makeInbox({ requireEndMarker: true })
    await put('a.yaml', jobText)
    await put('b.yaml', `${jobText}...\n`)
    await after(0)
    expect(await after(1e9)).toEqual({ 'a.yaml': 'waiting', 'b.yaml': 'ready' })
    expect(await inbox.scan()).toContainEqual({
      name: 'a.yaml',
      kind: 'waiting',
      because: 'no end line `...` yet',
      readyInMs: undefined,
    })
    await put('a.yaml', `${jobText}...\n`)
    expect(await after(0)).toMatchObject({ 'a.yaml': 'ready' })
  })
})

it('leaves alone what is under way, belongs to an editor or is no job, and says so', async () => {
  const { inbox, put, after } = await makeInbox()
  const under = ['a.yaml.part', 'b.yaml.filepart', 'c.yaml~', 'd.yaml.swp', 'e.tmp', 'F.YAML.CRDOWNLOAD']
  const others = ['README.md', 'README', 'notes.txt', 'job.json', 'yaml']
  // vim's test of the folder, emacs' automatic copy, nano's, that of sed -i, that of JetBrains' editors.
  others.push('4913', '#a.yaml#', 'a.yaml.save', 'sedX3zQ1w', 'a.yaml___jb_tmp___')
  const hidden = ['.hidden.yaml', '.gitkeep', '.a.yaml.swp', '.a.yaml.swx', '.#a.yaml', '.a.yaml.kate-swp']
  // rsync's, curl's and our own temporary files.
  hidden.push('.a.yaml.AbC1dE', '.a.yaml.part', '.20261122T210431123Z-a-0123456789abcdef.yaml.1.0123456789ab.tmp')
  for (const name of [...under, ...others, ...hidden]) await put(name, `${jobText}...\n`)
  await after(0)
  await after(1e9)
  const entries = await inbox.scan()
  const named = (because: string) =>
    entries.flatMap((entry) => (entry.kind === 'ignored' && entry.because === because ? [entry.name] : []))
  expect(named('the name says that it is under way').sort()).toEqual([...under].sort())
  expect(named('not named *.yaml or *.yml').sort()).toEqual([...others].sort())
  expect(entries).toHaveLength(under.length + others.length)
})

it('tells names that are not UTF-8 from each other', async () => {
  const { inbox, folder, after } = await makeInbox()
  for (const byte of [0xff, 0xfe, 0x80]) {
    await writeFile(
      Buffer.concat([Buffer.from(`${folder}/a`), Buffer.of(byte), Buffer.from('.yaml')]),
      `${jobText}...\n`,
    )
  }
  expect(await after(0)).toEqual({ 'a\uDCFF.yaml': 'ready', 'a\uDCFE.yaml': 'ready', 'a\uDC80.yaml': 'ready' })
  expect(await inbox.peek('a\uDCFF.yaml')).toEqual({ project: 'a', action: 'create' })
})

it('has what is no file ready at once, to be refused', async () => {
  const { inbox, folder, after } = await makeInbox({ requireEndMarker: true })
  await mkdir(join(folder, 'folder.yaml'))
  await symlink('/nowhere', join(folder, 'link.yml'))
  expect(await after(0)).toEqual({ 'folder.yaml': 'ready', 'link.yml': 'ready' })
  expect(await inbox.peek('folder.yaml')).toBeUndefined()
  expect(await inbox.peek('link.yml')).toBeUndefined()
})

it('keeps the order in which the files were changed, then that of the names', async () => {
  const { inbox, folder, put } = await makeInbox()
  for (const [name, second] of Object.entries({ 'b.yaml': 20, 'a.yaml': 30, 'd.yaml': 10, 'c.yaml': 10 })) {
    await put(name, `${jobText}...\n`)
    await utimes(join(folder, name), second, second)
  }
  expect((await inbox.scan()).map((entry) => entry.name)).toEqual(['c.yaml', 'd.yaml', 'b.yaml', 'a.yaml'])
})

it('tells what a job is about, anew when the file changes', async () => {
  const { inbox, put } = await makeInbox()
  expect(await inbox.peek('a.yaml')).toBeUndefined()
  await put('a.yaml', `${jobText}...\n`)
  await inbox.scan()
  expect(await inbox.peek('a.yaml')).toEqual({ project: 'a', action: 'create' })
  await put('a.yaml', 'project_name: b\naction: destroy\n...\n')
  await inbox.scan()
  expect(await inbox.peek('a.yaml')).toEqual({ project: 'b', action: 'destroy' })
  await put('a.yaml', 'project_name: 1\n...\n')
  await inbox.scan()
  expect(await inbox.peek('a.yaml')).toBeUndefined()
})
