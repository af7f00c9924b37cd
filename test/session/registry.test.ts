import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseSessionName, type SessionName } from '../../src/session/name.js'
import { createRegistry, soundRecords } from '../../src/session/registry.js'
import { startLab } from './lab.js'

function nameOf(text: string): SessionName {
  const name = parseSessionName(text)
  if (name === undefined) throw new Error(text)
  return name
}

test('a record that was read is read again where its file is another, and is nobody else’s to change', async () => {
  const lab = await startLab()
  await lab.build()
  const { registry } = lab.workshop.tools
  const name = nameOf('shop-dev')
  const record = await registry.read(name)
  if (record === undefined) throw new Error('no record')
  expect(await registry.read(name)).toEqual(record)
  record.project = 'changed'
  expect(await registry.read(name)).toMatchObject({ project: 'shop' })

  const other = createRegistry(lab.workshop.home.sessions)
  await other.write(name, { ...record, project: 'shop', ended_at: '2026-11-23T00:00:00.000Z' })
  expect(await registry.read(name)).toMatchObject({ ended_at: '2026-11-23T00:00:00.000Z' })
  await writeFile(registry.pathOf(nameOf('damaged-dev')), 'name: [')
  expect(await soundRecords(registry)).toMatchObject([{ name: 'shop-dev' }])
  await writeFile(registry.pathOf(name), 'name: [')
  await expect(registry.read(name)).rejects.toThrow('damaged')
  await rm(registry.pathOf(name))
  expect(await registry.read(name)).toBeUndefined()
})

test('what was parsed is kept for the next process, for as long as the file is the same', async () => {
  const lab = await startLab()
  await lab.build()
  const { home, tools } = lab.workshop
  const name = nameOf('shop-dev')
  const record = await tools.registry.read(name)
  if (record === undefined) throw new Error('no record')
  await tools.registry.keepParsed()
  const file = join(home.sessions, 'parsed.json')
  const text = await readFile(file, 'utf8')
  expect(text).toContain('"project":"shop"')
  // Nothing has been parsed since.
  await rm(file)
  await tools.registry.keepParsed()
  await expect(readFile(file)).rejects.toThrow('ENOENT')

  await writeFile(file, text.replace('"project":"shop"', '"project":"as kept"'))
  expect(await createRegistry(home.sessions).read(name)).toMatchObject({ project: 'as kept' })
  for (const damaged of ['', '{', '[]', '{"a":{"identity":"","value":7}}', text.replace('"project"', '"projekt"')]) {
    await writeFile(file, damaged)
    expect(await createRegistry(home.sessions).read(name)).toEqual(record)
  }
  await writeFile(file, text.replace('"project":"shop"', '"project":"as kept"'))
  await tools.registry.write(name, record)
  const other = createRegistry(home.sessions)
  expect(await other.read(name)).toEqual(record)
  expect(await other.list()).toEqual([name])
  await other.remove(name)
  await other.keepParsed()
  expect(await readFile(file, 'utf8')).toBe('{}\n')
})
