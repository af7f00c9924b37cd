import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DaemonProcess } from './daemon-process.js'

/** Many job files that lie beside an inbox, ready to be moved into it. */
export interface ManyFiles {
  /** Moves all of them into the inbox, as fast as renames go. */
  drop(): Promise<void>
  /**
   * Resolves once none is left in the inbox or active. @throws after `timeoutMs`, or where the daemon has ended
   * @returns the names of the records in done/ and failed/
   */
  settled(daemon: Pick<DaemonProcess, 'pid' | 'log'>, timeoutMs: number): Promise<string[]>
}

/**
 * Jobs that need no tmux: each ends a session that does not stand, so that it goes all the way of a job, through the
 * lock of its project, to failed/ with that reason.
 */
export async function makeManyFiles(home: string, count: number): Promise<ManyFiles> {
  const [beside, inbox] = [join(home, 'upload'), join(home, 'inbox')]
  await mkdir(beside, { recursive: true })
  await mkdir(inbox, { recursive: true })
  const projects = Array.from({ length: count }, (_, index) => `many-${index.toString()}`)
  for (const project of projects) {
    await writeFile(join(beside, `${project}.yaml`), `project_name: ${project}\naction: destroy\n...\n`)
  }
  const records = async (state: string) =>
    (await readdir(join(home, 'state', state))).filter((name) => /^[^.].*\.yaml$/.test(name))
  return {
    async drop() {
      for (const project of projects) await rename(join(beside, `${project}.yaml`), join(inbox, `${project}.yaml`))
    },
    async settled(daemon, timeoutMs) {
      const until = performance.now() + timeoutMs
      for (;;) {
        const left = (await readdir(inbox)).length + (await records('active')).length
        if (left === 0) return [...(await records('done')), ...(await records('failed'))]
        if (performance.now() > until)
          throw new Error(`${left.toString()} files are left:\n${daemon.log().slice(-2000)}`)
        process.kill(daemon.pid, 0)
        await sleep(200)
      }
    },
  }
}
