import { randomBytes } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makeLab, panesOf, type Lab } from '../daemon/lab.js'
import { httpCall } from '../support/http-call.js'
import { mountTmpfs, remount } from '../support/mount.js'
import { commitFiles } from '../support/repositories.js'
import {
  fillDisk,
  fillInodes,
  halfClones,
  holdProject,
  logged,
  namesIn,
  oneActive,
  patience,
  preparedDrop,
  readiness,
  results,
  send,
  serve,
} from './place.js'

const limits = { timeout: 120_000 }

/** Waits until a mirror stands, and none is being made. */
async function oneMirror(lab: Lab): Promise<void> {
  const folders = async () => (await readdir(lab.home.mirrors)).filter((name) => !name.endsWith('.lock')).join(' ')
  await expect.poll(folders, patience).toMatch(/^[^. ][^ ]*\.git$/)
}

/** A lab whose home is a small disk of its own. */
async function labOnSmallDisk(skip: (reason: string) => never, size = '24m'): Promise<Lab> {
  const lab = await makeLab()
  await mkdir(lab.home.base)
  const refusal = await mountTmpfs(lab.home.base, size)
  return refusal === undefined ? lab : skip(refusal)
}

describe('a full disk under the home', limits, () => {
  it('refuses calls, is not ready, leaves nothing half-written, and recovers by itself', async (test) => {
    const lab = await labOnSmallDisk(test.skip)
    const daemon = await serve(lab)
    expect(await readiness(daemon)).toBe(200)
    const makeRoom = await fillDisk(lab.home.base)
    const refused = await send(daemon, 'shop', lab)
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '60' } })
    expect(refused.text).toContain('nothing was queued')
    expect(refused.text).toContain('ENOSPC')
    expect(await namesIn(lab, 'inbox')).toEqual([])
    expect(await readiness(daemon)).toBe(503)
    await logged(daemon, /not ready because="the disk of the inbox is full/)
    await makeRoom()
    expect(await readiness(daemon)).toBe(200)
    expect(await send(daemon, 'shop', lab)).toMatchObject({ status: 202 })
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
  })

  it('leaves a dropped file in the inbox until it can be claimed', async (test) => {
    const lab = await labOnSmallDisk(test.skip)
    const daemon = await serve(lab)
    const first = await preparedDrop(lab, 'shop.yaml', `project_name: shop\nrepo_url: ${lab.repository}\n...\n`)
    const second = await preparedDrop(lab, 'store.yaml', `project_name: store\nrepo_url: ${lab.repository}\n...\n`)
    const makeRoom = await fillDisk(lab.home.base)
    await first.drop()
    await second.drop()
    await logged(daemon, /take the job file shop\.yaml: the disk is full \(ENOSPC.*\); free some space/)
    // Tried again: the file went to active/ and came back each time.
    const linesOf = () => daemon.log().split('take the job file').length - 1
    await expect.poll(linesOf, patience).toBeGreaterThan(2)
    await expect.poll(() => namesIn(lab, 'inbox'), patience).toEqual(['shop.yaml', 'store.yaml'])
    expect((await namesIn(lab, 'active')).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await makeRoom()
    expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created' }])
    for (const state of ['inbox', 'active'] as const) expect(await namesIn(lab, state)).toEqual([])
  })

  it('keeps a result that can not be written, and settles the job once there is room, without a restart', async (test) => {
    const lab = await labOnSmallDisk(test.skip)
    const daemon = await serve(lab)
    const held = await holdProject(lab, 'shop')
    const sent = await send(daemon, 'shop', lab, { action: 'destroy' })
    expect(sent).toMatchObject({ status: 202 })
    const { job_id: id } = sent.json as { job_id: string }
    await expect.poll(() => namesIn(lab, 'active'), patience).toEqual([`${id}.yaml`])
    const makeRoom = await fillDisk(lab.home.base)
    await held.release()
    await logged(daemon, /job could not be settled; it is tried again.*ENOSPC/)
    expect(await namesIn(lab, 'active')).toEqual([`${id}.yaml`])
    await makeRoom()
    const [result] = await results(lab, 1)
    expect(result).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/no such session/) as string },
    })
    expect(await httpCall(`${daemon.url}/jobs/${id}`)).toMatchObject({ json: { state: 'failed', attempts: 1 } })
    expect(await namesIn(lab, 'active')).toEqual([])
  })

  it('is the reason to try a job again that was in the middle of its work', async (test) => {
    const lab = await labOnSmallDisk(test.skip)
    const daemon = await serve(lab)
    const held = await holdProject(lab, 'shop')
    await send(daemon, 'shop', lab)
    await oneActive(lab)
    // Half a mirror would be removed with the attempt, and leave room to note it.
    await oneMirror(lab)
    const makeRoom = await fillDisk(lab.home.base)
    await held.release()
    await logged(daemon, /attempt failed, will be repeated.*the disk is full/)
    await logged(daemon, /attempt could not be noted; it is tried again/)
    expect(await halfClones(lab)).toEqual([])
    await makeRoom()
    expect(await results(lab, 1)).toMatchObject([{ status: 'created', attempts: 2 }])
    expect(await panesOf(lab, 'shop-dev')).toHaveLength(4)
  })

  it('may also be one that has no room for a further file', async (test) => {
    const lab = await labOnSmallDisk(test.skip, '24m,nr_inodes=300')
    const daemon = await serve(lab)
    const makeRoom = await fillInodes(lab.home.base)
    expect(await send(daemon, 'shop', lab)).toMatchObject({ status: 503 })
    expect(await readiness(daemon)).toBe(503)
    await logged(daemon, /not ready because="the disk of the inbox has room for 0 more files only"/)
    expect(await namesIn(lab, 'inbox')).toEqual([])
    await makeRoom()
    expect(await send(daemon, 'shop', lab)).toMatchObject({ status: 202 })
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
  })
})

describe('a full disk under the projects', limits, () => {
  async function labWithSmallProjects(skip: (reason: string) => never): Promise<Lab> {
    const lab = await makeLab()
    await mkdir(lab.projects)
    const refusal = await mountTmpfs(lab.projects, '2m')
    if (refusal !== undefined) skip(refusal)
    // Random bytes, which git can't make smaller.
    await commitFiles(lab.repository, { 'large.txt': randomBytes(3 * 1024 * 1024).toString('base64') })
    return lab
  }

  it('fails the job with a clear word, and no half clone stays', async (test) => {
    const lab = await labWithSmallProjects(test.skip)
    const daemon = await serve(lab, { changes: { worker: { min_free_memory_mb: 0, attempts: 2 } } })
    await send(daemon, 'shop', lab)
    const [result] = await results(lab, 1)
    expect(result).toMatchObject({
      status: 'failed',
      error: { message: expect.stringMatching(/^clone .*: the disk is full; free some space/) as string },
    })
    await logged(daemon, /attempt failed, will be repeated attempt=1|attempt failed, will be repeated.* attempt=1/)
    expect(await readdir(lab.projects)).toEqual([])
    expect((await readdir(lab.home.mirrors)).filter((name) => name.endsWith('.new'))).toEqual([])
    // The daemon goes on, with what fits.
    await send(daemon, 'nothing', lab, { action: 'destroy' })
    expect(await results(lab, 2)).toMatchObject([{ status: 'failed' }, { status: 'failed' }])
  })

  it('is overcome by a further attempt once there is room', async (test) => {
    const lab = await labWithSmallProjects(test.skip)
    const daemon = await serve(lab)
    await send(daemon, 'shop', lab)
    await logged(daemon, /attempt failed, will be repeated.*the disk is full/)
    await remount(lab.projects, 'size=64m')
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
    expect((await readdir(join(lab.projects, 'shop'))).sort()).toEqual([
      '.git',
      'PROGRESS_TRACKER.md',
      'README.md',
      'large.txt',
    ])
    expect(await halfClones(lab)).toEqual([])
  })
})

describe('a full disk under the logs', limits, () => {
  it('costs the log files, nothing else', async (test) => {
    const lab = await makeLab()
    await mkdir(lab.home.logs, { recursive: true })
    const refusal = await mountTmpfs(lab.home.logs, '64k')
    if (refusal !== undefined) test.skip(refusal)
    const daemon = await serve(lab)
    await fillDisk(lab.home.logs)
    for (const project of ['a', 'b', 'c']) expect(await send(daemon, project, lab)).toMatchObject({ status: 202 })
    expect(await results(lab, 3)).toMatchObject(Array(3).fill({ status: 'created' }))
    // What is left of the file's last block takes some lines more.
    for (let call = 0; call < 60; call += 1) expect(await readiness(daemon)).toBe(200)
    await logged(daemon, /log files can not be written; tried again later.*ENOSPC/)
    expect(await readiness(daemon)).toBe(200)
  })
})
