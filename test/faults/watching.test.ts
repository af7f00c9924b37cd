import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeLab, type Lab } from '../daemon/lab.js'
import { logged, patience, results, serve } from './place.js'

const limits = { timeout: 120_000 }

const jobOf = (lab: Lab, project: string) => `project_name: ${project}\nrepo_url: ${lab.repository}\n...\n`

/**
 * The daemon in a user namespace of its own (user_namespaces(7)), whose limit is nobody else's: namespaces(7),
 * /proc/sys/user.
 */
const limited = (limit: string) => [
  'unshare',
  '--user',
  '--map-root-user',
  'sh',
  '-c',
  `echo 0 > /proc/sys/user/${limit} && exec "$@"`,
  'sh',
]

describe('where inotify has nothing left', limits, () => {
  it.each([
    ['instances', 'max_inotify_instances', 'EMFILE'],
    ['watches', 'max_inotify_watches', 'ENOSPC'],
  ])('(%s), the daemon starts, says so, and takes jobs by looking', async (_, limit, code) => {
    const lab = await makeLab()
    const daemon = await serve(lab, { launcher: limited(limit) })
    await logged(daemon, new RegExp(`watching the inbox failed; the periodic look goes on.*${code}`))
    await lab.drop('shop.yaml', jobOf(lab, 'shop'))
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
  })
})

describe('where events are lost', limits, () => {
  it('every file is found: more are made than the queue of inotify holds while the daemon can not read it', async () => {
    const lab = await makeLab()
    const daemon = await serve(lab)
    process.kill(daemon.pid, 'SIGSTOP')
    try {
      // inotify(7): fs.inotify.max_queued_events is 16384.
      for (let round = 0; round < 40; round += 1) {
        const names = Array.from({ length: 500 }, (_, at) => `${round.toString()}-${at.toString()}.part`)
        await Promise.all(names.map((name) => writeFile(join(lab.home.inbox, name), '')))
      }
      for (let at = 0; at < 60; at += 1) {
        await lab.drop(`job-${at.toString()}.yaml`, `project_name: shop-${at.toString()}\naction: destroy\n...\n`)
      }
    } finally {
      process.kill(daemon.pid, 'SIGCONT')
    }
    await expect.poll(async () => (await lab.jobs('failed')).length, patience).toBe(60)
    const files = (await lab.jobs('failed')).map((job) => (job['origin'] as { address: string }).address)
    expect(new Set(files).size).toBe(60)
    expect(await lab.jobs('inbox')).toEqual([])
  })
})
