import { lstat, mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cloneRepository } from '../../src/repo/clone.js'
import { mirrorName } from '../../src/repo/mirror.js'
import { planMirrors, pruneMirrors } from '../../src/repo/prune-mirrors.js'
import { lockFile } from '../../src/support/lock.js'
import { makeRepository } from '../support/repositories.js'
import { labTools, repositoryAt } from '../support/repository-tools.js'
import { temporaryFolder } from '../support/temporary.js'

/** Mirrors of real clones, `a` the least recently used. */
async function place() {
  const folder = await temporaryFolder()
  const tools = labTools(folder)
  const address = (name: string) => repositoryAt(`file://${join(folder, name)}`)
  const clone = (name: string, into: string) =>
    cloneRepository({ repository: address(name), into: join(folder, into) }, tools)
  const mirrorOf = (name: string) => join(tools.mirrorsFolder, mirrorName(address(name).key))
  for (const [index, name] of ['a', 'b', 'c'].entries()) {
    await makeRepository(join(folder, name), { 'file.txt': name.repeat(100_000) })
    await clone(name, `${name}-1`)
    const at = new Date(Date.now() - (10 - index) * 3_600_000)
    await utimes(mirrorOf(name), at, at)
  }
  const mirrors = async () => (await readdir(tools.mirrorsFolder)).filter((name) => !name.endsWith('.lock')).sort()
  const prune = (bytes: number) =>
    pruneMirrors(tools.mirrorsFolder, bytes, {
      environment: tools.environment,
      signal: new AbortController().signal,
    })
  const named = (...names: string[]) => names.map((name) => mirrorName(address(name).key)).sort()
  return { folder, tools, clone, mirrorOf, mirrors, prune, named }
}

test('the least recently used go first; nothing goes where there is room', () => {
  const mirrors = [
    { name: 'b', bytes: 5, usedMs: 2 },
    { name: 'a', bytes: 5, usedMs: 1 },
  ]
  expect(planMirrors(mirrors, 10)).toEqual([])
  expect(planMirrors(mirrors, 9).map(({ name }) => name)).toEqual(['a', 'b'])
})

test('mirrors go by their last use until the rest fits, and a clone makes one again', async () => {
  const here = await place()
  expect(await here.prune(1024 ** 3)).toBe(0)
  // Used again, so that it is not the oldest any more.
  await here.clone('a', 'a-2')
  expect(await here.prune(1)).toBe(3)
  expect(await here.mirrors()).toEqual([])
  for (const name of ['a', 'b', 'c']) await here.clone(name, `${name}-3`)
  const at = new Date(Date.now() - 3_600_000)
  for (const name of ['a', 'b', 'c']) await utimes(here.mirrorOf(name), at, at)
  await here.clone('a', 'a-4')
  const bytes = await sizeOf(here.mirrorOf('a'))
  expect(await here.prune(bytes + 1000)).toBe(2)
  expect(await here.mirrors()).toEqual(here.named('a'))
})

test('one that is in use is left, and another goes in its place', async () => {
  const here = await place()
  const bytes = await sizeOf(here.mirrorOf('c'))
  const lock = await lockFile(`${here.mirrorOf('a')}.lock`, { waitMs: 0, environment: here.tools.environment })
  if (lock === 'held') throw new Error('held')
  expect(await here.prune(2 * bytes + 1000)).toBe(1)
  await lock.release()
  expect(await here.mirrors()).toEqual(here.named('a', 'c'))
})

test('what is no mirror is left; what a killed process left of one is removed', async () => {
  const here = await place()
  const { mirrorsFolder } = here.tools
  for (const name of ['mine', 'mine.git', `x${'0'.repeat(16)}.git`]) {
    await mkdir(join(mirrorsFolder, name))
    await writeFile(join(mirrorsFolder, name, 'file'), 'x'.repeat(1000))
  }
  await writeFile(join(mirrorsFolder, `file-${'0'.repeat(16)}.git`), '')
  await mkdir(`${here.mirrorOf('a')}.0a1b2c3d.new`)
  expect(await here.prune(1)).toBe(3)
  expect(await here.mirrors()).toEqual([`file-${'0'.repeat(16)}.git`, 'mine', 'mine.git', `x${'0'.repeat(16)}.git`])
})

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).blocks * 512
  }
  return bytes
}
