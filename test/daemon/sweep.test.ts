import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeLab } from './lab.js'

it('what killed processes left half made is gone once the daemon is ready, what others are at stays', async () => {
  const lab = await makeLab()
  const folders = [
    lab.home.control,
    lab.home.mirrors,
    lab.home.sessions,
    join(lab.home.sessions, 'shop-dev'),
    lab.projects,
  ]
  // No process has the first id: proc_sys_kernel(5), pid_max.
  const [left, mine] = ['4194305', process.ppid.toString()].map((pid) => `.devorch-x.${pid}.0123456789ab.tmp`)
  for (const folder of folders) {
    for (const name of [left ?? '', mine ?? '']) {
      await mkdir(join(folder, name, 'half'), { recursive: true })
      await writeFile(join(folder, name, 'half', 'file'), '')
    }
  }
  await writeFile(join(lab.projects, '.notes.4194305.0123456789ab.tmp'), 'mine')
  await lab.start()
  for (const folder of folders) {
    const names = (await readdir(folder)).filter((name) => name.startsWith('.devorch-'))
    expect(names, folder).toEqual([mine])
  }
  expect(await readdir(lab.projects)).toContain('.notes.4194305.0123456789ab.tmp')
})
