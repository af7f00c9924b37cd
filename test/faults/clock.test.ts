import { existsSync } from 'node:fs'
import { readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createInbox } from '../../src/job/inbox.js'
import { parseJobId } from '../../src/job/id.js'
import { createSpool } from '../../src/job/spool.js'
import { makeLab, type Lab } from '../daemon/lab.js'
import { temporaryFolder } from '../support/temporary.js'
import { created, failure, httpOrigin, makeFolders, makeJob } from '../job/place.js'
import { holdProject, logged, patience, results, send, serve } from './place.js'

const limits = { timeout: 120_000 }
const dayS = 86_400

const library = ['x86_64', 'aarch64']
  .map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path))

/** A clock that the test sets, by libfaketime 0.9.10, for the daemon alone: what a file's mtime tells stays real. */
async function movableClock(
  lab: Lab,
): Promise<{ environment: Record<string, string>; set: (offsetS: number) => Promise<void> }> {
  const file = join(lab.folder, 'offset')
  const set = async (offsetS: number) => {
    // Renamed, so that it is never read half-written.
    await writeFile(`${file}.new`, offsetS < 0 ? offsetS.toString() : `+${offsetS.toString()}`)
    await rename(`${file}.new`, file)
  }
  await set(0)
  return {
    set,
    environment: {
      LD_PRELOAD: library ?? '',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      // As clock_settime(2): CLOCK_MONOTONIC is not affected by it.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  }
}

/** Seconds of processor time that a process has used so far (proc_pid_stat(5): utime and stime, in ticks of 10 ms). */
async function processorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid.toString()}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

describe.skipIf(library === undefined)('a clock that is set by a day (needs the package faketime)', limits, () => {
  it.each([
    ['forth', dayS],
    ['back', -dayS],
  ])('%s while a file waits and a job is to be repeated: neither early, nor late, nor busy', async (_, offsetS) => {
    const lab = await makeLab()
    const clock = await movableClock(lab)
    const quietMs = 6000
    const daemon = await serve(lab, {
      environment: clock.environment,
      changes: { inbox: { quiet_ms: quietMs, rescan_ms: 500 } },
    })
    const missing = join(lab.folder, 'later')
    const repository = `file://${missing}`
    await send(daemon, 'later', lab, { repo_url: repository })
    const droppedMs = performance.now()
    await lab.drop('quiet.yaml', `project_name: quiet\nrepo_url: ${lab.repository}\n`)
    const held = await holdProject(lab, 'third')
    await clock.set(offsetS)
    const stamped = await send(daemon, 'third', lab)
    expect(stamped).toMatchObject({ status: 202 })
    // The clock of the daemon has really been set.
    const { job_id: id } = stamped.json as { job_id: string }
    const day = new Date(Date.now() + offsetS * 1000).toISOString().slice(0, 10).replaceAll('-', '')
    expect(id.slice(0, 8)).toBe(day)
    const usedBefore = await processorSeconds(daemon.pid)
    await expect.poll(async () => (await lab.jobs('done')).length, patience).toBe(1)
    expect(performance.now() - droppedMs).toBeGreaterThan(quietMs - 100)
    expect((await lab.jobs('done'))[0]).toMatchObject({ project_name: 'quiet' })
    // A loop without a pause would have used all of the time.
    expect((await processorSeconds(daemon.pid)) - usedBefore).toBeLessThan(4)
    await held.release()
    const ends = await results(lab, 3)
    expect(ends.map(({ status }) => status).sort()).toEqual(['created', 'created', 'failed'])
    // And set right again, with jobs under way.
    await send(daemon, 'fourth', lab)
    await clock.set(0)
    await results(lab, 4)
    expect(await readdir(lab.home.inbox)).toEqual([])
    expect(await readdir(lab.home.active)).toEqual([])
  })

  it('back, between a failure and its repetition, does not make two jobs of one key', async () => {
    const lab = await makeLab()
    const clock = await movableClock(lab)
    const key = { idempotency_key: 'once' }
    const daemon = await serve(lab, { environment: clock.environment })
    await send(daemon, 'shop', lab, { ...key, repo_url: `file://${join(lab.folder, 'missing')}` })
    await logged(daemon, /job failed/)
    await clock.set(-dayS)
    expect(await send(daemon, 'shop', lab, key)).toMatchObject({ status: 202 })
    await expect.poll(async () => (await lab.jobs('done')).length, patience).toBe(1)
    await daemon.stop()
    const next = await serve(lab, { environment: clock.environment })
    const [name = ''] = await readdir(lab.home.done)
    expect(await send(next, 'shop', lab, key)).toMatchObject({
      status: 200,
      json: { status: 'duplicate', job_id: parseJobId(name.replace(/\.yaml$/, '')) },
    })
  })
})

describe('the memory of keys', () => {
  it('knows the job that stands, though its id is older than that of one which failed', async () => {
    const folders = await makeFolders()
    let at = new Date('2026-11-22T10:00:00.000Z')
    const spool = createSpool(folders, () => at)
    const first = await spool.dropOnce('k', makeJob(), httpOrigin)
    const claim = await spool.claim(`${first.id}.yaml`)
    if (claim.kind !== 'claimed') throw new Error(claim.kind)
    await spool.settle(claim.record, failure)
    at = new Date('2026-11-21T10:00:00.000Z')
    const second = await spool.dropOnce('k', makeJob(), httpOrigin)
    expect(second.duplicate).toBe(false)
    const again = await spool.claim(`${second.id}.yaml`)
    if (again.kind !== 'claimed') throw new Error(again.kind)
    await spool.settle(again.record, created)
    // After a restart the folders are all that is known.
    expect(await createSpool(folders, () => at).dropOnce('k', makeJob(), httpOrigin)).toEqual({
      id: second.id,
      duplicate: true,
    })
  })
})

describe('the order of the inbox', () => {
  it('is that of coming, also where a later file bears an earlier time', async () => {
    const folder = await temporaryFolder()
    const inbox = createInbox({ folder, quietMs: 0, requireEndMarker: false, monotonicMs: () => performance.now() })
    await writeFile(join(folder, 'b.yaml'), '...\n')
    await inbox.scan()
    await writeFile(join(folder, 'a.yaml'), '...\n')
    const yesterday = new Date(Date.now() - dayS * 1000)
    await utimes(join(folder, 'a.yaml'), yesterday, yesterday)
    expect((await inbox.scan()).map(({ name }) => name)).toEqual(['b.yaml', 'a.yaml'])
  })
})
