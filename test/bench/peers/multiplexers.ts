import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bench } from '../row.js'
import { isInstalled } from './installed.js'

/** A program that makes a session of a file, with the same four panes. */
export interface Multiplexer {
  readonly who: string
  readonly isThere: boolean
  /** What a person does to have it. */
  readonly remedy: string
  /** Writes the file for a session, and gives the program with its arguments. */
  prepare(session: string, folder: string): Promise<readonly string[]>
}

/** Detached, on the private socket. Both programs read JSON as the YAML that it is. */
export async function multiplexers(bench: Bench, socketName: string): Promise<readonly Multiplexer[]> {
  const write = async (session: string, ending: string, content: unknown) => {
    const file = join(bench.folder, `${session}.${ending}`)
    await writeFile(file, JSON.stringify(content))
    return file
  }
  const name = 'dev'
  const commands = ['cat', null, 'ranger', null]
  return [
    {
      who: 'tmuxp load -d',
      isThere: await isInstalled('tmuxp', bench.environment),
      remedy: 'apt-get install tmuxp',
      async prepare(session, folder) {
        const windows = [{ window_name: name, layout: 'main-vertical', panes: commands }]
        const file = await write(session, 'json', { session_name: session, start_directory: folder, windows })
        return ['tmuxp', 'load', '-d', '-y', '-L', socketName, file]
      },
    },
    {
      who: 'tmuxinator start',
      isThere: await isInstalled('tmuxinator', bench.environment),
      remedy: 'apt-get install tmuxinator',
      async prepare(session, folder) {
        const windows = [{ [name]: { layout: 'main-vertical', panes: commands } }]
        const content = { name: session, root: folder, socket_name: socketName, attach: false, windows }
        return ['tmuxinator', 'start', `--project-config=${await write(session, 'yml', content)}`, '--no-attach']
      },
    },
  ]
}
