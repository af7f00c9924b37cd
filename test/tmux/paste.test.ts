import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { childEnvironment } from '../../src/support/process.js'
import { createTmux, type Tmux } from '../../src/tmux/tmux.js'
import { pasted, rawReader, type RawReader } from '../support/raw-reader.js'
import { temporaryFolder } from '../support/temporary.js'
import { privateTmux, type PrivateTmux } from '../support/tmux.js'
import { oneWindow } from './window.js'

const patient = { timeout: 20_000 }

interface Place {
  readonly ours: Tmux
  readonly server: PrivateTmux
  readonly folder: string
  readonly reader: RawReader
  readonly pane: string
}

/** A session of two panes, in the first of which the program reads. */
async function place(): Promise<Place> {
  const server = privateTmux()
  const folder = await temporaryFolder()
  const reader = rawReader(folder)
  const environment = childEnvironment(process.env)
  const ours = createTmux({ socketName: server.socketName, environment, mayStartServer: true })
  const other = { role: 'terminal', command: ['/bin/sh', '-c', 'exec cat'] } as const
  const panes = [{ role: 'agent', command: reader.command } as const, other]
  const created = await ours.createSession({ name: 'shop-dev', folder, jobId: 'j', ...oneWindow(panes) })
  const pane = created.kind === 'created' ? created.ids.panes[0] : undefined
  if (pane === undefined) throw new Error('no pane')
  await expect.poll(() => reader.bytes(), patient).toBe('')
  return { ours, server, folder, reader, pane }
}

const long = Array.from({ length: 300 }, (_, line) => `${line.toString()}: ${'wörd '.repeat(6)}`).join('\n')

describe('a paste', () => {
  test('reaches the program byte by byte, in brackets, and Enter on its own', async () => {
    const { ours, reader, pane, folder, server } = await place()
    const texts = [
      'one line',
      'two\n\n  lines\n',
      '\ttab\tand\ttab',
      'é 進捗 🚀 👩‍👩‍👧 e\u0301 \u202eright to left\u202c',
      'trailing ;',
      ';',
      '\\;',
      '-leading',
      '--',
      '#{pid} #(touch canary) $(touch canary) `touch canary` ~ {} %1 "\' \\',
      'C-c Enter',
      long,
      'x'.repeat(60_000),
    ]
    let all = ''
    for (const text of texts) {
      all += `${pasted(text)}\r`
      await ours.pasteText(pane, text)
      await ours.pressEnter(pane)
      await expect.poll(() => reader.bytes(), patient).toBe(all)
    }
    expect(Buffer.byteLength(long)).toBeGreaterThan(10_000)
    await expect(access(join(folder, 'canary'))).rejects.toThrow()
    expect(await server.tmux('list-buffers')).toBe('')
  })

  test('leaves copy mode and the like', async () => {
    const { ours, reader, pane, server } = await place()
    for (const [text, mode] of [
      ['first', 'copy-mode'],
      ['second', 'clock-mode'],
      ['third', 'choose-tree'],
    ] as const) {
      await server.tmux(mode, '-t', pane)
      expect((await server.tmux('display-message', '-p', '-t', pane, '#{pane_in_mode}')).trim()).toBe('1')
      await ours.pasteText(pane, text)
      expect((await server.tmux('display-message', '-p', '-t', pane, '#{pane_in_mode}')).trim()).toBe('0')
      await server.tmux('copy-mode', '-t', pane)
      await ours.pressEnter(pane)
    }
    await expect
      .poll(() => reader.bytes(), patient)
      .toBe(['first', 'second', 'third'].map((t) => `${pasted(t)}\r`).join(''))
  })

  test('goes to its pane alone, also where panes type together', async () => {
    const { ours, reader, pane, server } = await place()
    await server.tmux('set-option', '-w', '-t', '=shop-dev:', 'synchronize-panes', 'on')
    await ours.pasteText(pane, 'for one')
    await ours.pressEnter(pane)
    await expect.poll(() => reader.bytes(), patient).toBe(`${pasted('for one')}\r`)
    expect((await server.capture('=shop-dev:.1')).trim()).toBe('')
  })

  test('takes no buffer of a person’s away', async () => {
    const { ours, reader, pane, server } = await place()
    await server.tmux('set-buffer', '-b', 'mine', 'what I copied')
    await ours.pasteText(pane, 'text')
    await expect.poll(() => reader.bytes(), patient).toBe(pasted('text'))
    expect(await server.tmux('list-buffers', '-F', '#{buffer_name}')).toBe('mine\n')
  })

  test('into a pane that is gone, or whose program has ended, is an error and leaves no buffer', async () => {
    const { ours, pane, server } = await place()
    await expect(ours.pasteText('%99', 'text')).rejects.toThrow(/paste into the pane %99: can't find pane/)
    await server.tmux('set-option', '-w', '-t', '=shop-dev:', 'remain-on-exit', 'on')
    process.kill(Number(await server.tmux('display-message', '-p', '-t', pane, '#{pane_pid}')), 'SIGKILL')
    const dead = () => server.tmux('display-message', '-p', '-t', pane, '#{pane_dead}')
    await expect.poll(dead, patient).toBe('1\n')
    await expect(ours.pasteText(pane, 'text')).rejects.toThrow(/its program has ended/)
    await expect(ours.pressEnter(pane)).rejects.toThrow(/its program has ended/)
    expect(await server.tmux('list-buffers')).toBe('')
  })
})
