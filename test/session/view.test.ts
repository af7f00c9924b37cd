import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import { viewSession, viewSessions } from '../../src/session/view.js'
import { startLab } from './lab.js'

function nameOf(text: string): SessionName {
  const name = parseSessionName(text)
  if (name === undefined) throw new Error(text)
  return name
}

describe('the view of a session', () => {
  test('tells what its agent does and what its panes run', async () => {
    const lab = await startLab()
    await lab.build()
    expect(await viewSessions(lab.workshop.tools)).toMatchObject([
      {
        name: 'shop-dev',
        project: 'shop',
        session: 'standing',
        agent: { name: 'cat', status: 'working' },
        panes: [{ role: 'agent' }, { role: 'terminal' }, { role: 'files' }, { role: 'apps' }],
      },
    ])
  })

  test('says gone when the session was ended from outside', async () => {
    const lab = await startLab()
    await lab.build()
    await lab.tmux.tmux('kill-server')
    await expect
      .poll(() => viewSession(nameOf('shop-dev'), lab.workshop.tools))
      .toMatchObject({ session: 'gone', agent: { status: 'exited' }, panes: [] })
  })

  test('says ended when its record does, until it stands again', async () => {
    const lab = await startLab()
    const { tools } = lab.workshop
    await lab.build()
    const record = await tools.registry.read(nameOf('shop-dev'))
    if (record === undefined) throw new Error('no record')
    await tools.registry.write(nameOf('shop-dev'), { ...record, ended_at: '2026-11-23T00:00:00.000Z' })
    expect(await viewSession(nameOf('shop-dev'), tools)).toMatchObject({ session: 'standing', ended_at: null })
    await lab.tmux.tmux('kill-server')
    await expect
      .poll(() => viewSession(nameOf('shop-dev'), tools))
      .toMatchObject({ session: 'ended', ended_at: '2026-11-23T00:00:00.000Z', panes: [] })
  })

  test('says unknown, not gone, when tmux gives no answer', async () => {
    const lab = await startLab()
    await lab.build()
    const tmux = {
      ...lab.workshop.tools.tmux,
      listPanes: () => Promise.resolve({ kind: 'unknown', because: 'slow' } as const),
    }
    expect(await viewSession(nameOf('shop-dev'), { ...lab.workshop.tools, tmux })).toMatchObject({
      session: 'unknown',
      agent: { status: 'unknown' },
    })
  })

  test('does not count a person’s session that took the name', async () => {
    const lab = await startLab()
    await lab.build()
    await lab.tmux.tmux('new-session', '-d', '-s', 'keep', 'cat')
    await lab.tmux.tmux('kill-session', '-t', '=shop-dev')
    await lab.tmux.tmux('new-session', '-d', '-s', 'shop-dev', 'cat')
    expect(await viewSession(nameOf('shop-dev'), lab.workshop.tools)).toMatchObject({ session: 'gone', panes: [] })
  })
})

test('a damaged record does not hide the other sessions', async () => {
  const lab = await startLab()
  await lab.build()
  await writeFile(join(lab.workshop.home.sessions, 'shop-2-dev.yaml'), 'name: [')
  expect(await viewSessions(lab.workshop.tools)).toMatchObject([{ name: 'shop-dev' }])
  await expect(viewSession(nameOf('shop-2-dev'), lab.workshop.tools)).rejects.toThrow(/shop-2-dev\.yaml is damaged/)
})
