import { link, lstat, mkdir, open, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  moveWithoutReplacing,
  publish,
  readBounded,
  sweepTemporaries,
  syncFolder,
  unlinkIfThere,
} from '../../src/support/files.js'
import { childEnvironment, run } from '../../src/support/process.js'
import { temporaryFolder } from './temporary.js'

describe('publish', () => {
  it('writes a file whole, private to its user, and replaces an earlier one', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'a')
    await publish(path, 'one')
    const first = await lstat(path)
    await publish(path, Buffer.from('two'), { mode: 0o640 })
    expect(await readFile(path, 'utf8')).toBe('two')
    expect([first.mode & 0o777, (await lstat(path)).mode & 0o777]).toEqual([0o600, 0o640])
    expect(await readdir(folder)).toEqual(['a'])
  })

  it('is never seen half written', async () => {
    const path = join(await temporaryFolder(), 'a')
    await publish(path, 'a'.repeat(200_000))
    const seen = new Set<string>()
    let writing = true
    const reader = async () => {
      while (writing) seen.add((await readFile(path, 'utf8')).replace(/(.)\1+/g, '$1+'))
    }
    const reading = Promise.all([reader(), reader()])
    for (const letter of 'bcdefgh') await publish(path, letter.repeat(200_000))
    writing = false
    await reading
    for (const text of seen) expect(text).toMatch(/^[a-h]\+$/)
  })

  it('leaves nothing behind where it fails', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'taken', 'x'), { recursive: true })
    await expect(publish(join(folder, 'taken'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY/)
    await expect(publish(join(folder, 'missing', 'a'), 'text')).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await readdir(folder)).toEqual(['taken'])
  })

  it('replaces a link, not what it points at, and bears names of 255 bytes', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'victim'), 'mine')
    await symlink('victim', join(folder, 'a'))
    await publish(join(folder, 'a'), 'text')
    expect(await readFile(join(folder, 'victim'), 'utf8')).toBe('mine')
    const long = 'é'.repeat(127)
    await publish(join(folder, long), 'text')
    expect((await readdir(folder)).sort()).toEqual(['a', 'victim', long])
  })
})

it('syncs a folder once for all that ask while it is being synced', async () => {
  const folder = await temporaryFolder()
  const first = syncFolder(folder)
  const second = syncFolder(folder)
  expect(syncFolder(folder)).toBe(second)
  expect(second).not.toBe(first)
  await Promise.all([first, second])
  await expect(syncFolder(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' })
})

it('sweeps the temporary files of processes that ended, and nothing else', async () => {
  const folder = await temporaryFolder()
  // The largest process id of Linux is 2^22.
  const dead = '.a.yaml.4194305.0123456789ab.tmp'
  const others = [
    `.a.yaml.${process.pid.toString()}.0123456789ab.tmp`,
    `.a.yaml.${process.ppid.toString()}.0123456789ab.tmp`,
    'a.yaml.4194305.0123456789ab.tmp',
    '.a.yaml.4194305.tmp',
    '.a.yaml.swp',
  ]
  for (const name of [dead, ...others]) await writeFile(join(folder, name), '')
  await sweepTemporaries(folder)
  expect((await readdir(folder)).sort()).toEqual([...others].sort())
  await utimes(join(folder, others[0] ?? ''), 0, 0)
  await sweepTemporaries(folder)
  expect(await readdir(folder)).toHaveLength(others.length - 1)
})

it('moves a file only to where nothing stands', async () => {
  const folder = await temporaryFolder()
  const [from, to] = [join(folder, 'from'), join(folder, 'to')]
  await writeFile(from, 'one')
  await moveWithoutReplacing(from, to)
  expect(await readdir(folder)).toEqual(['to'])
  await writeFile(from, 'two')
  await expect(moveWithoutReplacing(from, to)).rejects.toMatchObject({ code: 'EEXIST' })
  expect([await readFile(from, 'utf8'), await readFile(to, 'utf8')]).toEqual(['two', 'one'])
  await unlinkIfThere(from)
  await unlinkIfThere(from)
  await expect(unlinkIfThere(folder)).rejects.toThrow()
})

describe('readBounded', () => {
  it('reads a plain file up to its bound, and says what anything else is', async () => {
    const folder = await temporaryFolder()
    const at = (name: string) => join(folder, name)
    await writeFile(at('ten'), '0123456789')
    await link(at('ten'), at('second'))
    await writeFile(at('empty'), '')
    await symlink('ten', at('link'))
    await symlink('link', at('loop'))
    await mkdir(at('folder'))
    await run('mkfifo', [at('pipe')], { env: childEnvironment(process.env), timeoutMs: 5000 })
    const server = createServer().listen(at('socket'))
    await once(server, 'listening')
    try {
      expect(await readBounded(at('ten'), 10)).toMatchObject({ kind: 'file', bytes: Buffer.from('0123456789') })
      expect(await readBounded(at('second'), 10)).toMatchObject({ kind: 'file', stats: { nlink: 2 } })
      expect(await readBounded(at('empty'), 0)).toMatchObject({ kind: 'file', bytes: Buffer.alloc(0) })
      expect(await readBounded(at('ten'), 9)).toEqual({ kind: 'too-large', size: 10 })
      expect(await readBounded(at('none'), 9)).toEqual({ kind: 'missing' })
      expect(await readBounded(at('link'), 9)).toEqual({ kind: 'odd', what: 'a symbolic link' })
      expect(await readBounded(at('loop'), 9)).toEqual({ kind: 'odd', what: 'a symbolic link' })
      expect(await readBounded(at('folder'), 9)).toEqual({ kind: 'odd', what: 'a folder' })
      expect(await readBounded(at('pipe'), 9)).toEqual({ kind: 'odd', what: 'a named pipe' })
      expect(await readBounded(at('socket'), 9)).toEqual({ kind: 'odd', what: 'a socket or device' })
      expect(await readBounded('/dev/zero', 9)).toEqual({ kind: 'odd', what: 'a device or socket' })
    } finally {
      server.close()
      await once(server, 'close')
    }
  })

  it('gives what was written at one time, or more, while the file grows, within the bound', async () => {
    const path = join(await temporaryFolder(), 'growing')
    const file = await open(path, 'w')
    let writing = true
    const writer = async () => {
      while (writing) await file.write('x'.repeat(1000))
    }
    const written = writer()
    for (let i = 0; i < 50; i += 1) {
      const read = await readBounded(path, 100_000)
      if (read.kind === 'file') expect(read.bytes.length).toBeLessThanOrEqual(100_000)
      else expect(read.kind).toBe('too-large')
    }
    writing = false
    await written
    await file.close()
  })
})
