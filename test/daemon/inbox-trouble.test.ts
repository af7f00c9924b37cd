import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { inboxTrouble } from '../../src/daemon/inbox-trouble.js'
import { mountTmpfs } from '../support/mount.js'
import { temporaryFolder } from '../support/temporary.js'

const mount = (...args: string[]) => promisify(execFile)('mount', args, { timeout: 10_000 })

test('an inbox that can be written is no trouble', async () => {
  expect(await inboxTrouble(await temporaryFolder())).toBeUndefined()
})

test('a full disk is, until there is room again', async (context) => {
  const folder = await temporaryFolder()
  const skipped = await mountTmpfs(folder, '32m')
  if (skipped !== undefined) return context.skip(skipped)
  expect(await inboxTrouble(folder)).toBeUndefined()
  await writeFile(join(folder, 'filler'), Buffer.alloc(30 * 1024 * 1024))
  expect(await inboxTrouble(folder)).toMatch(/^the disk of the inbox is full: \d+ bytes are free$/)
  await rm(join(folder, 'filler'))
  expect(await inboxTrouble(folder)).toBeUndefined()
})

test('a read-only disk is, until it is writable again', async (context) => {
  const folder = await temporaryFolder()
  const skipped = await mountTmpfs(folder, '32m')
  if (skipped !== undefined) return context.skip(skipped)
  await mount('-o', 'remount,ro', folder)
  expect(await inboxTrouble(folder)).toMatch(/can't be written: EROFS/)
  await mount('-o', 'remount,rw', folder)
  expect(await inboxTrouble(folder)).toBeUndefined()
})

test('a folder that is gone is', async () => {
  expect(await inboxTrouble(join(await temporaryFolder(), 'gone'))).toMatch(/can't be written: ENOENT/)
})
