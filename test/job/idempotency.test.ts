import { copyFile, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { claimedPath } from '../../src/job/folders.js'
import { newJobId, type JobId } from '../../src/job/id.js'
import { chosenKey } from '../../src/job/keys.js'
import { createSpool, type Spool } from '../../src/job/spool.js'
import { allFiles, created, failure, httpOrigin, jobText, makeFolders, makeJob } from './place.js'

const key = '2026-11-22-a'
const keyedText = `${jobText}idempotency_key: ${key}\n...\n`
const keyedJob = makeJob('a', { idempotency_key: key })

async function makePlace() {
  const folders = await makeFolders()
  const spool = createSpool(folders)
  const dropFile = (name: string, text = keyedText) => writeFile(join(folders.inbox, name), text)
  const call = (by: Spool = spool) => by.dropOnce(chosenKey(key), keyedJob, httpOrigin)
  return { folders, spool, dropFile, call }
}

async function claim(spool: Spool, name: string) {
  const claimed = await spool.claim(name)
  if (claimed.kind !== 'claimed') throw new Error(claimed.kind)
  return claimed.record
}

/** Ends with one job active, and what the other files became. */
async function repetition(spool: Spool, name: string): Promise<{ id: JobId; of: JobId }> {
  const claimed = await spool.claim(name)
  if (claimed.kind !== 'duplicate') throw new Error(claimed.kind)
  return claimed
}

describe('a dropped file with the key of a job', () => {
  it.each(['active', 'done'])('that is %s is settled as its duplicate, and says so', async (state) => {
    const { folders, spool, dropFile } = await makePlace()
    await dropFile('one.yaml')
    const first = await claim(spool, 'one.yaml')
    if (state === 'done') await spool.settle(first, created)
    await dropFile('two.yaml', `# again\n${keyedText}`)
    const { id, of } = await repetition(spool, 'two.yaml')
    expect(of).toBe(first.id)
    expect(await spool.find(id)).toMatchObject({
      state: 'done',
      attempts: 0,
      file: 'two.yaml',
      result: {
        status: 'duplicate',
        duplicate_of: first.id,
        message: `its idempotency_key led to job ${first.id} before; to have it done again, give it another key or none`,
      },
    })
    expect(await readFile(join(folders.done, `${id}.yaml`), 'utf8')).toMatch(/^# again\n/)
    expect(await allFiles(folders)).toEqual([`${state}/${first.id}.yaml`, `done/${id}.yaml`].sort())
  })

  it('that is queued leaves the work to it', async () => {
    const { spool, dropFile, call } = await makePlace()
    const { id } = await call()
    await dropFile('one.yaml')
    expect(await repetition(spool, 'one.yaml')).toMatchObject({ of: id })
    expect(await claim(spool, `${id}.yaml`)).toMatchObject({ id })
  })

  it('that is queued is a duplicate also as a copy of its record, whatever its name', async () => {
    const { folders, spool, call } = await makePlace()
    const { id } = await call()
    await copyFile(join(folders.inbox, `${id}.yaml`), join(folders.inbox, 'copy.yaml'))
    await claim(spool, `${id}.yaml`)
    await copyFile(join(folders.inbox, 'copy.yaml'), join(folders.inbox, `${id}.yaml`))
    expect(await repetition(spool, `${id}.yaml`)).toMatchObject({ of: id })
    expect(await repetition(spool, 'copy.yaml')).toMatchObject({ of: id })
  })

  it('that has failed is a new attempt, which counts from then on', async () => {
    const { spool, dropFile, call } = await makePlace()
    await dropFile('one.yaml')
    await spool.settle(await claim(spool, 'one.yaml'), failure)
    await dropFile('two.yaml')
    const second = await claim(spool, 'two.yaml')
    expect(await call()).toEqual({ id: second.id, duplicate: true })
  })

  it('is a job of its own where its key is another one, or that of a delivery', async () => {
    const { spool, dropFile } = await makePlace()
    await spool.dropOnce(`delivery:${key}`, makeJob(), httpOrigin)
    await dropFile('one.yaml')
    expect(await spool.claim('one.yaml')).toMatchObject({ kind: 'claimed' })
    await dropFile('two.yaml', keyedText.replace(key, 'another'))
    expect(await spool.claim('two.yaml')).toMatchObject({ kind: 'claimed' })
  })
})

describe('the key of a dropped file', () => {
  it('is known to calls, also after a restart', async () => {
    const { folders, spool, dropFile, call } = await makePlace()
    await dropFile('one.yaml')
    const first = await claim(spool, 'one.yaml')
    expect(await call()).toEqual({ id: first.id, duplicate: true })
    await spool.settle(first, created)
    const next = createSpool(folders)
    expect(await call(next)).toEqual({ id: first.id, duplicate: true })
    await dropFile('two.yaml')
    expect(await repetition(next, 'two.yaml')).toMatchObject({ of: first.id })
    // The repetition does not stand for the key.
    expect(await call(createSpool(folders))).toEqual({ id: first.id, duplicate: true })
  })

  it('leads to one job where a call and several files come at once, from several processes', async () => {
    for (let round = 0; round < 20; round++) {
      const { folders, spool, dropFile, call } = await makePlace()
      const submit = createSpool(folders)
      const names = ['a.yaml', 'b.yaml']
      for (const name of names) await dropFile(name)
      const [first, second] = await Promise.all([
        call(),
        call(submit),
        (async () => {
          for (const name of names) await spool.claim(name)
        })(),
      ])
      // Whatever was queued besides is claimed in turn, as the worker does.
      for (const id of await spool.list('queued')) await spool.claim(`${id}.yaml`)
      const active = await spool.list('active')
      expect(active, `of ${first.id} and ${second.id}`).toHaveLength(1)
      const done = await Promise.all((await spool.list('done')).map((id) => spool.find(id)))
      expect(
        new Set(done.map((job) => (job?.result?.status === 'duplicate' ? job.result.duplicate_of : undefined))),
      ).toEqual(new Set(active))
      expect(done.length).toBeGreaterThanOrEqual(1)
    }
  })

  it('tells a caller who waits for a job that another one of the key was begun before', async () => {
    const { folders, spool, dropFile, call } = await makePlace()
    // The daemon knows its keys by now, and another process queues a job behind its back.
    await spool.dropOnce(chosenKey('other'), makeJob('b'), httpOrigin)
    const { id } = await call(createSpool(folders))
    const waiting = spool.whenSettled(id, new AbortController().signal)
    await dropFile('one.yaml')
    const first = await claim(spool, 'one.yaml')
    expect(await repetition(spool, `${id}.yaml`)).toMatchObject({ id, of: first.id })
    expect(await waiting).toMatchObject({ state: 'done', result: { status: 'duplicate', duplicate_of: first.id } })
    expect(await call()).toEqual({ id: first.id, duplicate: true })
    expect(await call(createSpool(folders))).toEqual({ id: first.id, duplicate: true })
  })

  it('is kept by a job that is tried again, which is no duplicate', async () => {
    const { folders, spool, dropFile, call } = await makePlace()
    await dropFile('one.yaml')
    const first = await claim(spool, 'one.yaml')
    await spool.settle(first, created)
    await copyFile(join(folders.done, `${first.id}.yaml`), join(folders.inbox, `${first.id}.yaml`))
    const again = await claim(spool, `${first.id}.yaml`)
    expect(again).toMatchObject({ retryOf: first.id })
    await spool.settle(again, failure)
    // The first one stands all the same.
    expect(await call(createSpool(folders))).toEqual({ id: first.id, duplicate: true })
    await rename(join(folders.failed, `${again.id}.yaml`), join(folders.inbox, 'once more.yaml'))
    expect(await claim(spool, 'once more.yaml')).toMatchObject({ retryOf: again.id })
  })
})

describe('cut off', () => {
  it('between its rename and its record, the first of its key is known to calls after the next start', async () => {
    const { folders, call } = await makePlace()
    const { id } = await call()
    await rename(join(folders.inbox, `${id}.yaml`), claimedPath(folders, id, `${id}.yaml`))
    const next = createSpool(folders)
    expect((await next.recover()).interrupted).toMatchObject([{ id }])
    expect(await call(next)).toEqual({ id, duplicate: true })
  })

  it('between its rename and its record, a file with a known key becomes a duplicate at the next start', async () => {
    const { folders, spool, dropFile } = await makePlace()
    await dropFile('one.yaml')
    const first = await claim(spool, 'one.yaml')
    const id = newJobId('two', new Date())
    await writeFile(claimedPath(folders, id, 'two.yaml'), keyedText)
    const { interrupted } = await createSpool(folders).recover()
    expect(interrupted.map((record) => record.id)).toEqual([first.id])
    expect(await allFiles(folders)).toEqual([`active/${first.id}.yaml`, `done/${id}.yaml`])
  })

  it('after its result was published, it goes on to done', async () => {
    const { folders, spool, dropFile } = await makePlace()
    await dropFile('one.yaml')
    await spool.settle(await claim(spool, 'one.yaml'), created)
    await dropFile('two.yaml')
    const { id } = await repetition(spool, 'two.yaml')
    await rename(join(folders.done, `${id}.yaml`), join(folders.active, `${id}.yaml`))
    expect((await createSpool(folders).recover()).interrupted).toEqual([])
    expect(await createSpool(folders).find(id)).toMatchObject({ state: 'done', result: { status: 'duplicate' } })
  })
})
