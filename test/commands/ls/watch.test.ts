import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readProcesses } from '../../../src/support/process-table.js'
import { privateTmux } from '../../support/tmux.js'
import { makeWorkplace, root, type Workplace } from '../workplace.js'

vi.setConfig({ testTimeout: 240_000 })
const waitMs = { timeout: 60_000, interval: 200 }

/** A terminal of 100 columns in which a shell has started `devorch ls --watch`. */
async function watching(place: Workplace, more = '') {
  const terminal = privateTmux()
  const environment = Object.entries({ ...place.environment, PS1: 'ready> ' }).flatMap(([name, value]) => [
    '-e',
    `${name}=${value}`,
  ])
  await terminal.tmux('new-session', '-d', '-x', '100', '-y', '10', '-s', 'w', ...environment, 'sh', '-i')
  const type = (...keys: readonly string[]) => terminal.tmux('send-keys', '-t', 'w', ...keys)
  const sees = async (what: RegExp) => {
    await vi.waitFor(async () => {
      expect(await terminal.capture('w')).toMatch(what)
    }, waitMs)
  }
  const mode = async () =>
    (await terminal.tmux('display-message', '-p', '-t', 'w', '#{alternate_on} #{cursor_flag} #{wrap_flag}')).trim()
  await sees(/ready>/)
  await type(
    `'${process.execPath}' '${join(root, 'dist', 'main.js')}' --home '${place.home}' ls --watch ${more}`,
    'Enter',
  )
  return { terminal, type, sees, mode }
}

test('a live table follows the sessions and the size; q gives the terminal back as it was', async () => {
  const place = await makeWorkplace()
  await place.configure()
  const { terminal, type, sees, mode } = await watching(place, '1; echo "code $?"')
  await sees(/^0 sessions, [\d:]+; q ends$/m)
  expect(await mode()).toBe('1 0 0')
  for (let index = 0; index < 3; index += 1)
    await place.devorch(['create', `shop-${index.toString()}`, place.repository])
  await sees(/^shop-0-dev +standing +working .*$/m)
  await sees(/^3 sessions[^]*^shop-2-dev/m)
  await place.tmux.tmux('kill-session', '-t', '=shop-0-dev')
  await sees(/^shop-0-dev +(gone|ended) /m)

  await terminal.tmux('resize-window', '-t', 'w', '-x', '60', '-y', '5')
  await sees(/^1 more: up and down/m)
  await type('Down')
  await sees(/^NAME.*\nshop-1-dev.*\nshop-2-dev/m)
  await type('Up', 'Up')
  await sees(/^NAME.*\nshop-0-dev/m)

  await type('q')
  await sees(/^code 0$/m)
  expect(await mode()).toBe('0 1 1')
  await type('echo typed', 'Enter')
  await sees(/^typed$/m)
})

test.each([
  ['Ctrl-C', ({ type }: Awaited<ReturnType<typeof watching>>) => type('C-c')],
  [
    'SIGTERM',
    async ({ terminal }: Awaited<ReturnType<typeof watching>>) => {
      const shell = Number(await terminal.tmux('list-panes', '-t', 'w', '-F', '#{pane_pid}'))
      const child = [...(await readProcesses()).values()].find(({ parent }) => parent === shell)
      if (child === undefined) throw new Error('the shell has no child')
      process.kill(child.pid, 'SIGTERM')
      return ''
    },
  ],
])('%s ends it, with the terminal as it was', async (_, end) => {
  const place = await makeWorkplace()
  await place.configure()
  const screen = await watching(place, '; echo "code $?"')
  await screen.sees(/^0 sessions/m)
  await end(screen)
  await screen.sees(/^code 0$/m)
  expect(await screen.mode()).toBe('0 1 1')
})
