import { execFile } from 'node:child_process'
import { access, chmod, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { startLab, type Lab } from '../session/lab.js'
import { privateTmux, type PrivateTmux } from '../support/tmux.js'

/** tmuxp's own example files, unchanged (LICENSE beside them), and the real tmuxp 1.27 of Debian beside us. */
const examples = new URL('examples/', import.meta.url).pathname
const files = (await readdir(examples)).filter((name) => /\.(?:ya?ml|json)$/.test(name)).sort()

const tmuxp = '/usr/bin/tmuxp'
const hasTmuxp = await access(tmuxp).then(
  () => true,
  () => false,
)

/** What real tmuxp 1.27 can't load here: a plugin, a script or an interpreter is missing. */
const notForTmuxp = new Set(['env-variables.yaml', 'pane-shell.yaml', 'plugin-system.yaml'])

/** tmuxp as it is, but for the size of the session: 1.27 has 800x600, which the first client that attaches changes. */
const sized = `
import sys, libtmux.server
original = libtmux.server.Server.new_session
def sized(self, *args, **named):
    named['x'], named['y'] = 220, 50
    return original(self, *args, **named)
libtmux.server.Server.new_session = sized
from tmuxp.cli import cli
cli()
`

/** A session's panes in words that are the same for two of the same making. */
async function panesOf(tmux: PrivateTmux, session: string): Promise<string[]> {
  const format =
    '#{window_index} #{window_name} #{pane_index} #{pane_active} #{pane_current_path} #{pane_current_command}'
  const panes = (await tmux.tmux('list-panes', '-s', '-t', `=${session}`, '-F', format)).trim().split('\n')
  const layouts = (
    await tmux.tmux('list-windows', '-t', `=${session}`, '-F', '#{window_index} #{window_layout}')
  ).trim()
  return [...panes, ...layouts.split('\n').map(withoutIds)].map(sameShell).filter((line) => !isAgents(line))
}

/** The agent's own window stands behind those of the file. */
let agentIndex = ''
function isAgents(line: string): boolean {
  if (/^\d+ agent 0 /.test(line)) agentIndex = line.split(' ')[0] ?? ''
  return line.startsWith(`${agentIndex} agent 0 `) || (agentIndex !== '' && line === `${agentIndex} 220x50,0,0`)
}

function withoutIds(line: string): string {
  return line.replace(/ [0-9a-f]{4},/, ' ').replace(/(\d+x\d+,\d+,\d+),\d+(?![\dx])/g, '$1')
}

/** Where tmuxp's shell waits for the next line, ours may wait for a key, which pane.sh reads; windows are named for it. */
function sameShell(line: string): string {
  return line.replace(/ (?:ba|da)?sh$/, ' shell').replace(/^(\d+) (?:ba|da)?sh /, '$1 shell ')
}

/** A lab whose user's shell has, in place of the programs that the examples start, some that only wait. */
async function labFor(file: string): Promise<Lab> {
  const lab = await startLab({ layout: basename(file, extname(file)) }, { SHELL: '/bin/bash' })
  const { home } = lab.workshop
  await mkdir(home.layouts)
  await copyFile(join(examples, file), join(home.layouts, file))
  const user = join(lab.folder, 'user')
  const stubs = join(user, 'stubs')
  await mkdir(stubs)
  for (const name of ['ssh', 'htop', 'top', 'man', 'tail']) {
    await writeFile(join(stubs, name), '#!/bin/sh\nexec sleep 1000\n')
    await chmod(join(stubs, name), 0o755)
  }
  await writeFile(join(user, '.profile'), `PATH=${stubs}:$PATH\nPS1='$ '\n`)
  return lab
}

const examplesThatLoad = files.filter((file) => !notForTmuxp.has(file))

describe.skipIf(!hasTmuxp)(`beside the real tmuxp (Debian package tmuxp: ${hasTmuxp ? 'there' : 'missing'})`, () => {
  test.each(examplesThatLoad)('%s gives the windows and panes that tmuxp gives', { timeout: 120_000 }, async (file) => {
    const lab = await labFor(file)
    expect(await lab.build()).toMatchObject({ status: 'created', agent: { event: 'started' } })
    const folder = join(lab.folder, 'projects', 'shop')
    await copyFile(join(examples, file), join(folder, file))
    const other = privateTmux()
    const args = ['-c', sized, 'load', '-d', '-y', '-s', 'theirs', '-L', other.socketName, '-f', '/dev/null', file]
    const { PATH, TMUX_TMPDIR, USER } = process.env
    const stubs = join(lab.folder, 'user', 'stubs')
    const variables = {
      PATH: `${stubs}:${PATH ?? ''}`,
      TMUX_TMPDIR,
      USER,
      HOME: join(lab.folder, 'user'),
      SHELL: '/bin/bash',
    }
    await promisify(execFile)('/usr/bin/python3', args, {
      cwd: folder,
      timeout: 60_000,
      env: { ...variables, PWD: folder, LANG: 'C.UTF-8', TERM: 'xterm' },
    })
    agentIndex = ''
    await expect
      .poll(
        async () => {
          const [ours, theirs] = [await panesOf(lab.tmux, 'shop-dev'), await panesOf(other, 'theirs')]
          return JSON.stringify(ours) === JSON.stringify(theirs)
            ? 'equal'
            : `ours:\n${ours.join('\n')}\ntheirs:\n${theirs.join('\n')}`
        },
        { timeout: 20_000, interval: 300 },
      )
      .toBe('equal')
  })
})
