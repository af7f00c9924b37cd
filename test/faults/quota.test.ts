import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeLab } from '../daemon/lab.js'
import { mountWithQuota } from '../support/mount.js'
import { fillDisk, logged, namesIn, patience, readiness, results, send, serve } from './place.js'

it('a used up quota refuses calls, leaves dropped files where they are, says so, and passes', async (test) => {
  const lab = await makeLab()
  await mkdir(lab.home.base)
  const refusal = await mountWithQuota(lab.home.base, join(lab.folder, 'quota.img'), '16M')
  if (refusal !== undefined) test.skip(refusal)
  const daemon = await serve(lab, { changes: { inbox: { quiet_ms: 5000, rescan_ms: 200 } } })
  expect(await readiness(daemon)).toBe(200)
  // Without the end line it is waited for, and so taken when the quota is used up: on Btrfs a rename needs room as well.
  await writeFile(join(lab.home.inbox, 'shop.yaml'), `project_name: shop\nrepo_url: ${lab.repository}\n`)
  const makeRoom = await fillDisk(lab.home.base)
  const refused = await send(daemon, 'store', lab)
  expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '60' } })
  expect(refused.text).toContain('nothing was queued')
  expect(refused.text).toContain('EDQUOT')
  await logged(daemon, /the disk quota is used up \(EDQUOT/)
  await makeRoom()
  await expect.poll(() => readiness(daemon), patience).toBe(200)
  expect(await results(lab, 1)).toMatchObject([{ status: 'created' }])
  expect(await send(daemon, 'store', lab)).toMatchObject({ status: 202 })
  expect(await results(lab, 2)).toMatchObject([{ status: 'created' }, { status: 'created' }])
  expect(await namesIn(lab, 'inbox')).toEqual([])
}, 120_000)
