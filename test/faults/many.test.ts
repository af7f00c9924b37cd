import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeWorkplace, root } from '../commands/workplace.js'
import { startDaemonProcess } from '../support/daemon-process.js'
import { jobFileFields } from '../support/job-file.js'
import { loopProbe } from '../support/loop-probe.js'
import { makeManyFiles } from '../support/many-files.js'

/** `npm run bench -- --only inbox` does it with 10,000, and asks for the delay of the event loop too. */
const count = 1500
const timeoutMs = 10 * 60_000

test(
  `${count.toString()} files dropped at once are all settled, none twice, in little memory`,
  async () => {
    const place = await makeWorkplace()
    const many = await makeManyFiles(place.home, count)
    const probe = loopProbe(join(place.folder, 'figures.json'))
    const daemon = await startDaemonProcess({
      root,
      home: place.home,
      config: { projects_dir: place.projects, worker: { min_free_memory_mb: 0 } },
      environment: { ...place.environment, ...probe.environment },
    })
    try {
      await many.drop()
      expect(await many.settled(daemon, timeoutMs)).toHaveLength(count)
      const failed = join(place.home, 'state', 'failed')
      const projects = new Set<unknown>()
      for (const name of await readdir(failed)) {
        const fields = jobFileFields(await readFile(join(failed, name)))
        projects.add(fields['project_name'])
        expect(fields['attempts']).toBe(1)
      }
      expect(projects.size).toBe(count)
    } finally {
      await daemon.stop()
    }
    expect((await probe.figures()).peakMemoryMb).toBeLessThan(250)
  },
  timeoutMs + 60_000,
)
