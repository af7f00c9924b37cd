import { execFile } from 'node:child_process'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { makeLab, type Lab } from '../daemon/lab.js'
import { bindMount, mountTmpfs, remount, unmount } from '../support/mount.js'
import { logged, namesIn, oneActive, readiness, results, send, serve, holdProject } from './place.js'

const limits = { timeout: 120_000 }

const jobOf = (lab: Lab, project: string) => `project_name: ${project}\nrepo_url: ${lab.repository}\n...\n`

describe('a start', limits, () => {
  const refusal = /start on .*: inbox\/ and state\/ are not on one filesystem, or are two mounts of it; put both on one/

  it('is refused where the inbox is a disk of its own', async (test) => {
    const lab = await makeLab()
    await mkdir(lab.home.inbox, { recursive: true })
    const refused = await mountTmpfs(lab.home.inbox)
    if (refused !== undefined) test.skip(refused)
    await expect(serve(lab)).rejects.toThrow(refusal)
  })

  it('is refused where inbox and state are two mounts of one disk', async (test) => {
    const lab = await makeLab()
    for (const name of ['inbox', 'state']) {
      const [real, shown] = [join(lab.folder, `disk-${name}`), join(lab.home.base, name)]
      await mkdir(real)
      await mkdir(shown, { recursive: true })
      const refused = await bindMount(real, shown)
      if (refused !== undefined) test.skip(refused)
    }
    await expect(serve(lab)).rejects.toThrow(refusal)
  })

  it('says what is the matter on a read-only disk', async (test) => {
    const lab = await makeLab()
    await (await serve(lab)).stop()
    const refused = await bindMount(lab.home.base, lab.home.base)
    if (refused !== undefined) test.skip(refused)
    await remount(lab.home.base, 'bind,ro')
    const home = { ...lab.environment, DEVORCH_HOME: lab.home.base }
    const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')
    const ended = promisify(execFile)(process.execPath, [main, 'serve'], { env: home, timeout: 20_000 })
    await expect(ended).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /start on .*: the file system is read-only \(EROFS.*; see with dmesg why/,
      ) as string,
    })
  })
})

describe('the inbox of a running daemon', limits, () => {
  it('may be removed and made again', async () => {
    const lab = await makeLab()
    const daemon = await serve(lab)
    await rm(lab.home.inbox, { recursive: true })
    expect(await readiness(daemon)).toBe(503)
    await logged(daemon, /the inbox could not be looked through; it is tried again.*ENOENT/)
    const refused = await send(daemon, 'shop', lab)
    expect(refused).toMatchObject({ status: 503 })
    expect(refused.text).toContain('ENOENT')
    await mkdir(lab.home.inbox)
    expect(await readiness(daemon)).toBe(200)
    await lab.drop('shop.yaml', jobOf(lab, 'shop'))
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
    expect(await send(daemon, 'store', lab)).toMatchObject({ status: 202 })
    expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created' }])
  })

  it('may be moved away and back', async () => {
    const lab = await makeLab()
    const daemon = await serve(lab)
    const away = join(lab.folder, 'away')
    await rename(lab.home.inbox, away)
    expect(await readiness(daemon)).toBe(503)
    await rename(away, lab.home.inbox)
    expect(await readiness(daemon)).toBe(200)
    await lab.drop('shop.yaml', jobOf(lab, 'shop'))
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
  })

  it('may be hidden by another disk, which is told, and come back', async (test) => {
    const lab = await makeLab()
    const daemon = await serve(lab)
    const refused = await mountTmpfs(lab.home.inbox, '16m')
    if (refused !== undefined) test.skip(refused)
    expect(await readiness(daemon)).toBe(503)
    await logged(
      daemon,
      /not ready because="inbox\/ and state\/ are not on one mount any more, so that no job can be taken; unmount/,
    )
    const answer = await send(daemon, 'shop', lab)
    expect(answer).toMatchObject({ status: 503 })
    expect(answer.text).toContain('unmount what was mounted over inbox/')
    expect(await namesIn(lab, 'inbox')).toEqual([])
    const copy = promisify(execFile)
    await copy('cp', [await upload(lab, 'shop'), join(lab.home.inbox, 'shop.yaml')], { timeout: 10_000 })
    await logged(daemon, /take the job file shop\.yaml: two folders are not on one mount any more \(EXDEV/)
    expect(await namesIn(lab, 'inbox')).toEqual(['shop.yaml'])
    await unmount(lab.home.inbox)
    expect(await readiness(daemon)).toBe(200)
    await lab.drop('shop.yaml', jobOf(lab, 'shop'))
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
  })

  /** A job file on the lab's disk. */
  async function upload(lab: Lab, project: string): Promise<string> {
    const folder = join(lab.folder, 'uploads')
    await mkdir(folder)
    await promisify(execFile)('sh', ['-c', 'printf %s "$1" > "$2"', 'sh', jobOf(lab, project), join(folder, project)], {
      timeout: 10_000,
    })
    return join(folder, project)
  }
})

describe('a disk that becomes read-only', limits, () => {
  it('under the home: calls are refused, results wait, and all goes on once it is writable again', async (test) => {
    const lab = await makeLab()
    // The kernel lets no disk become read-only on which a file is open for writing: logs and locks go elsewhere.
    const elsewhere = [lab.home.logs, lab.home.control, lab.home.sessions]
    await mkdir(lab.home.base)
    for (const folder of [lab.home.base, ...elsewhere]) {
      await mkdir(folder, { recursive: true })
      const refused = await mountTmpfs(folder, '24m')
      if (refused !== undefined) test.skip(refused)
    }
    const daemon = await serve(lab)
    const held = await holdProject(lab, 'shop')
    expect(await send(daemon, 'shop', lab, { action: 'destroy' })).toMatchObject({ status: 202 })
    await oneActive(lab)
    await remount(lab.home.base, 'ro')
    await held.release()
    await logged(daemon, /job could not be settled; it is tried again.*EROFS/)
    const answer = await send(daemon, 'store', lab)
    expect(answer).toMatchObject({ status: 503 })
    expect(answer.text).toContain('EROFS')
    expect(await readiness(daemon)).toBe(503)
    await remount(lab.home.base, 'rw')
    expect(await readiness(daemon)).toBe(200)
    expect(await results(lab, 1)).toMatchObject([{ status: 'failed' }])
    expect(await send(daemon, 'store', lab)).toMatchObject({ status: 202 })
    expect((await results(lab, 2)).map(({ status }) => status).sort()).toEqual(['created', 'failed'])
    expect(await namesIn(lab, 'active')).toEqual([])
  })

  it('under the projects: the job is tried again', async (test) => {
    const lab = await makeLab()
    await mkdir(lab.projects)
    const refused = await mountTmpfs(lab.projects, '24m')
    if (refused !== undefined) test.skip(refused)
    const daemon = await serve(lab)
    await remount(lab.projects, 'ro')
    await send(daemon, 'shop', lab)
    await logged(daemon, /attempt failed, will be repeated.*the file system is read-only/i)
    await remount(lab.projects, 'rw')
    expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
    expect(await readdir(lab.projects)).toEqual(['shop'])
  })
})
