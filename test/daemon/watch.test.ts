import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { watchFolders } from '../../src/daemon/watch.js'
import { recordedLog, type LoggedLine } from '../support/recorded-log.js'
import { temporaryFolder } from '../support/temporary.js'

it('hints at what comes into a folder, not at hidden files, and not once it is closed', async () => {
  const [first, second] = [await temporaryFolder(), await temporaryFolder()]
  const lines: LoggedLine[] = []
  let hints = 0
  const hint = () => {
    hints += 1
  }
  const watcher = watchFolders([first, second], hint, recordedLog(lines))
  onTestFinished(() => watcher.close())
  const seen = async (act: (number: number) => Promise<unknown>) => {
    hints = 0
    let number = 0
    await vi.waitFor(
      async () => {
        await act((number += 1))
        expect(hints).toBeGreaterThan(0)
      },
      { timeout: 5000, interval: 20 },
    )
  }
  // The first are repeated until it listens.
  await seen((number) => writeFile(join(first, `${number.toString()}.yaml`), ''))
  await seen((number) => writeFile(join(second, `${number.toString()}.yaml`), ''))
  await vi.waitFor(
    async () => {
      hints = 0
      await sleep(200)
      expect(hints).toBe(0)
    },
    { timeout: 5000 },
  )
  await writeFile(join(first, '.under-way'), 'text')
  await sleep(100)
  expect(hints).toBe(0)
  await rename(join(first, '.under-way'), join(first, 'whole.yaml'))
  await vi.waitFor(
    () => {
      expect(hints).toBeGreaterThan(0)
    },
    { timeout: 20_000 },
  )
  await watcher.close()
  await sleep(50)
  hints = 0
  await writeFile(join(first, 'late.yaml'), '')
  await sleep(100)
  expect(hints).toBe(0)
  expect(lines).toEqual([])
})
