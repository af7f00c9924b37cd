import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { runRow } from './row.js'
import { panes } from './rows/panes.js'

const root = join(import.meta.dirname, '..', '..')

it('measures four panes, against all that is installed', async () => {
  const running = runRow(panes, root, 1)
  onTestFinished(running.abandon)
  const [comparison, ...others] = await running.comparisons
  expect(others).toEqual([])
  expect(comparison?.lines.map(({ who }) => who)).toEqual([
    'devorch',
    'one chained tmux call',
    'tmuxp load -d',
    'tmuxinator start',
  ])
  for (const { who, figures, times, missing } of comparison?.lines ?? []) {
    if (missing !== null) {
      expect(missing).toMatch(/^apt-get install tmux(p|inator)$/)
      continue
    }
    expect(figures, who).toHaveLength(1)
    expect(figures[0], who).toBeGreaterThan(0)
    expect(times === null, who).toBe(who === 'devorch')
  }
})

it('undoes what a row has done, the last first, also where it fails', async () => {
  const undone: string[] = []
  let folder = ''
  const failing = {
    name: 'failing',
    isLong: false,
    measure: (bench: { readonly folder: string; release(undo: () => Promise<unknown>): void }) => {
      folder = bench.folder
      for (const what of ['first', 'second']) {
        bench.release(() => {
          undone.push(`${what}, folder there: ${existsSync(folder).toString()}`)
          return Promise.resolve()
        })
      }
      return Promise.reject(new Error('it failed'))
    },
  }
  await expect(runRow(failing, root, undefined).comparisons).rejects.toThrow('it failed')
  expect(undone).toEqual(['second, folder there: true', 'first, folder there: true'])
  expect(existsSync(folder)).toBe(false)
})
