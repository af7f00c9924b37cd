import { rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { homeAt } from '../../src/config/home.js'
import { makeFolders } from '../../src/daemon/assemble.js'
import { publishFigures, readFigures, type Figures } from '../../src/session/figures.js'
import { temporaryFolder } from '../support/temporary.js'

const at = '2026-11-23T07:00:00.000Z'
const figures: Figures = {
  job_id: 'j',
  git: { at, branch: 'main', commit: 'c', subject: 's', committed_at: at, dirty: 1, ahead: null, behind: null },
  processes: { at, count: 2, memory_bytes: 3, cpu: 0.5 },
  disk: { at, bytes: null },
}

test('what was published is read; without a file, or where it is damaged, there are none', async () => {
  const home = homeAt(await temporaryFolder())
  await makeFolders(home)
  expect(await readFigures(home)).toEqual(new Map())
  await publishFigures(home, new Map([['shop-dev', figures]]))
  expect(await readFigures(home)).toEqual(new Map([['shop-dev', figures]]))
  const file = join(home.sessions, 'figures.json')
  for (const text of ['', '{', '[]', 'null', '{"sessions":{"shop-dev":{"job_id":"j","git":7}}}', 'x'.repeat(5e6)]) {
    await writeFile(file, text)
    expect(await readFigures(home)).toEqual(new Map())
  }
  await rm(file)
  await symlink('/dev/zero', file)
  expect(await readFigures(home)).toEqual(new Map())
})
